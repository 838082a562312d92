//! What is learned from Jira's answers, and what one that fails does not spoil.

use super::*;
use crate::conformance::{Act, Harness as _, Trick};
use twinline_core::item::ItemId;

async fn issue(h: &SimHarness) -> ItemId {
    let title = "An issue".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    h.tracker().find(&key).await.unwrap().unwrap().item
}

fn answer(status: u16, body: &serde_json::Value) -> Trick {
    let answer = http::Response::builder().status(status);
    Trick::Answer(answer.body(body.to_string().into()).unwrap())
}

#[tokio::test]
async fn a_spent_limit_of_updates_is_respected_by_the_next_update() {
    let h = harness();
    let (one, other) = (issue(&h).await, issue(&h).await);
    let spent = http::Response::builder()
        .status(429)
        .header("retry-after", "30")
        .header("ratelimit-reason", "jira-burst-based");
    let spent = spent.body("{}".into()).unwrap();
    h.meddler().next_write(Trick::Answer(spent));
    let label = |item: &ItemId| Effect::Update {
        item: item.clone(),
        fields: BTreeMap::from([(
            "labels".into(),
            FieldWrite::Elements {
                add: ["new".to_owned()].into(),
                remove: BTreeSet::new(),
            },
        )]),
        planned_from: twinline_core::item::Version::default(),
    };
    let busy = |written: Result<Applied, TrackerError>| {
        matches!(written, Err(TrackerError::Busy { whole: false, .. }))
    };
    assert!(busy(h.tracker().apply(&label(&one)).await));
    let before = h.meddler().requests();
    assert!(busy(h.tracker().apply(&label(&other)).await));
    assert_eq!(h.meddler().requests(), before, "nothing was sent");
    h.pass(Duration::from_secs(31)).await;
    h.tracker().apply(&label(&other)).await.unwrap();
}

#[tokio::test]
async fn an_estimate_that_fails_costs_no_page() {
    let h = harness();
    let listed = json!({ "id": "10001", "key": "SUP-1", "fields": { "updated": "2026-01-31T09:00:00.000+0000" } });
    let page = json!({ "issues": [listed], "nextPageToken": "more" });
    h.meddler().next_write(answer(200, &page));
    h.meddler().next_write(answer(500, &json!({})));
    let page = h.tracker().query(&h.scope(), "", None).await.unwrap();
    assert_eq!((page.items.len(), page.estimate), (1, None));
    assert!(h.meddler().is_spent());
}

#[tokio::test]
async fn fields_that_jira_does_not_list_are_asked_for_once() {
    let h = harness();
    let id = issue(&h).await;
    let shows = |field: &str| {
        let fields = json!({
            "project": { "key": "SUP" }, "issuetype": { "name": "Task" }, "comment": { "total": 0, "comments": [] },
            "updated": "2026-01-31T09:00:00.000+0000", field: "2026-01-31",
        });
        answer(
            200,
            &json!({ "id": id.id, "key": "SUP-1", "fields": fields }),
        )
    };
    for field in ["customfield_90001", "customfield_90002"] {
        h.meddler().next_read(shows(field));
        h.meddler().next_read(answer(200, &json!([])));
        drop(h.tracker().fetch(&id).await.unwrap());
        assert!(h.meddler().is_spent(), "{field} is asked for");
    }
    let before = h.meddler().requests();
    h.meddler().next_read(shows("customfield_90001"));
    drop(h.tracker().fetch(&id).await.unwrap());
    assert_eq!(h.meddler().requests() - before, 1, "and not again");
}
