//! The connector in front of GitHub's simulator: the conformance suite, and what only GitHub has.

mod created;

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
        name: "hub".into(),
        url: "https://api.github.example".parse().unwrap(),
        auth: BTreeMap::from([("token".to_owned(), Secret::new("t"))]),
        write_spacing: None,
        unlimited: true,
    };
    client(&node, transport, Arc::new(Still)).unwrap()
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
        "parents: one is given, another one, and none",
        "people: one who is known and cannot be assigned fails no write",
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

#[tokio::test]
async fn people_are_assigned_one_by_one_and_who_cannot_be_is_waived() {
    let h = harness(GithubConfig::default());
    let item = item(&h).await;
    let set = |logins: &[&str]| logins.iter().map(|login| (*login).to_owned()).collect();
    let elements = |add: &[&str], remove: &[&str]| FieldWrite::Elements {
        add: set(add),
        remove: set(remove),
    };
    let write = elements(&["ana", "Ben"], &[]);
    let applied = update(&h, &item, &[(field::ASSIGNEES, write)])
        .await
        .unwrap();
    assert_eq!(applied.waived, BTreeMap::new());
    let write = elements(&["chen", "stranger"], &["ana"]);
    let applied = update(&h, &item, &[(field::ASSIGNEES, write)])
        .await
        .unwrap();
    assert!(
        applied.waived[field::ASSIGNEES].contains("stranger"),
        "{applied:?}"
    );
    check_assigned(&h, &item.reference.item, &["ben", "chen"]).await;
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

async fn check_assigned(h: &SimHarness, item: &ItemId, expected: &[&str]) {
    let now = read(h, item).await;
    let Some(Value::Users(users)) = now.get(field::ASSIGNEES) else {
        panic!("{now:?}");
    };
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn somebody_who_cannot_be_assigned_fails_neither_a_create_nor_an_update() {
    let h = harness(GithubConfig::default());
    let some = people(&["ana", "stranger"]);
    let status = Value::text("closed:completed");
    let fields = [(field::ASSIGNEES, some), (field::STATUS, status.clone())];
    let applied = create(&h, &fields).await.unwrap();
    let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
    assert_eq!(waived, [field::ASSIGNEES]);
    assert!(applied.waived[field::ASSIGNEES].contains("stranger"));
    let made = applied.created.unwrap().item;
    check_assigned(&h, &made, &["ana"]).await;
    let item = read(&h, &made).await;
    assert_eq!(
        item.get(field::STATUS),
        Some(&encode::normalise(&field::STATUS.into(), &status))
    );
    for (wanted, expected) in [
        (people(&["stranger", "Ben"]), vec!["ben"]),
        (people(&["stranger"]), vec![]),
    ] {
        let fields = [
            (field::ASSIGNEES, FieldWrite::Replace(wanted)),
            (field::SUMMARY, FieldWrite::Replace(Value::text("renamed"))),
        ];
        let applied = update(&h, &item, &fields).await.unwrap();
        let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
        assert_eq!(waived, [field::ASSIGNEES]);
        check_assigned(&h, &made, &expected).await;
        let now = read(&h, &made).await;
        assert_eq!(now.get(field::SUMMARY), Some(&Value::text("renamed")));
    }
    let alone = [(field::ASSIGNEES, FieldWrite::Replace(people(&["ghost"])))];
    let applied = update(&h, &item, &alone).await.unwrap();
    assert!(applied.waived[field::ASSIGNEES].contains("ghost"));
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
async fn who_may_not_manage_webhooks_is_told_what_to_do_by_hand() {
    let mut config = GithubConfig::default();
    config.tokens[0].may_manage_hooks = false;
    let h = harness(config);
    let url = "https://edge.example/in/node";
    let subscribed = h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    let Subscribed::ByHand(how) = subscribed else {
        panic!("{subscribed:?}");
    };
    assert!(how.contains(url) && how.contains(REPO), "{how}");
    let left = h.tracker().unsubscribe(&h.scope(), url).await;
    assert!(
        matches!(left, Err(TrackerError::Credentials { .. })),
        "{left:?}"
    );
}

#[tokio::test]
async fn deliveries_that_nobody_took_are_asked_for_again() {
    let h = harness(GithubConfig::default());
    let url = "https://edge.example/in/node";
    let subscribe = async || h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    assert_eq!(subscribe().await, Subscribed::Registered);
    drop(h.deliveries(url).await);
    let item = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    subscribe().await;
    let again = h.deliveries(url).await;
    let reader = h.webhook().unwrap();
    let told: Vec<String> = again
        .iter()
        .flat_map(|request| reader.decode(request.headers(), request.body()).unwrap())
        .map(|notice| notice.item)
        .collect();
    assert_eq!(told, [item.reference.item.id]);
}

#[tokio::test]
async fn an_old_lost_delivery_is_found_behind_many_that_were_taken_and_one_refusal_is_no_matter() {
    let h = harness(GithubConfig::default());
    let url = "https://edge.example/in/node";
    let subscribe = async || h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    subscribe().await;
    drop(h.deliveries(url).await);
    let first = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    h.pass(Duration::from_secs(60)).await;
    let second = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    for _ in 0..150 {
        drop(item(&h).await);
    }
    assert_eq!(h.take_deliveries(), 150);
    // The first redelivery that is asked for, the newest, is refused.
    let refusal = http::Response::builder().status(400);
    let refusal = refusal.body(r#"{"message": "too old"}"#.into()).unwrap();
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(Trick::Answer(refusal));
    assert_eq!(subscribe().await, Subscribed::Registered);
    let again = h.deliveries(url).await;
    let reader = h.webhook().unwrap();
    let told: Vec<String> = again
        .iter()
        .flat_map(|request| reader.decode(request.headers(), request.body()).unwrap())
        .map(|notice| notice.item)
        .collect();
    assert_eq!(
        told,
        [first.reference.item.id],
        "not {}",
        second.reference.key
    );
}

#[tokio::test]
async fn a_quiet_repository_costs_nothing() {
    let h = harness(GithubConfig::default());
    drop(item(&h).await);
    h.pass(Duration::from_secs(3600)).await;
    let sweep = async || {
        let cursor = Cursor {
            since: h.now().minus(Duration::from_secs(60)),
            page: None,
        };
        let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
        assert!(page.changes.is_empty() && page.next.is_none(), "{page:?}");
    };
    sweep().await;
    let before = used(&h).await;
    for _ in 0..10 {
        sweep().await;
    }
    assert_eq!(used(&h).await, before);
}

#[tokio::test(start_paused = true)]
async fn published_limits_space_writes_but_do_not_stop_one_half_way() {
    let h = SimHarness::limited(simulator(GithubConfig::default()), under());
    let item = item(&h).await;
    let closed = |reason: &str| FieldWrite::Replace(Value::text(format!("closed:{reason}")));
    let writes = [
        (field::STATUS, closed("completed")),
        (
            field::LABELS,
            FieldWrite::Elements {
                add: BTreeSet::from(["new".to_owned()]),
                remove: BTreeSet::new(),
            },
        ),
    ];
    update(&h, &item, &writes).await.unwrap();
    // Two requests were made, so two seconds are kept; closing for another reason takes two more.
    h.pass(Duration::from_secs(1)).await;
    let began = tokio::time::Instant::now();
    let write = [(field::STATUS, closed("not_planned"))];
    let applied = update(&h, &item, &write).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1), "its turn");
    let label = [(
        field::LABELS,
        FieldWrite::Elements {
            add: BTreeSet::from(["newer".to_owned()]),
            remove: BTreeSet::new(),
        },
    )];
    let early = update(&h, &item, &label).await;
    assert!(
        matches!(early, Err(TrackerError::Busy { whole: false, .. })),
        "{early:?}"
    );
    assert_eq!(applied.waived, BTreeMap::new());
    let now = read(&h, &item.reference.item).await;
    assert_eq!(
        now.get(field::STATUS),
        Some(&decode::choice("closed:not_planned"))
    );
}

#[tokio::test]
async fn a_spent_limit_is_not_taken_for_a_missing_permission() {
    let h = harness(GithubConfig::default());
    h.meddler().next_read(Trick::Answer(h.too_fast(5)));
    let subscribed = h
        .tracker()
        .subscribe(&h.scope(), "https://edge.example/in", "s")
        .await;
    assert!(
        matches!(subscribed, Err(TrackerError::Retry { .. })),
        "{subscribed:?}"
    );
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

/// A 403 of GitHub and what it is, in a word.
async fn check_403(headers: &[(&'static str, &'static str)], message: &str, expected: &str) {
    let mut answer = http::Response::builder().status(403);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let body = serde_json::to_vec(&json!({ "message": message })).unwrap();
    let wire = Arc::new(Meddler::new(Arc::new(Nowhere)));
    wire.next_write(Trick::Answer(answer.body(body.into()).unwrap()));
    let client = client_over(wire);
    let error = client.send(Call::post("/x")).await.unwrap_err();
    let found = match error {
        TrackerError::Retry { after, .. } => format!("retry after {} s", after.unwrap().as_secs()),
        TrackerError::Credentials { .. } => "credentials".to_owned(),
        TrackerError::Refused { sentence, .. } => sentence,
        other => panic!("{other:?}"),
    };
    assert_eq!(found, expected, "{message}");
}

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        Err(TransportError::not_sent("nowhere"))
    }
}

#[tokio::test]
async fn a_403_can_be_a_limit_a_permission_or_a_refusal() {
    let secondary = "You have exceeded a secondary rate limit.";
    check_403(&[], secondary, "retry after 60 s").await;
    check_403(&[("retry-after", "9")], secondary, "retry after 9 s").await;
    let spent = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1769851830"),
    ];
    check_403(&spent, "API rate limit exceeded", "retry after 30 s").await;
    let lacking = "Resource not accessible by personal access token";
    check_403(&[("x-ratelimit-remaining", "12")], lacking, "credentials").await;
    let locked = "Unable to create comment because issue is locked.";
    check_403(&[], locked, locked).await;
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

/// What is wrong with the scope, with our webhook at this address.
async fn place_faults(h: &SimHarness, url: &str) -> String {
    let faults = h.tracker().probe_place(&h.scope(), Some(url)).await;
    faults.unwrap().join("; ")
}

#[tokio::test]
async fn what_keeps_us_from_working_in_a_repository_is_told() {
    let url = "http://edge.example/hooks/node";
    let h = harness(GithubConfig::default());
    assert_eq!(place_faults(&h, url).await, "");
    h.control(Command::SwitchItems {
        container: REPO.to_owned(),
        on: false,
    });
    let told = place_faults(&h, url).await;
    assert!(
        told.contains("the issues of acme/app are switched off"),
        "{told}"
    );

    let mut config = GithubConfig::default();
    config.tokens[0].may_write = false;
    let told = place_faults(&harness(config), url).await;
    assert!(told.contains("role Write"), "{told}");
}

#[tokio::test]
async fn a_webhook_that_is_switched_off_or_not_taken_is_told() {
    let url = "http://edge.example/hooks/node";
    let h = harness(GithubConfig::default());
    let subscribed = h.tracker().subscribe(&h.scope(), url, "a secret").await;
    assert_eq!(subscribed.unwrap(), Subscribed::Registered);
    h.take_deliveries();
    assert_eq!(place_faults(&h, url).await, "");
    item(&h).await;
    assert!(h.lose_deliveries() > 0);
    let told = place_faults(&h, url).await;
    assert!(told.contains("failed with 0 connection refused"), "{told}");

    let hooks = h
        .raw(
            Method::GET,
            "/repos/acme/app/hooks",
            "Bearer github-token",
            json!(null),
        )
        .await;
    let path = format!("/repos/acme/app/hooks/{}", hooks[0]["id"]);
    h.raw(
        Method::PATCH,
        &path,
        "Bearer github-token",
        json!({ "active": false }),
    )
    .await;
    let told = place_faults(&h, url).await;
    assert!(told.contains("is switched off"), "{told}");
    // Another node's webhook is not ours.
    assert_eq!(
        place_faults(&h, "http://edge.example/hooks/other").await,
        ""
    );
}
