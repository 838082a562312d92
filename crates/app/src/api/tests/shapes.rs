//! The shapes of `shapes.rs`, each against what is really answered.

use super::*;
use crate::api::front::told;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use twinline_core::capability::ChangeKind;
use twinline_core::digest::Digest;
use twinline_core::item::{ItemId, ItemRef, Version};
use twinline_core::names::LinkId;
use twinline_engine::ops::{Later, LinkOutcome, LinkableItem, LinkablePage};
use twinline_engine::{Event, What};
use twinline_store::GroupId;
use twinline_store::central::CentralHealth;
use twinline_store::host::{ConnectionHold, HistoryEntry, HistoryKind, HostTx, ItemRow};

/// The connection's rules file, one of its versions. Without a trigger nothing asks a tracker.
fn rules(version: u32) -> Json {
    json!({ "name": "bugs.toml", "text": format!("# {version}\n{RULES}") })
}

const RULES: &str = r#"
format = 1
name = "bugs"

[left]
node = "left"
scope = { project = "p", tracker = "Bug" }

[right]
node = "right"
scope = { project = "q", tracker = "Bug" }

[fields.summary]
left = "summary"
right = "summary"
"#;

/// The description's schemas, and which of them an answer was held against.
pub(super) struct Schemas {
    all: Json,
    held: RefCell<BTreeSet<String>>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let document = serde_json::to_value(openapi::document()).unwrap();
        Self {
            all: document["components"]["schemas"].clone(),
            held: RefCell::default(),
        }
    }

    /// What is answered is just what is described.
    pub(super) fn check(&self, shape: &str, answered: &Json) {
        self.held.borrow_mut().insert(shape.to_owned());
        self.fits(&self.all[shape], answered, shape);
    }

    fn fits(&self, schema: &Json, value: &Json, at: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let (_, name) = reference.rsplit_once('/').unwrap();
            return self.check(name, value);
        }
        if let Some(either) = schema["oneOf"].as_array() {
            // A shape or null is all that there is.
            let shape = either.iter().find(|one| one["type"] != "null").unwrap();
            if !value.is_null() {
                self.fits(shape, value, at);
            }
            return;
        }
        let types = match &schema["type"] {
            Json::Null => return,
            Json::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        assert!(
            types.contains(&json!(kind(value))),
            "{at}: {value} is none of {types:?}"
        );
        match value {
            Json::Array(entries) => {
                for entry in entries {
                    self.fits(&schema["items"], entry, &format!("{at}[]"));
                }
            }
            Json::Object(fields) => self.fields_fit(schema, fields, at),
            _ => {}
        }
    }

    fn fields_fit(&self, schema: &Json, fields: &serde_json::Map<String, Json>, at: &str) {
        if let Some(described) = schema["properties"].as_object() {
            let keys = |of: &serde_json::Map<String, Json>| -> BTreeSet<String> {
                of.keys().cloned().collect()
            };
            assert_eq!(keys(fields), keys(described), "{at}");
        }
        for (key, value) in fields {
            let of_key = &schema["properties"][key];
            let schema = if of_key.is_null() {
                &schema["additionalProperties"]
            } else {
                of_key
            };
            self.fits(schema, value, &format!("{at}.{key}"));
        }
    }
}

/// A value's type as a schema names it; a number that is answered is a whole one.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn item(node: &str, id: &str) -> ItemId {
    ItemId {
        node: node.into(),
        id: id.to_owned(),
    }
}

fn item_row(item: ItemId) -> ItemRow {
    let reference = ItemRef {
        key: format!("#{}", item.id),
        url: format!("https://tracker/{}", item.id),
        item,
    };
    ItemRow {
        reference,
        scope: BTreeMap::new(),
        root: None,
        version: Version {
            revision: None,
            updated: Timestamp::from_millis(1_000),
            resolution_ms: 1_000,
            token: None,
        },
        seen_at: Timestamp::from_millis(1_000),
    }
}

/// An entry that tells of a write to `item`, caused by a change of `source`.
fn written(item: ItemId, source: ItemId) -> HistoryEntry {
    HistoryEntry {
        item,
        at: Timestamp::from_millis(1_000),
        kind: HistoryKind::Write,
        connection: Some("bugs".into()),
        link: Some(LinkId::new("1".repeat(32))),
        rule_version: Some(1),
        by: None,
        field: Some("summary".to_owned()),
        before: None,
        after: None,
        source: Some(source),
        source_at: None,
        effect: None,
        attempt: 1,
        latency_ms: Some(7),
        text: None,
    }
}

/// A host with rules in force that the breaker holds, a twin that is quarantined, and what was written to its item.
async fn at_work() -> Served {
    let served = served_with(&["left", "right"]).await;
    for version in [1, 2] {
        let rules = json!({ "rules": { "map": rules(version) } });
        let published = served
            .post("/v1/rules/bugs/publish", &rules.to_string())
            .await;
        assert_eq!(published.status, StatusCode::OK, "{}", published.json());
    }
    let write = |tx: &HostTx<'_>| {
        let mut held = twin(&"1".repeat(32));
        held.nodes = Sides {
            left: "left".into(),
            right: "right".into(),
        };
        held.ids = Sides {
            left: Some("1".to_owned()),
            right: Some("2".to_owned()),
        };
        held.state = TwinState::Quarantined {
            cause: "rule".to_owned(),
            sentence: "line 3".to_owned(),
        };
        tx.put_twin(&held)?;
        let (one, other) = (item("left", "1"), item("right", "2"));
        tx.put_item(&item_row(one.clone()))?;
        tx.put_item(&item_row(other.clone()))?;
        tx.append_history(&written(one, other))?;
        let read_to = Timestamp::from_millis(1_000);
        tx.account_to(&"left".into(), ChangeKind::Field, read_to)?;
        tx.put_connection_hold(&ConnectionHold {
            connection: "bugs".into(),
            held: Some((Timestamp::from_millis(1_000), "too many writes".to_owned())),
            budget_writes: 0,
        })
    };
    served.host.store().write(write).await.unwrap();
    served
}

/// What can be looked at: path, the page's shape and its entries'.
const PAGES: &[(&str, &str, &str)] = &[
    ("/v1/nodes", "NodePage", "NodeShape"),
    ("/v1/connections", "ConnectionPage", "ConnectionShape"),
    ("/v1/twins", "TwinPage", "TwinShape"),
    ("/v1/errors", "ErrorPage", "ErrorShape"),
    ("/v1/history?item=%231", "HistoryPage", "HistoryShape"),
    ("/v1/rules/bugs/versions", "VersionPage", "VersionShape"),
    ("/v1/audit", "AuditPage", "AuditShape"),
    ("/v1/backfills", "BackfillPage", "BackfillShape"),
];

#[tokio::test]
async fn every_shape_is_the_one_of_a_real_answer() {
    let (schemas, served) = (Schemas::new(), at_work().await);
    let id = backfills(&schemas, &served).await;
    for (path, page, entry) in PAGES {
        let answered = served.get(path).await.json();
        schemas.check(page, &answered);
        assert!(
            !answered["items"].as_array().unwrap().is_empty(),
            "{path} shows no {entry}"
        );
    }
    let link = "1".repeat(32);
    let [twin, backfill] = [format!("/v1/twins/{link}"), format!("/v1/backfills/{id}")];
    for (path, shape) in [
        (twin.as_str(), "TwinShape"),
        (backfill.as_str(), "BackfillShape"),
        ("/v1/status", "StatusShape"),
        ("/health", "HealthShape"),
    ] {
        schemas.check(shape, &served.get(path).await.json());
    }
    schemas.check("StatusShape", &of_a_fleet(&served).await);
    schemas.check("EventShape", &stream::document(&event(&link)));
    let file = served.folder.path().join("copy.db");
    let rules = json!({ "map": rules(3) });
    let pairs = json!([{ "left": "1", "right": "2" }]);
    let deeds = [
        ("/v1/rules/check", rules.clone(), "CheckedShape"),
        ("/v1/rules/bugs/plan", json!({}), "PlanningShape"),
        (
            "/v1/rules/bugs/publish",
            json!({ "rules": rules }),
            "PublishedShape",
        ),
        (
            "/v1/rules/bugs/rollback",
            json!({ "to": 1 }),
            "PublishedShape",
        ),
        ("/v1/retry", json!({ "twin": link }), "RetriedShape"),
        (
            "/v1/release",
            json!({ "connection": "bugs" }),
            "ReleasedShape",
        ),
        (
            "/v1/links",
            json!({ "connection": "bugs", "pairs": pairs }),
            "LinkedShape",
        ),
        ("/v1/nodes/left/pause", json!({}), "PausedShape"),
        ("/v1/nodes/left/resume", json!({}), "PausedShape"),
        ("/v1/sweep", json!({}), "SweepingShape"),
        ("/v1/backup", json!({ "file": file }), "CopiedShape"),
    ];
    for (path, body, shape) in deeds {
        schemas.check(shape, &served.post(path, &body.to_string()).await.json());
    }
    let ended = served
        .send(request(&Method::DELETE, &format!("/v1/twins/{link}"), ""))
        .await;
    schemas.check("UnlinkedShape", &ended.json());
    for outcome in [
        LinkOutcome::Linked(LinkId::new(link.clone())),
        LinkOutcome::Already(LinkId::new(link)),
        LinkOutcome::Later(later()),
    ] {
        schemas.check("LinkedShape", &json!({ "outcomes": [outcome] }));
    }
    schemas.check("LinkablePage", &linkable());
    schemas.check_all_of(include_str!("../shapes.rs"));
}

/// What the front of a fleet's machine makes of two groups' answers, a third one being elsewhere.
async fn of_a_fleet(served: &Served) -> Json {
    let one = served.get("/v1/status").await.json();
    let other = served_with(&["other"]).await.get("/v1/status").await.json();
    let at = Timestamp::from_millis(2_000);
    let pinned = Some("m1".to_owned());
    let pins = [("g1", 2, None), ("g2", 1, None), ("g3", 1, pinned)];
    let pins = pins.map(|(group, nodes, pinned)| (GroupId::new(group), (nodes, pinned)));
    let owner = |group: &GroupId| (group.as_str() != "g3").then(|| "m1".to_owned());
    let state =
        |group: &GroupId, _: Option<&String>| (group.as_str() != "g3").then(|| "works".to_owned());
    let groups = told::groups(pins.into(), owner, state);
    let dirty = one["depths"]["dirty"].as_u64().unwrap();
    let whole = told::status(at, vec![one, other], groups, &CentralHealth::default());
    assert_eq!(whole["at"], 2_000, "one look at all of them");
    assert_eq!(whole["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(whole["groups"].as_array().unwrap().len(), 3);
    assert!(whole["depths"]["dirty"].as_u64().unwrap() >= dirty);
    whole
}

/// Where no group answers, the shape is the same; counts of several are summed.
#[test]
fn a_fleets_status_has_its_shape_however_many_groups_answer() {
    let at = Timestamp::from_millis(2_000);
    let health = CentralHealth::default();
    let none = told::status(at, Vec::new(), json!([]), &health);
    Schemas::new().check("StatusShape", &none);
    let of = |node: &str, live: u64| {
        let counters = BTreeMap::from([(node, 1), ("jobs", live)]);
        json!({ "at": 1_000, "nodes": [{ "node": node }], "depths": { "live": live }, "counters": counters })
    };
    let both = told::status(at, vec![of("a", 7), of("b", 9)], json!([]), &health);
    assert_eq!(both["at"], 2_000);
    assert_eq!(both["nodes"], json!([{ "node": "a" }, { "node": "b" }]));
    assert_eq!(both["depths"]["live"], 16);
    assert_eq!(both["counters"], json!({ "a": 1, "b": 1, "jobs": 16 }));
}

/// A page of items that may be linked, with everything that it can have.
fn linkable() -> Json {
    let one = item_row(item("left", "1"));
    let alike = LinkableItem {
        reference: one.reference,
        title: "It crashes".to_owned(),
        likeness: Some(Digest::of_bytes(b"it")),
        why: None,
        failed: false,
    };
    let none = LinkableItem {
        likeness: None,
        why: Some("summary is empty".to_owned()),
        ..alike.clone()
    };
    let page = LinkablePage {
        items: vec![alike, none],
        in_twins: vec!["3".to_owned()],
        not_admitted: vec!["4".to_owned()],
        total: Some(9),
        next: Some("2".to_owned()),
        later: Some(later()),
        ..LinkablePage::default()
    };
    serde_json::to_value(page).unwrap()
}

fn later() -> Later {
    Later {
        after_ms: 500,
        why: "other work goes first".to_owned(),
        failed: false,
    }
}

/// Starts a backfill, pauses, resumes and cancels it; its id.
async fn backfills(schemas: &Schemas, served: &Served) -> String {
    let body = json!({ "connection": "bugs", "side": "left", "query": "status_id=open" });
    let started = served.post("/v1/backfills", &body.to_string()).await.json();
    schemas.check("StartedShape", &started);
    let id = started["id"].as_str().unwrap().to_owned();
    for (deed, shape) in [
        ("pause", "PausedShape"),
        ("resume", "PausedShape"),
        ("cancel", "CancelledShape"),
    ] {
        let path = format!("/v1/backfills/{id}/{deed}");
        schemas.check(shape, &served.post(&path, "{}").await.json());
    }
    id
}

fn event(link: &str) -> Event {
    Event {
        at: Timestamp::from_millis(1_000),
        connection: "bugs".into(),
        link: LinkId::new(link),
        what: What::Asleep {
            reason: "it left the trigger".to_owned(),
        },
    }
}

impl Schemas {
    /// Every shape that this source describes was held against an answer.
    fn check_all_of(&self, source: &str) {
        let described: BTreeSet<String> = source
            .lines()
            .filter_map(|line| {
                line.strip_prefix("pub(super) struct ")?
                    .split_whitespace()
                    .next()
            })
            .map(str::to_owned)
            .collect();
        let held = self.held.borrow();
        let unheld: Vec<&String> = described.difference(&held).collect();
        assert!(
            unheld.is_empty() && !described.is_empty(),
            "no answer was held against {unheld:?}"
        );
    }
}
