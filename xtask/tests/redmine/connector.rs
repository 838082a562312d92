//! The Redmine connector against a real Redmine.

use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::effect::{Effect, FieldWrite};
use twinline_core::handles::Clock;
use twinline_core::item::{Choice, Fetched, Item, ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, markdown};
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Secret, Transport, TransportLimits};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Learnt, Scope, Tracker};
use xtask::provision::redmine::Redmine;
use xtask::served::SystemClock;

pub(crate) fn transport() -> Arc<dyn Transport> {
    // A second call finds the provider installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    Arc::new(ReqwestTransport::new(guard, TransportLimits::default()).unwrap())
}

pub(crate) fn connector(redmine: &Redmine, key: &str) -> Arc<dyn Tracker> {
    over(redmine, key, transport(), Arc::new(SystemClock))
}

/// The connector with its hands on a given wire and clock.
pub(crate) fn over(
    redmine: &Redmine,
    key: &str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Arc<dyn Tracker> {
    build(redmine, key, transport, clock, None)
}

fn build(
    redmine: &Redmine,
    key: &str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    texts: Option<Dialect>,
) -> Arc<dyn Tracker> {
    let settings = NodeSettings {
        node: "rm".into(),
        url: Some(redmine.url.parse().unwrap()),
        auth: BTreeMap::from([("key".to_owned(), Secret::new(key))]),
        description: None,
        settle: None,
        texts,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    registry::build("redmine", settings, transport, clock).unwrap()
}

/// Where the tests make issues.
pub(crate) fn scope() -> Scope {
    [("project", Redmine::PROJECT), ("tracker", "Bug")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

pub(crate) async fn fetch(tracker: &dyn Tracker, item: &ItemId) -> Item {
    match tracker.fetch(item).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn marker(link: &str) -> Marker {
    Marker {
        root: "root1".into(),
        link: link.into(),
    }
}

pub(crate) fn update(item: &ItemId, name: &str, value: Value) -> Effect {
    Effect::Update {
        item: item.clone(),
        fields: BTreeMap::from([(name.into(), FieldWrite::Replace(value))]),
        planned_from: Version::default(),
    }
}

/// A text and a person travel there and back as they are.
async fn texts_and_people(tracker: &dyn Tracker) -> ItemId {
    let body = "Steps:\n\n1. open\n2. *fail*\n\n```rust\nlet a = 1;\n```\n\nünï 🙂 שלום";
    let fields = BTreeMap::from([
        (field::SUMMARY.into(), Value::text("It fails")),
        (
            field::DESCRIPTION.into(),
            Value::Rich(markdown::decode(body)),
        ),
    ]);
    let effect = Effect::Create {
        scope: scope(),
        fields,
        marker: marker("item"),
    };
    let item = tracker.apply(&effect).await.unwrap().created.unwrap().item;
    let made = fetch(tracker, &item).await;
    assert_eq!(
        made.get(field::DESCRIPTION),
        Some(&Value::Rich(markdown::decode(body)))
    );
    let description = tracker.describe(&scope()).await.unwrap();
    let mia = description
        .users
        .iter()
        .find(|user| user.login.as_deref() == Some("mia"))
        .unwrap();
    let table = "new *text*\n\n| a | b |\n|---|---|\n| 1 | 2 |";
    let writes = [
        (field::ASSIGNEE, Value::User(mia.clone())),
        (field::DESCRIPTION, Value::Rich(markdown::decode(table))),
    ];
    for (name, value) in writes {
        let applied = tracker.apply(&update(&item, name, value.clone())).await;
        assert_eq!(applied.unwrap().waived, BTreeMap::new(), "{name}");
        let normal = tracker.normalise(&scope(), &name.into(), &value);
        let seen = fetch(tracker, &item).await;
        assert_eq!(seen.get(name), Some(&normal), "{name}");
    }
    item
}

/// The page of an issue tells the notation, and a node that says another one is told; Textile travels there and back.
async fn another_notation(redmine: &Redmine, tracker: &dyn Tracker, item: &ItemId) {
    let clock = Arc::new(SystemClock);
    let textile = build(
        redmine,
        Redmine::KEY,
        transport(),
        clock,
        Some(Dialect::Textile),
    );
    let asked = textile.probe_place(&scope(), None).await.unwrap();
    let asked = asked.join("; ");
    assert!(asked.contains("write texts = \"markdown\""), "{asked}");
    let fitting = tracker.probe_place(&scope(), None).await.unwrap();
    assert_eq!(fitting, Vec::<String>::new());
    let text = "**b** `c`\n\n- a\n  - b\n\n```rust\nlet a = 1;\n```";
    let value = Value::Rich(markdown::decode(text));
    let applied = textile
        .apply(&update(item, field::DESCRIPTION, value.clone()))
        .await;
    assert_eq!(applied.unwrap().waived, BTreeMap::new());
    let seen = fetch(textile.as_ref(), item).await;
    assert_eq!(seen.get(field::DESCRIPTION), Some(&value));
    assert!(seen.marker.is_some());
}

async fn unknown_status(tracker: &dyn Tracker, item: &ItemId) {
    let nowhere = Value::Choice(Choice {
        id: "999".into(),
        name: "Nowhere".into(),
    });
    let refused = tracker.apply(&update(item, field::STATUS, nowhere)).await;
    assert!(
        refused.is_err() || !refused.unwrap().waived.is_empty(),
        "an unknown status is not taken silently"
    );
}

/// A private note stays private, written, edited and deleted.
async fn private_note(tracker: &dyn Tracker, item: &ItemId) {
    let add = Effect::AddComment {
        item: item.clone(),
        channel: "private".into(),
        body: markdown::decode("**Ada** · noon\n\nhello"),
        marker: marker("private"),
    };
    let comment = tracker.apply(&add).await.unwrap().comment.unwrap();
    assert_eq!(
        (comment.channel.as_str(), &comment.marker),
        ("private", &Some(marker("private")))
    );
    let edit = Effect::EditComment {
        item: item.clone(),
        comment: comment.id.clone(),
        body: markdown::decode("edited"),
        marker: marker("private"),
    };
    let edited = tracker.apply(&edit).await.unwrap().comment.unwrap();
    assert_eq!(edited.channel, "private");
    let delete = Effect::DeleteComment {
        item: item.clone(),
        comment: comment.id,
    };
    tracker.apply(&delete).await.unwrap();
    assert_eq!(fetch(tracker, item).await.comments, Some(Vec::new()));
}

#[tokio::test]
async fn what_the_contract_does_not_ask_is_so_on_a_real_redmine() {
    if !Redmine::can_run() {
        return;
    }
    let mut redmine = Redmine::start().unwrap();
    let tracker = connector(&redmine, Redmine::KEY);
    let tracker = tracker.as_ref();
    redmine.serves().await.unwrap();
    let item = texts_and_people(tracker).await;
    another_notation(&redmine, tracker, &item).await;
    unknown_status(tracker, &item).await;
    private_note(tracker, &item).await;
    let refused = tracker.query(&scope(), "project_id=other", None).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("project_id"), "{refused}");
    tracker
        .apply(&Effect::Delete { item: item.clone() })
        .await
        .unwrap();
    assert!(matches!(
        tracker.fetch(&item).await.unwrap(),
        Fetched::Unreachable { .. }
    ));
    let wrong = connector(&redmine, "0000000000000000000000000000000000000000");
    let faults = wrong.probe().await.unwrap().faults.join("; ");
    assert!(
        faults.contains("does not accept the credentials"),
        "{faults}"
    );
    let stranger = connector(&redmine, Redmine::NARROW_KEY);
    let place = [("project", Redmine::OTHER_PROJECT)];
    let place = place.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let faults = stranger.probe_place(&place.into(), None).await.unwrap();
    assert!(
        faults[0].contains("no member of project other"),
        "{faults:?}"
    );
    let faults = stranger.probe_place(&scope(), None).await.unwrap();
    assert_eq!(faults, [""; 0]);
}
