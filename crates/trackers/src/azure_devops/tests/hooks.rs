//! Service hooks: registering, repairing, telling what is wrong, reading deliveries.

use super::super::webhook::AzureWebhook;
use super::*;
use crate::conformance::Act;
use crate::tracker::{Notice, NoticeKind, Webhook};
use http::{HeaderMap, Method};

const URL: &str = "https://edge.example/hooks/node";
const PLAIN: &str = "http://edge.example/hooks/node";
const PATH: &str = "/_apis/hooks/subscriptions";

async fn subscribe(h: &SimHarness, url: &str) {
    let subscribed = h.tracker().subscribe(&h.scope(), url, "a secret").await;
    assert_eq!(subscribed.unwrap(), Subscribed::Registered);
}

async fn subscriptions(h: &SimHarness) -> Vec<Json> {
    let listed = h.raw(Method::GET, PATH, AUTHORIZATION, Json::Null).await;
    listed["value"].as_array().unwrap().clone()
}

async fn item(h: &SimHarness) -> String {
    let title = "An item".to_owned();
    h.act(Act::Create { title }).await.unwrap()
}

#[tokio::test]
async fn the_secret_is_a_password_where_the_connection_is_encrypted_and_else_a_header() {
    for (url, header) in [(URL, "authorization"), (PLAIN, "x-twinline-secret")] {
        let h = harness();
        subscribe(&h, url).await;
        item(&h).await;
        let sent = h.deliveries(url).await;
        let headers = sent[0].headers();
        assert!(headers.contains_key(header), "{headers:?}");
        let verified = |secrets: &[&[u8]]| AzureWebhook.verify(secrets, headers, b"").is_ok();
        assert!(verified(&[b"old", b"a secret"]));
        assert!(!verified(&[b"a secre"]) && !verified(&[b""]) && !verified(&[]));
    }
    let nothing = AzureWebhook.verify(&[b""], &HeaderMap::new(), b"");
    assert!(nothing.is_err());
}

#[tokio::test]
async fn one_that_was_switched_off_is_told_and_switched_on_and_doubles_are_removed() {
    let h = harness();
    subscribe(&h, URL).await;
    assert_eq!(faults(&h).await, "");
    let mut first = subscriptions(&h).await.remove(0);
    let path = format!("{PATH}/{}", first["id"].as_str().unwrap());
    first["status"] = json!("disabledByUser");
    h.raw(Method::PUT, &path, AUTHORIZATION, first.clone())
        .await;
    h.raw(Method::POST, PATH, AUTHORIZATION, first).await;
    let told = faults(&h).await;
    assert!(
        told.contains("workitem.created") && told.contains("switched off (disabledByUser)"),
        "{told}"
    );
    assert_eq!(subscriptions(&h).await.len(), 6);
    subscribe(&h, URL).await;
    assert_eq!(subscriptions(&h).await.len(), 5);
    assert_eq!(faults(&h).await, "");
}

/// What is wrong with the scope, with our webhook at its address.
async fn faults(h: &SimHarness) -> String {
    let faults = h.tracker().probe_place(&h.scope(), Some(URL)).await;
    faults.unwrap().join("; ")
}

#[tokio::test]
async fn deliveries_that_nobody_took_put_a_subscription_on_probation() {
    let h = harness();
    subscribe(&h, URL).await;
    for _ in 0..20 {
        item(&h).await;
        // Each is tried again for minutes before it is lost.
        for _ in 0..8 {
            h.lose_deliveries();
            h.pass(Duration::from_secs(1500)).await;
        }
    }
    let told = faults(&h).await;
    assert!(told.contains("is on probation"), "{told}");
    subscribe(&h, URL).await;
    assert_eq!(faults(&h).await, "");
}

#[tokio::test]
async fn who_may_not_manage_service_hooks_is_told_what_to_do_by_hand() {
    let mut site = demo_organization();
    site.switches.hooks_allowed = false;
    let h = over(site, under());
    let subscribed = h.tracker().subscribe(&h.scope(), URL, "s").await.unwrap();
    let Subscribed::ByHand(how) = subscribed else {
        panic!("{subscribed:?}");
    };
    assert!(how.contains(URL) && how.contains("Support"), "{how}");
    let left = h.tracker().unsubscribe(&h.scope(), URL).await;
    assert!(
        matches!(left, Err(TrackerError::Credentials { .. })),
        "{left:?}"
    );
}

/// A body in the shape of Microsoft's page on events.
fn updated() -> Json {
    json!({
        "subscriptionId": "b0b1", "notificationId": 4, "id": "27646e0e", "eventType": "workitem.updated", "publisherId": "tfs",
        "resource": { "id": 2, "workItemId": 5, "rev": 2, "revisedBy": null, "revisedDate": "9999-01-01T00:00:00Z",
            "fields": { "System.State": { "oldValue": "New", "newValue": "Approved" } },
            "revision": { "id": 5, "rev": 2, "fields": { "System.AreaPath": "FabrikamCloud", "System.TeamProject": "FabrikamCloud",
                "System.WorkItemType": "Bug", "System.State": "Approved", "System.ChangedDate": "2014-07-15T16:48:44.663Z" } } },
        "resourceVersion": "1.0", "createdDate": "2014-07-15T16:48:45Z",
    })
}

fn decoded(body: &Json) -> Vec<Notice> {
    let body = body.to_string();
    AzureWebhook
        .decode(&HeaderMap::new(), body.as_bytes())
        .unwrap()
}

#[test]
fn a_delivery_is_read() {
    let notices = decoded(&updated());
    let [notice] = &notices[..] else {
        panic!("{notices:?}");
    };
    assert_eq!(
        (notice.item.as_str(), &notice.kind),
        ("5", &NoticeKind::Changed)
    );
    assert_eq!(notice.scope["type"], "Bug");
    assert_eq!(
        notice.version.as_ref().and_then(|version| version.revision),
        Some(2)
    );
    let body = updated().to_string();
    let id = |body: &str| AzureWebhook.delivery_id(&HeaderMap::new(), body.as_bytes());
    assert_eq!(id(&body).as_deref(), Some("b0b1/4"));
    assert_eq!(id("{}"), None);
}

#[test]
fn other_events_give_no_notice_and_what_is_no_event_is_malformed() {
    let mut build = updated();
    build["eventType"] = json!("build.complete");
    assert_eq!(decoded(&build), []);
    for body in ["", "[]", "{}", "{\"eventType\":\"workitem.created\"}"] {
        let read = AzureWebhook.decode(&HeaderMap::new(), body.as_bytes());
        assert!(read.is_err(), "{body}: {read:?}");
    }
}
