//! Comment links of the version that knew only nodes get their items.

use super::make;
use crate::db::{DbOptions, NoFaults};
use crate::host::{self, HostStore};
use serde_json::json;
use tempfile::TempDir;
use twinline_core::comments::CommentLink;
use twinline_core::effect::Effect;

/// The rows of a file of version 4, besides the fixture's twin `l1` of gh/1 and jira/10 in the cluster `r1`.
struct Before {
    sql: String,
}

impl Before {
    fn item(mut self, root: &str, node: &str, id: &str) -> Self {
        self.sql += &format!(
            "INSERT INTO items VALUES ('{node}', '{id}', 'k', 'u', '{{}}', '{root}', '{{}}', 1, 'local', 1, 2);\n"
        );
        self
    }

    fn twin(mut self, link: &str, root: &str, left: &str, right: &str) -> Self {
        self.sql += &format!(
            "INSERT INTO twins VALUES ('{link}', 'c', '{root}', 'gh', '{left}', 'jira', '{right}', 'left', 0, 'live', \
             NULL, NULL, 7, NULL, NULL, '{{}}', 1, 8, 'local', 1, 2, '{{}}');\n"
        );
        self
    }

    /// The last common state of a twin's right item shows this comment.
    fn shows(mut self, link: &str, id: &str, comment: &str) -> Self {
        let item = json!({"reference": {"item": {"node": "jira", "id": id}}, "comments": [{"id": comment}]});
        self.sql += &format!(
            "INSERT INTO observations VALUES ('o{link}', '{item}', 1, 'local', 1, 2);\n\
             INSERT INTO bases VALUES ('{link}', 'right', 'o{link}', 1, '{{}}', '[]', '{{}}', '[]', 'local', 1, 2);\n"
        );
        self
    }

    /// A mirror of `origin` as `node comment`, from a parent on `parent`.
    fn link(mut self, root: &str, origin: &str, mirror: &str, parent: &str) -> Self {
        let pair = |text: &str| text.replace(' ', "', '");
        let (origin, mirror) = (pair(origin), pair(mirror));
        self.sql += &format!(
            "INSERT INTO comment_links VALUES \
             ('{root}', '{origin}', '{mirror}', '{parent}', 'd', 'live', 'local', 1, 2);\n"
        );
        self
    }

    /// A comment of the twin `l1` whose outcome is not known.
    fn adding(mut self, root: &str, origin: &str, comment: &str) -> Self {
        let link = json!({"root": root, "origin": {"node": origin, "comment": comment}, "node": "jira", "comment": "",
            "parent": "gh", "revision": "d", "state": "live"});
        let planned = json!({"side": "right", "fields": {}, "sent": {}, "comment": {"links": [link]},
            "effect": {"effect": "add_comment", "item": {"node": "jira", "id": "10"}, "channel": "public",
                "body": [], "marker": {"root": root, "link": "k"}}});
        let valid_for = json!({"observations": {"left": null, "right": null}, "bases": {"left": null, "right": null},
            "twin": "d", "rule_version": 1});
        self.sql += &format!(
            "INSERT INTO effects VALUES ('e{comment}', 'l1', 'bugs', 'jira', '', '10', 0, '{planned}', '{valid_for}', 1, \
             'unknown', NULL, NULL, 0, 1, 1, NULL, 1, NULL, 'local', 1, 2);\n"
        );
        self
    }

    async fn open(self, folder: &TempDir) -> HostStore {
        let path = folder.path().join("host.db");
        let fixture = include_str!("../fixtures/host-4.sql");
        make(&path, &host::SCHEMA, 4, &format!("{fixture}{}", self.sql));
        HostStore::open(&path, DbOptions::inline(NoFaults), "acme")
            .await
            .unwrap()
    }
}

const BEFORE: Before = Before { sql: String::new() };

fn shown(links: &[CommentLink]) -> Vec<String> {
    let text = |link: &CommentLink| {
        let (origin, state) = (&link.origin, link.state);
        format!(
            "{}#{} at {}#{} from {} {state:?}",
            origin.item, origin.comment, link.item, link.comment, link.parent
        )
    };
    links.iter().map(text).collect()
}

async fn check(before: Before, root: &str, expected: &[&str]) {
    let folder = TempDir::new().unwrap();
    let store = before.open(&folder).await;
    let root = root.into();
    let links = store.read(move |read| read.comment_links(&root)).await;
    assert_eq!(shown(&links.unwrap()), expected);
}

/// Two items on jira, `20` and `21`, in one cluster with gh/2.
fn fork() -> Before {
    BEFORE
        .item("r2", "gh", "2")
        .item("r2", "jira", "20")
        .item("r2", "jira", "21")
        .twin("l2", "r2", "2", "20")
        .twin("l3", "r2", "2", "21")
}

#[tokio::test]
async fn the_only_item_of_a_node_is_where_the_comment_stands() {
    let chain = BEFORE
        .item("r1", "gh", "1")
        .item("r1", "jira", "10")
        .item("r1", "redmine", "5")
        .item("r9", "gh", "9")
        .link("r1", "gh 7", "jira 70", "gh")
        .link("r1", "gh 7", "redmine 71", "jira");
    let expected = [
        "gh/1#7 at jira/10#70 from gh/1 Live",
        "gh/1#7 at redmine/5#71 from jira/10 Live",
    ];
    check(chain, "r1", &expected).await;
}

#[tokio::test]
async fn a_twin_remembers_where_an_item_that_has_left_was() {
    let left = BEFORE.link("r1", "gh 7", "jira 70", "gh");
    check(left, "r1", &["gh/1#7 at jira/10#70 from gh/1 Live"]).await;
}

#[tokio::test]
async fn a_mirror_on_one_of_two_items_is_looked_for_on_both() {
    let before = fork().link("r2", "gh 7", "jira 70", "gh");
    let expected = [
        "gh/2#7 at jira/20#70 from gh/2 Live",
        "gh/2#7 at jira/21#70 from gh/2 Live",
    ];
    check(before, "r2", &expected).await;
}

#[tokio::test]
async fn an_original_on_one_of_two_items_is_where_it_was_shown() {
    let before = fork()
        .shows("l3", "21", "60")
        .link("r2", "jira 60", "gh 61", "jira");
    let expected = [
        "jira/21#60 at gh/2#61 from jira/21 Live",
        "jira/21#60 at jira/20# from jira/21 HandDeleted",
    ];
    check(before, "r2", &expected).await;
}

#[tokio::test]
async fn an_original_that_was_shown_nowhere_is_followed_no_more() {
    let before = fork()
        .shows("l3", "21", "another")
        .link("r2", "jira 60", "gh 61", "jira");
    let expected = [
        "jira/20#60 at gh/2#61 from jira/20 Fixed",
        "jira/20#60 at jira/21# from jira/20 HandDeleted",
    ];
    check(before, "r2", &expected).await;
}

#[tokio::test]
async fn an_open_write_of_a_comment_knows_its_items() {
    let folder = TempDir::new().unwrap();
    let store = BEFORE.adding("r1", "gh", "7").open(&folder).await;
    let open = store.read(|read| read.open_effects_of(&"l1".into())).await;
    let open = open.unwrap();
    let step = open[0].planned.comment.as_ref().unwrap();
    assert!(matches!(open[0].planned.effect, Effect::AddComment { .. }));
    assert_eq!(shown(&step.links), ["gh/1#7 at jira/10# from gh/1 Live"]);
}
