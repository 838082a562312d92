//! The Redmine connector against a real Redmine.

use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::effect::{Applied, Effect, FieldWrite, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Choice, Fetched, Item, ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::richtext::markdown;
use twinline_core::time::Timestamp;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Secret, TransportLimits};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Cursor, Opinion, Scope, Tracker};
use xtask::provision::redmine::Redmine;
use xtask::served::SystemClock;

pub(crate) fn connector(redmine: &Redmine, key: &str) -> Arc<dyn Tracker> {
    // A second call finds the provider installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let transport = ReqwestTransport::new(guard, TransportLimits::default()).unwrap();
    let settings = NodeSettings {
        node: "rm".into(),
        url: Some(redmine.url.parse().unwrap()),
        auth: BTreeMap::from([("key".to_owned(), Secret::new(key))]),
        settle: None,
        write_spacing: None,
        unlimited: true,
    };
    registry::build(
        "redmine",
        settings,
        Arc::new(transport),
        Arc::new(SystemClock),
    )
    .unwrap()
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

async fn create(tracker: &dyn Tracker, scope: &Scope, summary: &str) -> ItemId {
    let body = "Steps:\n\n1. open\n2. *fail*\n\n```rust\nlet a = 1;\n```\n\nünï 🙂 שלום";
    let fields = BTreeMap::from([
        (field::SUMMARY.into(), Value::text(summary)),
        (
            field::DESCRIPTION.into(),
            Value::Rich(markdown::decode(body)),
        ),
    ]);
    let effect = Effect::Create {
        scope: scope.clone(),
        fields,
        marker: marker("item"),
    };
    let before = tracker.recognise(&effect, SystemClock.now()).await.unwrap();
    assert_eq!(before, Recognised::NotThere);
    let since = SystemClock.now();
    let applied = tracker.apply(&effect).await.unwrap();
    assert!(applied.waived.is_empty(), "{applied:?}");
    let created = applied.created.unwrap().item;
    let Recognised::There(again) = tracker.recognise(&effect, since).await.unwrap() else {
        panic!("the create is not recognised")
    };
    assert_eq!(again.created.unwrap().item, created);
    let item = fetch(tracker, &created).await;
    assert_eq!(item.marker, Some(marker("item")));
    assert_eq!(
        item.get(field::DESCRIPTION),
        Some(&Value::Rich(markdown::decode(body)))
    );
    created
}

async fn fields(tracker: &dyn Tracker, scope: &Scope, item: &ItemId) {
    let description = tracker.describe(scope).await.unwrap();
    assert!(
        description
            .users
            .iter()
            .any(|user| user.login.as_deref() == Some("mia")),
        "{description:?}"
    );
    let mia = description
        .users
        .iter()
        .find(|user| user.login.as_deref() == Some("mia"))
        .unwrap();
    let closed = description
        .statuses
        .iter()
        .find(|status| status.closed)
        .unwrap()
        .status
        .clone();
    let writes = [
        (field::SUMMARY, Value::text("  Renamed  twice ")),
        (field::STATUS, Value::Choice(closed)),
        (field::ASSIGNEE, Value::User(mia.clone())),
        (field::DUE, Value::Date("2027-01-31".into())),
        (
            field::DESCRIPTION,
            Value::Rich(markdown::decode(
                "new *text*\n\n| a | b |\n|---|---|\n| 1 | 2 |",
            )),
        ),
        ("done_ratio", Value::Number(50.into())),
    ];
    for (name, value) in writes {
        let effect = update(item, name, value.clone());
        let applied = tracker.apply(&effect).await.unwrap();
        assert!(applied.waived.is_empty(), "{name}: {applied:?}");
        let normal = tracker.normalise(&name.into(), &value);
        assert_eq!(
            fetch(tracker, item).await.get(name),
            Some(&normal),
            "{name}"
        );
        assert!(
            matches!(
                tracker.recognise(&effect, SystemClock.now()).await.unwrap(),
                Recognised::There(_)
            ),
            "{name}"
        );
    }
    assert_eq!(
        fetch(tracker, item).await.marker,
        Some(marker("item")),
        "a new text keeps the marker"
    );
}

async fn history(tracker: &dyn Tracker, item: &ItemId) {
    let history = tracker.field_history(item, Timestamp::EPOCH).await.unwrap();
    assert!(
        history
            .iter()
            .any(|change| change.field.as_str() == field::STATUS),
        "{history:?}"
    );
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

async fn comments(tracker: &dyn Tracker, item: &ItemId) {
    for channel in ["public", "private"] {
        let add = Effect::AddComment {
            item: item.clone(),
            channel: channel.into(),
            body: markdown::decode("**Ada** · noon\n\nhello"),
            marker: marker(channel),
        };
        let applied: Applied = tracker.apply(&add).await.unwrap();
        let comment = applied.comment.unwrap();
        assert_eq!(
            (comment.channel.as_str(), &comment.marker),
            (channel, &Some(marker(channel)))
        );
        assert!(matches!(
            tracker.recognise(&add, SystemClock.now()).await.unwrap(),
            Recognised::There(_)
        ));
        let edit = Effect::EditComment {
            item: item.clone(),
            comment: comment.id.clone(),
            body: markdown::decode("edited"),
            marker: marker(channel),
        };
        let edited = tracker.apply(&edit).await.unwrap().comment.unwrap();
        assert_eq!(
            (edited.body, edited.marker),
            (markdown::decode("edited"), Some(marker(channel)))
        );
        let delete = Effect::DeleteComment {
            item: item.clone(),
            comment: comment.id.clone(),
        };
        tracker.apply(&delete).await.unwrap();
        let left = fetch(tracker, item).await.comments.unwrap();
        assert!(left.iter().all(|found| found.id != comment.id), "{left:?}");
        // Deleting twice is deleting.
        tracker.apply(&delete).await.unwrap();
    }
}

async fn lists(tracker: &dyn Tracker, scope: &Scope, item: &ItemId) {
    let page = tracker.changes(scope, &Cursor::default()).await.unwrap();
    let listed = page
        .changes
        .iter()
        .find(|change| change.candidate.reference.item == *item)
        .unwrap();
    assert_eq!(listed.candidate.marker, Some(marker("item")));
    assert!(page.next.is_none() && page.complete_to > Timestamp::EPOCH);
    let all = tracker.query(scope, "", None).await.unwrap();
    assert_eq!(all.total, Some(1));
    let opinion = |trigger: &'static str| async move {
        tracker
            .matches(trigger, std::slice::from_ref(item))
            .await
            .unwrap()[item]
    };
    assert_eq!(opinion("status_id=closed").await, Opinion::Matches);
    assert_eq!(opinion("status_id=open").await, Opinion::Differs);
    let refused = tracker
        .query(scope, "project_id=other", None)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("project_id"), "{refused}");
}

#[tokio::test]
async fn the_connector_does_its_work_on_a_real_redmine() {
    if !Redmine::can_run() {
        return;
    }
    let mut redmine = Redmine::start().unwrap();
    let tracker = connector(&redmine, Redmine::KEY);
    let tracker = tracker.as_ref();
    redmine.serves().await.unwrap();
    let scope: Scope = [("project", Redmine::PROJECT), ("tracker", "Bug")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let item = create(tracker, &scope, "It fails").await;
    fields(tracker, &scope, &item).await;
    history(tracker, &item).await;
    comments(tracker, &item).await;
    lists(tracker, &scope, &item).await;
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
}
