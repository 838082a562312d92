//! The connector in front of GitHub's simulator: the conformance suite, and what only GitHub has.

mod app;
mod assigning;
mod created;
mod hooks;
mod limits;
mod parent;

use super::client::client;
use super::{MILESTONE, decode, encode};
use crate::conformance::sim::{SimHarness, Under};
use crate::conformance::{self, Act, Harness, Meddler, Trick, odd};
use crate::error::TrackerError;
use crate::http::{Call, Client, Secret, Transport, TransportError};
use crate::registry::Node;
use crate::tracker::{Cursor, Opinion, Subscribed};
use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Fetched, Item, ItemId, User, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::{Command, Simulator};

/// A clock that stands still at 2026-01-31T09:30:00Z.
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_851_800_000)
    }
}

/// A client whose requests a test answers.
pub(super) fn client_over(transport: Arc<dyn Transport>) -> Client {
    let node = Node {
        description: None,
        name: "hub".into(),
        url: "https://api.github.example".parse().unwrap(),
        auth: BTreeMap::from([("token".to_owned(), Secret::new("t"))]),
        write_spacing: None,
        unlimited: true,
        learnt: crate::Learnt::default(),
    };
    client(&node, None, transport, Arc::new(Still)).unwrap()
}

const REPO: &str = "acme/app";

/// GitHub's connector in front of its simulator.
fn harness(config: GithubConfig) -> SimHarness {
    SimHarness::new(simulator(config), under())
}

fn simulator(config: GithubConfig) -> Box<dyn Simulator> {
    let mut github = Github::new(config);
    // Pull requests are in every list of issues, and never items.
    for title in ["A pull request", "Another"] {
        let made = github.add_pull_request(Timestamp::EPOCH, "ana", REPO, title);
        assert!(made.is_some());
    }
    Box::new(github)
}

fn under() -> Under {
    Under {
        tracker: "github",
        auth: &[("token", "github-token")],
        scope: &[("repo", REPO)],
        container: REPO,
        move_to: Some("acme/archive"),
        open_trigger: "is:issue is:open",
        bad_trigger: ("is:open crash", "crash"),
        required_fields: BTreeMap::new(),
        internal_channel: None,
        tells_deletion: true,
        webhooks: true,
    }
}

#[tokio::test]
async fn the_contract_holds() {
    let report = conformance::run(&harness(GithubConfig::default())).await;
    assert!(report.broken.is_empty(), "{report}");
    let skipped: Vec<&str> = report.skipped.iter().map(|(name, _)| *name).collect();
    let expected = [
        "compare-and-swap: a person's edit in between is not overwritten",
        "people: one who is known and cannot be assigned fails no write",
        // GitHub has no interface for files.
        "attachments: attached, read back whole and in part, deleted",
        "attachments: two equal files are two, an empty one is one",
        "attachments: nothing is attached before it may be",
        "recognise: a file that was attached, and one that was not",
        "recognise: a file's deletion that happened, and one that did not",
        "comments: one that only some may read lies in an internal channel, as long as it is",
        "recognise: a comment that we may no longer read is not deleted",
    ];
    assert_eq!(skipped, expected, "{report}");
    assert_eq!(
        report.passed.len() + expected.len(),
        conformance::checks().len()
    );
}

/// An item of a person, as the connector reads it.
async fn item(h: &SimHarness) -> Item {
    let title = "An issue".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    read(h, &found.item).await
}

async fn read(h: &SimHarness, item: &ItemId) -> Item {
    match h.tracker().fetch(item).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

async fn update(
    h: &SimHarness,
    item: &Item,
    fields: &[(&str, FieldWrite)],
) -> Result<Applied, TrackerError> {
    let fields = fields.iter().cloned();
    let effect = Effect::Update {
        item: item.reference.item.clone(),
        fields: fields.map(|(name, write)| (name.into(), write)).collect(),
        planned_from: item.version.clone(),
    };
    h.tracker().apply(&effect).await
}

#[tokio::test]
async fn a_pull_request_is_no_item() {
    let h = harness(GithubConfig::default());
    assert_eq!(h.tracker().find("acme/app#1").await, Ok(None));
    let pull = ItemId {
        node: "node".into(),
        id: "acme/app#1".to_owned(),
    };
    let fetched = h.tracker().fetch(&pull).await.unwrap();
    assert!(
        matches!(fetched, Fetched::Unreachable { .. }),
        "{fetched:?}"
    );
    let cursor = Cursor::default();
    let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
    assert!(page.changes.is_empty(), "{page:?}");
    let found = h.tracker().query(&h.scope(), "", None).await.unwrap();
    assert!(found.items.is_empty(), "{found:?}");
}

#[tokio::test]
async fn issues_that_are_switched_off_are_not_deleted() {
    let h = harness(GithubConfig::default());
    let item = item(&h).await.reference;
    let switch = |on| Command::SwitchItems {
        container: REPO.to_owned(),
        on,
    };
    h.control(switch(false));
    let fetched = h.tracker().fetch(&item.item).await.unwrap();
    assert!(
        matches!(&fetched, Fetched::Unreachable { reason } if reason.contains("Issues are disabled")),
        "{fetched:?}"
    );
    assert_eq!(h.tracker().find(&item.key).await, Ok(None));
    let opinions = h.tracker().matches("", std::slice::from_ref(&item.item));
    assert_eq!(opinions.await, Ok(BTreeMap::new()));
    h.control(switch(true));
    read(&h, &item.item).await;
}

#[tokio::test]
async fn milestones_are_set_by_their_title() {
    let h = harness(GithubConfig::default());
    let path = "/repos/acme/app/milestones";
    let body = json!({"title": "v1.0"});
    h.raw(Method::POST, path, "Bearer github-token", body).await;
    let item = item(&h).await;
    for (title, expected) in [("v1.0", decode::choice("v1.0")), ("", Value::Empty)] {
        let write = FieldWrite::Replace(Value::text(title));
        let applied = update(&h, &item, &[(MILESTONE, write)]).await.unwrap();
        assert_eq!(applied.waived, BTreeMap::new());
        let now = read(&h, &item.reference.item).await;
        assert_eq!(now.get(MILESTONE), Some(&expected));
    }
    let write = FieldWrite::Replace(Value::text("v9"));
    let refused = update(&h, &item, &[(MILESTONE, write)]).await.unwrap_err();
    assert!(
        refused.to_string().contains("no milestone 'v9'"),
        "{refused}"
    );
}

async fn create(h: &SimHarness, fields: &[(&str, Value)]) -> Result<Applied, TrackerError> {
    let title = [(field::SUMMARY, Value::text("made"))];
    let fields = title.iter().chain(fields).cloned();
    let effect = Effect::Create {
        scope: h.scope(),
        fields: fields.map(|(name, value)| (name.into(), value)).collect(),
        marker: Marker {
            root: "root".into(),
            link: "link".into(),
        },
    };
    h.tracker().apply(&effect).await
}

fn people(logins: &[&str]) -> Value {
    let user = |login: &&str| User {
        id: (*login).to_owned(),
        login: Some((*login).to_owned()),
        ..User::default()
    };
    Value::Users(logins.iter().map(user).collect())
}

#[tokio::test]
async fn types_are_set_by_their_name_and_one_that_is_left_as_it_was_is_waived() {
    let h = harness(GithubConfig::default());
    let offered = h.tracker().describe(&h.scope()).await.unwrap();
    let options = offered.fields[field::TYPE].options.iter();
    let names: Vec<&str> = options.map(|option| option.name.as_str()).collect();
    assert_eq!(names, ["Task", "Bug", "Feature"]);
    let fields = [(field::TYPE, Value::text("Bug"))];
    let made = create(&h, &fields).await.unwrap();
    assert_eq!(made.waived, BTreeMap::new());
    let made = made.created.unwrap().item;
    let item = read(&h, &made).await;
    assert_eq!(item.get(field::TYPE), Some(&decode::choice("Bug")));
    for (name, expected) in [("Task", decode::choice("Task")), ("", Value::Empty)] {
        let write = FieldWrite::Replace(Value::text(name));
        let applied = update(&h, &item, &[(field::TYPE, write)]).await.unwrap();
        assert_eq!(applied.waived, BTreeMap::new());
        assert_eq!(read(&h, &made).await.get(field::TYPE), Some(&expected));
    }
    // An account without push access hears nothing of it: the answer shows the issue as it was.
    let path = format!(
        "/repos/acme/app/issues/{}",
        made.id.rsplit('#').next().unwrap()
    );
    let unchanged = h
        .raw(Method::GET, &path, "Bearer github-token", json!({}))
        .await;
    let answer = http::Response::new(unchanged.to_string().into());
    h.meddler().next_write(Trick::Answer(answer));
    let write = FieldWrite::Replace(Value::text("Bug"));
    let applied = update(&h, &item, &[(field::TYPE, write)]).await.unwrap();
    assert!(applied.waived.contains_key(field::TYPE), "{applied:?}");
}

#[tokio::test]
async fn a_label_that_is_a_dot_takes_no_other_label_with_it() {
    let h = harness(GithubConfig::default());
    let item = item(&h).await;
    let key = item.reference.key.clone();
    for dots in [".", ".."] {
        let labels = ["bug", dots, "Old"].map(str::to_owned).into();
        let key = key.clone();
        h.act(Act::SetLabels { key, labels }).await.unwrap();
        let write = FieldWrite::Elements {
            add: BTreeSet::from(["new".to_owned()]),
            remove: BTreeSet::from([dots.to_owned(), "old".to_owned()]),
        };
        let applied = update(&h, &item, &[(field::LABELS, write)]).await.unwrap();
        assert_eq!(applied.waived, BTreeMap::new());
        let now = read(&h, &item.reference.item).await;
        assert_eq!(now.get(field::LABELS), Some(&Value::set(["bug", "new"])));
    }
}

#[tokio::test]
async fn many_items_are_not_asked_one_by_one_about_a_trigger() {
    let h = harness(GithubConfig::default());
    let items = (1..=200).map(|number| ItemId {
        node: "node".into(),
        id: format!("acme/app#{number}"),
    });
    let items: Vec<ItemId> = items.collect();
    let before = used(&h).await;
    let opinions = h.tracker().matches("is:open", &items).await.unwrap();
    let lag = h.tracker().capabilities().index_lag;
    assert_eq!(opinions.len(), items.len());
    assert!(opinions.values().all(|said| *said == Opinion::Ask(lag)));
    assert_eq!(used(&h).await, before);
}

/// The requests that count, so far.
async fn used(h: &SimHarness) -> u64 {
    let limits = h
        .raw(Method::GET, "/rate_limit", "Bearer github-token", json!({}))
        .await;
    limits["resources"]["core"]["used"].as_u64().unwrap()
}

#[tokio::test]
async fn an_update_that_stops_half_way_is_unknown_and_then_recognised() {
    let h = harness(GithubConfig::default());
    let item = item(&h).await;
    let writes = [
        (field::SUMMARY, FieldWrite::Replace(Value::text("renamed"))),
        (
            field::LABELS,
            FieldWrite::Elements {
                add: BTreeSet::from(["new".to_owned()]),
                remove: BTreeSet::new(),
            },
        ),
    ];
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(Trick::Refuse);
    let half = update(&h, &item, &writes).await;
    assert!(
        matches!(half, Err(TrackerError::Unknown { .. })),
        "{half:?}"
    );
    let effect = Effect::Update {
        item: item.reference.item.clone(),
        fields: writes
            .clone()
            .map(|(name, write)| (name.into(), write))
            .into(),
        planned_from: item.version.clone(),
    };
    let recognise = async || h.tracker().recognise(&effect, h.now()).await.unwrap();
    assert_eq!(recognise().await, Recognised::NotThere);
    update(&h, &item, &writes).await.unwrap();
    assert!(matches!(recognise().await, Recognised::There(_)));
}

#[tokio::test]
async fn comments_are_listed_by_themselves() {
    let h = harness(GithubConfig::default());
    let key = item(&h).await.reference.key;
    let kinds = async |since| {
        let mut cursor = Some(Cursor { since, page: None });
        let mut kinds = BTreeSet::new();
        while let Some(at) = cursor {
            let page = h.tracker().changes(&h.scope(), &at).await.unwrap();
            kinds.extend(page.changes.iter().map(|change| change.kind));
            cursor = page.next;
        }
        kinds
    };
    h.pass(Duration::from_secs(60)).await;
    let since = h.now();
    let text = "a comment".to_owned();
    let comment = h
        .act(Act::Comment {
            key: key.clone(),
            text,
        })
        .await
        .unwrap();
    assert!(kinds(since).await.contains(&ChangeKind::CommentAdded));
    h.pass(Duration::from_secs(60)).await;
    let since = h.now();
    let text = "edited".to_owned();
    h.act(Act::EditComment { key, comment, text })
        .await
        .unwrap();
    assert!(kinds(since).await.contains(&ChangeKind::CommentEdited));
}

#[tokio::test]
async fn very_many_comments_are_read_page_by_page() {
    let h = harness(GithubConfig::default());
    let item = odd::begun(&h).await;
    for text in odd::talk().skip(1) {
        let key = item.key.clone();
        h.act(Act::Comment { key, text }).await.unwrap();
    }
    // The issue, and 100 pages of 100.
    odd::check_talk(&h, &item, 101).await;
}

#[tokio::test]
async fn parents_in_a_circle_are_not_followed() {
    let parents = odd::Parents {
        authorization: "Bearer github-token",
        path: |key| format!("/repos/{}", key.replace('#', "/issues/")),
        put: |issue, parent| {
            let parent = parent.replace('#', "/issues/");
            issue["parent_issue_url"] = json!(format!("http://tracker.sim/repos/{parent}"));
        },
    };
    odd::check_circle(&harness(GithubConfig::default()), &parents).await;
}
