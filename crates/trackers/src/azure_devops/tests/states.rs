//! Reaching states by the rules of a type.

use super::*;
use crate::conformance::Act;
use twinline_core::effect::FieldWrite;
use twinline_core::item::Version;
use twinline_core::item::field;

async fn bug(h: &SimHarness) -> Item {
    let title = "A bug".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    read(h, &found.item).await
}

async fn read(h: &SimHarness, id: &ItemId) -> Item {
    match h.tracker().fetch(id).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

fn to(item: &Item, state: &str) -> Effect {
    let write = FieldWrite::Replace(Value::Choice(decode::named(state)));
    Effect::Update {
        item: item.reference.item.clone(),
        fields: BTreeMap::from([
            (field::STATUS.into(), write),
            (
                field::SUMMARY.into(),
                FieldWrite::Replace(Value::text("renamed")),
            ),
        ]),
        planned_from: item.version.clone(),
    }
}

#[tokio::test]
async fn states_on_the_way_are_gone_through_and_the_rest_is_written_with_the_last() {
    let h = over(demo_organization(), under_bugs());
    let before = bug(&h).await;
    let applied = h.tracker().apply(&to(&before, "Closed")).await.unwrap();
    assert_eq!((applied.adjacent, applied.waived.len()), (false, 0));
    let after = read(&h, &before.reference.item).await;
    assert_eq!(
        after.get(field::STATUS),
        Some(&Value::Choice(decode::named("Closed")))
    );
    assert_eq!(after.get(field::SUMMARY), Some(&Value::text("renamed")));
    let revision = |version: &Version| version.revision.unwrap();
    assert_eq!(revision(&after.version), revision(&before.version) + 3);
    assert_eq!(applied.version, Some(after.version.clone()));
    let history = h
        .tracker()
        .field_history(&before.reference.item, Timestamp::EPOCH)
        .await
        .unwrap();
    let steps = history
        .iter()
        .filter(|change| change.field.as_str() == field::STATUS);
    assert_eq!(steps.count(), 3);
}

#[tokio::test]
async fn a_state_that_no_way_leads_to_is_waived_and_the_rest_is_written() {
    let mut site = demo_organization();
    let bug_type = &mut site.projects[0].types[0];
    bug_type
        .transitions
        .insert("Active".to_owned(), vec!["New".to_owned()]);
    let h = over(site, under_bugs());
    let before = bug(&h).await;
    let applied = h.tracker().apply(&to(&before, "Closed")).await.unwrap();
    let why = &applied.waived[&FieldName::from(field::STATUS)];
    assert!(why.contains("from 'New' to 'Closed'"), "{why}");
    let after = read(&h, &before.reference.item).await;
    assert_eq!(after.get(field::STATUS), before.get(field::STATUS));
    assert_eq!(after.get(field::SUMMARY), Some(&Value::text("renamed")));
}

#[tokio::test]
async fn a_step_that_is_lost_leaves_the_outcome_unknown() {
    let h = over(demo_organization(), under_bugs());
    let before = bug(&h).await;
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(Trick::Refuse);
    let written = h.tracker().apply(&to(&before, "Closed")).await;
    assert!(
        matches!(written, Err(TrackerError::Unknown { .. })),
        "{written:?}"
    );
    // The first step was made: what comes next is planned from there.
    let after = read(&h, &before.reference.item).await;
    assert_eq!(
        after.get(field::STATUS),
        Some(&Value::Choice(decode::named("Active")))
    );
}

#[tokio::test]
async fn a_new_item_is_taken_to_its_state() {
    let h = over(demo_organization(), under_bugs());
    let create = Effect::Create {
        scope: h.scope(),
        fields: BTreeMap::from([
            (field::SUMMARY.into(), Value::text("new")),
            (
                field::STATUS.into(),
                Value::Choice(decode::named("Resolved")),
            ),
        ]),
        marker: twinline_core::marker::Marker {
            root: "root".into(),
            link: "link".into(),
        },
    };
    let applied = h.tracker().apply(&create).await.unwrap();
    let made = read(&h, &applied.created.unwrap().item).await;
    assert_eq!(
        made.get(field::STATUS),
        Some(&Value::Choice(decode::named("Resolved")))
    );
    assert_eq!(applied.version, Some(made.version));
}

#[tokio::test]
async fn an_update_that_held_its_condition_is_adjacent() {
    let h = harness();
    let before = bug(&h).await;
    let applied = h.tracker().apply(&to(&before, "Doing")).await.unwrap();
    assert!(applied.adjacent);
    let after = read(&h, &before.reference.item).await;
    assert_eq!(applied.version, Some(after.version));
}
