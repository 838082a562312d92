//! What a real Redmine drops, ignores or refuses without the word that one would wish for.

use crate::connector::{connector, fetch, marker, scope, update};
use crate::http::Http;
use std::collections::BTreeMap;
use twinline_core::effect::Effect;
use twinline_core::item::{ItemId, User, Value, field};
use twinline_core::richtext::markdown;
use twinline_trackers::{Opinion, Tracker, TrackerError};
use xtask::provision::redmine::Redmine;

fn create(assignee: Value) -> Effect {
    Effect::Create {
        scope: scope(),
        fields: BTreeMap::from([
            (field::SUMMARY.into(), Value::text("quiet")),
            (field::ASSIGNEE.into(), assignee),
        ]),
        marker: marker("quiet"),
    }
}

/// An account that may not make notes private publishes none, and its public ones pass.
async fn private_notes(narrow: &dyn Tracker, item: &ItemId) {
    let note = |channel: &str| Effect::AddComment {
        item: item.clone(),
        channel: channel.to_owned(),
        body: markdown::decode("for us alone"),
        marker: marker(channel),
    };
    let refused = narrow.apply(&note("private")).await.unwrap_err();
    assert!(
        matches!(&refused, TrackerError::Refused { sentence, .. } if sentence.contains("Set notes as private")),
        "{refused:?}"
    );
    let comments = fetch(narrow, item).await.comments.unwrap();
    assert!(comments.is_empty(), "{comments:?}");
    let written = narrow.apply(&note("public")).await.unwrap();
    assert_eq!(written.comment.unwrap().channel, "public");
}

/// Somebody who is no member is waived, and the rest is written.
async fn people(tracker: &dyn Tracker, zoe: &Value) -> ItemId {
    let made = tracker.apply(&create(zoe.clone())).await.unwrap();
    assert!(made.waived.contains_key(field::ASSIGNEE), "{made:?}");
    let item = made.created.unwrap().item;
    let assign = update(&item, field::ASSIGNEE, zoe.clone());
    let applied = tracker.apply(&assign).await.unwrap();
    assert!(applied.waived.contains_key(field::ASSIGNEE), "{applied:?}");
    assert_eq!(
        fetch(tracker, &item).await.get(field::ASSIGNEE),
        Some(&Value::Empty)
    );
    item
}

/// `Labels` (1) is a filter and `GitHub issue` (2) is none; times are not tracked in this project, while the list of all
/// projects has that filter.
async fn triggers(tracker: &dyn Tracker, item: &ItemId) {
    let items = std::slice::from_ref(item);
    let untracked = tracker.query(&scope(), "spent_time=1", None).await;
    assert!(
        matches!(untracked, Err(TrackerError::Refused { .. })),
        "{untracked:?}"
    );
    for trigger in ["stauts_id=closed", "cf_2=x", "cf_99=x"] {
        let name = trigger.split('=').next().unwrap();
        let queried = tracker.query(&scope(), trigger, None).await.err();
        let asked = tracker.matches(trigger, items).await.err();
        for error in [queried, asked] {
            assert!(
                matches!(&error, Some(TrackerError::Refused { sentence, .. }) if sentence.contains(name)),
                "{trigger}: {error:?}"
            );
        }
    }
    for (trigger, expected) in [
        ("cf_1=!*", Opinion::Matches),
        ("cf_1=bug", Opinion::Differs),
        ("priority_id=99", Opinion::Differs),
        ("assigned_to_id=!*", Opinion::Matches),
        ("category_id=!*", Opinion::Matches),
        ("category_id=*", Opinion::Differs),
        ("due_date=!*&is_private=0", Opinion::Matches),
        ("description=~nowhere", Opinion::Differs),
        ("done_ratio=0", Opinion::Matches),
        ("fixed_version_id=*", Opinion::Differs),
        ("author_id=me&subject=~quiet", Opinion::Matches),
    ] {
        let opinions = tracker.matches(trigger, items).await.unwrap();
        assert_eq!(opinions[item], expected, "{trigger}");
        let found = tracker.query(&scope(), trigger, None).await.unwrap();
        let listed = found.items.iter();
        let is_listed = listed.clone().any(|found| found.reference.item == *item);
        assert_eq!(is_listed, expected == Opinion::Matches, "{trigger}");
    }
}

#[tokio::test]
async fn what_redmine_does_without_a_word_is_seen() {
    if !Redmine::can_run() {
        return;
    }
    let mut redmine = Redmine::start().unwrap();
    redmine.serves().await.unwrap();
    let tracker = connector(&redmine, Redmine::KEY);
    let people_there = Http::new(&redmine.url, ("X-Redmine-API-Key", Redmine::KEY));
    let found = people_there.get("/users.json?name=zoe").await;
    let zoe = Value::User(User {
        id: found["users"][0]["id"].to_string(),
        ..User::default()
    });
    let item = people(tracker.as_ref(), &zoe).await;
    let narrow = connector(&redmine, Redmine::NARROW_KEY);
    private_notes(narrow.as_ref(), &item).await;
    triggers(tracker.as_ref(), &item).await;
}
