//! Zendesk's limits: those that it publishes, and what its answers say.

use super::*;
use twinline_sim::zendesk::site::Limits;

/// With the published limits kept on both sides.
fn limited() -> SimHarness {
    let mut site = demo_site();
    site.limits = Limits::PROFESSIONAL;
    let simulator = twinline_sim::zendesk::Zendesk::new(site);
    SimHarness::limited(Box::new(simulator), under())
}

/// What keeps a request back, and for how long.
fn busy<T: std::fmt::Debug>(asked: Result<T, TrackerError>) -> (String, Duration, bool) {
    match asked {
        Err(TrackerError::Busy {
            reason,
            after,
            whole,
        }) => (reason, after, whole),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_ticket_is_updated_thirty_times_in_ten_minutes_and_others_go_on() {
    let h = limited();
    let (one, other) = (item(&h, "one").await, item(&h, "other").await);
    for number in 0..30 {
        h.pass(Duration::from_secs(2)).await;
        let seen = read(&h, &one.reference.item).await;
        let title = Value::Text(format!("one {number}"));
        h.tracker()
            .apply(&update(&seen, [(field::SUMMARY, title)]))
            .await
            .unwrap();
    }
    let seen = read(&h, &one.reference.item).await;
    let effect = update(&seen, [(field::SUMMARY, Value::text("too many"))]);
    let requests = h.meddler().requests();
    let (reason, after, whole) = busy(h.tracker().apply(&effect).await);
    assert!(reason.contains("updates of one ticket"), "{reason}");
    assert!(after > Duration::from_secs(500) && !whole, "{after:?}");
    assert_eq!(h.meddler().requests(), requests, "nothing was sent");
    let effect = update(&other, [(field::SUMMARY, Value::text("goes on"))]);
    h.tracker().apply(&effect).await.unwrap();
    h.pass(after).await;
    let effect = update(&seen, [(field::SUMMARY, Value::text("in time"))]);
    h.tracker().apply(&effect).await.unwrap();
}

#[tokio::test]
async fn ten_exports_are_asked_for_in_a_minute() {
    let h = limited();
    drop(item(&h, "one").await);
    let cursor = Cursor {
        since: h.now(),
        page: None,
    };
    h.pass(Duration::from_secs(300)).await;
    for _ in 0..10 {
        h.tracker().changes(&h.scope(), &cursor).await.unwrap();
    }
    let (_, after, whole) = busy(h.tracker().changes(&h.scope(), &cursor).await);
    assert!(after <= Duration::from_secs(60) && !whole, "{after:?}");
    // Tickets are read meanwhile.
    drop(item(&h, "two").await);
}

/// An answer of 429 with so much left of the account's limit.
fn refusal(remaining: &str) -> Trick {
    let body = r#"{"error": "TooManyRequests"}"#;
    let response = http::Response::builder()
        .status(429)
        .header("retry-after", "30")
        .header("x-rate-limit-remaining", remaining)
        .header("content-type", "application/json");
    Trick::Answer(response.body(body.into()).unwrap())
}

#[tokio::test]
async fn a_limit_keeps_back_what_it_concerns() {
    let h = harness();
    let (one, other) = (item(&h, "one").await, item(&h, "other").await);
    let write = |seen: &Item| update(seen, [(field::SUMMARY, Value::text("anew"))]);
    // One ticket's.
    h.meddler().next_write(refusal("300"));
    let (_, after, whole) = busy(h.tracker().apply(&write(&one)).await);
    assert_eq!((after, whole), (Duration::from_secs(30), false));
    drop(busy(h.tracker().apply(&write(&one)).await));
    h.tracker().apply(&write(&other)).await.unwrap();
    // One endpoint's.
    h.meddler().next_read(refusal("300"));
    let asked = h.tracker().query(&h.scope(), "", None).await;
    assert!(!busy(asked).2);
    read(&h, &one.reference.item).await;
    // The account's.
    h.meddler().next_read(refusal("0"));
    let asked = h.tracker().fetch(&one.reference.item).await;
    assert!(
        matches!(asked, Err(TrackerError::Retry { .. })),
        "{asked:?}"
    );
    assert!(busy(h.tracker().fetch(&other.reference.item).await).2);
}

#[tokio::test]
async fn what_changed_in_the_last_minute_is_told_too() {
    let h = harness();
    let seen = item(&h, "old").await;
    h.pass(Duration::from_secs(600)).await;
    let since = h.now();
    let (key, title) = (seen.reference.key.clone(), "first".to_owned());
    h.act(Act::Retitle {
        key: key.clone(),
        title,
    })
    .await
    .unwrap();
    h.pass(Duration::from_secs(90)).await;
    // The export leaves it out now, with its change of 90 seconds ago.
    h.act(Act::Retitle {
        key,
        title: "second".to_owned(),
    })
    .await
    .unwrap();
    let mut cursor = Some(Cursor { since, page: None });
    let mut listed = BTreeSet::new();
    while let Some(at) = cursor {
        let page = h.tracker().changes(&h.scope(), &at).await.unwrap();
        assert!(page.complete_to <= h.now().minus(Duration::from_secs(60)));
        let changes = page.changes.into_iter();
        listed.extend(changes.map(|change| change.candidate.reference.item));
        cursor = page.next;
    }
    assert_eq!(listed, BTreeSet::from([seen.reference.item]));
}
