//! The webhook: set up by the connector, signed with Zendesk's own secret.

use super::*;
use crate::tracker::{NoticeKind, Subscribed};

const URL: &str = "http://edge.example/in/zendesk";
const SECRET: &str = "the text that Zendesk shows";

/// Sets the webhook up, and copies its secret as a person does.
async fn subscribed() -> SimHarness {
    let h = harness();
    let first = h
        .tracker()
        .subscribe(&h.scope(), URL, SECRET)
        .await
        .unwrap();
    let Subscribed::ByHand(how) = first else {
        panic!("{first:?}");
    };
    assert!(how.contains(URL) && how.contains("Reveal secret"), "{how}");
    assert!(!how.contains(SECRET), "{how}");
    h.set_up_webhook(URL, SECRET).await.unwrap();
    h
}

async fn registered(h: &SimHarness) {
    let again = h.tracker().subscribe(&h.scope(), URL, SECRET).await;
    assert_eq!(again.unwrap(), Subscribed::Registered);
}

async fn webhooks(h: &SimHarness) -> Vec<Json> {
    let listed = h.raw(
        http::Method::GET,
        "/api/v2/webhooks",
        AUTHORIZATION,
        Json::Null,
    );
    listed.await["webhooks"].as_array().unwrap().clone()
}

#[tokio::test]
async fn once_the_secret_is_copied_it_is_registered_and_stays_one() {
    let h = subscribed().await;
    for _ in 0..2 {
        registered(&h).await;
    }
    assert_eq!(webhooks(&h).await.len(), 1);
    item(&h, "once").await;
    assert_eq!(h.deliveries(URL).await.len(), 1);
    let faults = h.tracker().probe_place(&h.scope(), Some(URL)).await;
    assert_eq!(faults.unwrap(), Vec::<String>::new());
    // Another secret is noticed.
    let other = h.tracker().subscribe(&h.scope(), URL, "another").await;
    assert!(matches!(other.unwrap(), Subscribed::ByHand(_)));
    for _ in 0..2 {
        h.tracker().unsubscribe(&h.scope(), URL).await.unwrap();
    }
    assert!(webhooks(&h).await.is_empty());
}

#[tokio::test]
async fn what_somebody_switched_off_or_cut_is_told_and_repaired() {
    let h = subscribed().await;
    registered(&h).await;
    let id = webhooks(&h).await[0]["id"].as_str().unwrap().to_owned();
    for spoilt in [
        json!({"webhook": {"status": "inactive"}}),
        json!({"webhook": {"subscriptions": ["zen:event-type:ticket.created"]}}),
    ] {
        let off = spoilt["webhook"].get("status").is_some();
        let path = format!("/api/v2/webhooks/{id}");
        h.raw(http::Method::PATCH, &path, AUTHORIZATION, spoilt)
            .await;
        let faults = h
            .tracker()
            .probe_place(&h.scope(), Some(URL))
            .await
            .unwrap();
        assert_eq!(
            faults.iter().any(|fault| fault.contains("switched off")),
            off,
            "{faults:?}"
        );
        registered(&h).await;
        let key = item(&h, "again").await.reference.key;
        h.deliveries(URL).await;
        let (text, kind) = ("a word".to_owned(), NoticeKind::Commented);
        h.act(Act::Comment { key, text }).await.unwrap();
        let sent = h.deliveries(URL).await.remove(0);
        let told = h.webhook().unwrap().decode(sent.headers(), sent.body());
        assert_eq!(told.unwrap()[0].kind, kind);
    }
}

#[tokio::test]
async fn the_breaker_is_noticed() {
    let h = subscribed().await;
    registered(&h).await;
    for number in 0..11 {
        item(&h, &format!("unheard {number}")).await;
        h.lose_deliveries();
    }
    let faults = h
        .tracker()
        .probe_place(&h.scope(), Some(URL))
        .await
        .unwrap();
    assert!(faults[0].contains("'circuit broken'"), "{faults:?}");
}

#[tokio::test]
async fn without_the_right_to_manage_webhooks_the_way_is_told() {
    let under = Under {
        auth: &[("email", "ana@acme.example"), ("token", API_TOKEN)],
        ..under()
    };
    let simulator = twinline_sim::zendesk::Zendesk::new(demo_site());
    let h = SimHarness::new(Box::new(simulator), under);
    let how = h
        .tracker()
        .subscribe(&h.scope(), URL, SECRET)
        .await
        .unwrap();
    assert!(
        matches!(&how, Subscribed::ByHand(how) if how.contains("An administrator opens")),
        "{how:?}"
    );
    let gone = h.tracker().unsubscribe(&h.scope(), URL).await;
    assert!(
        matches!(gone, Err(TrackerError::Credentials { .. })),
        "{gone:?}"
    );
}
