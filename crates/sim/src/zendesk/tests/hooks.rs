//! Webhooks.

use super::World;
use crate::call::hmac_sha256_base64;
use crate::command::Command;
use crate::simulator::{Delivered, Simulator, Webhook};
use serde_json::{Value, json};
use std::time::Duration;

const URL: &str = "http://127.0.0.1:1/in";

/// An account with a webhook for everything, and its id.
fn world() -> (World, String) {
    let mut world = World::new();
    let events = super::super::seed::EVENTS.map(|event| format!("zen:event-type:ticket.{event}"));
    let webhook = json!({"name": "w", "endpoint": URL, "http_method": "POST", "request_format": "json",
        "status": "active", "subscriptions": events});
    let made = world.expect(201, "POST", "webhooks", json!({"webhook": webhook}));
    let id = made["webhook"]["id"].as_str().unwrap().to_owned();
    (world, id)
}

fn body(webhook: &Webhook) -> Value {
    serde_json::from_slice(webhook.request.body()).unwrap()
}

fn events(world: &mut World) -> Vec<String> {
    let sent = world.zendesk.take_webhooks();
    let names = sent.iter().map(|webhook| {
        let body = body(webhook);
        let name = body["type"].as_str().unwrap();
        name.strip_prefix("zen:event-type:ticket.")
            .unwrap()
            .to_owned()
    });
    names.collect()
}

#[test]
fn every_change_is_told_in_order() {
    let (mut world, _) = world();
    let id = world.ticket("One");
    world.update(id, json!({"subject": "Two", "priority": "high"}));
    world.update(id, json!({"comment": {"body": "hi"}, "status": "pending"}));
    let comments = world.get(&format!("tickets/{id}/comments"));
    let comment = comments["comments"][1]["id"].as_u64().unwrap();
    let path = format!("tickets/{id}/comments/{comment}/make_private");
    world.expect(200, "PUT", &path, Value::Null);
    world.expect(204, "DELETE", &format!("tickets/{id}"), Value::Null);
    assert_eq!(
        events(&mut world),
        [
            "created",
            "subject_changed",
            "priority_changed",
            "status_changed",
            "custom_status_changed",
            "comment_added",
            "comment_made_private",
            "soft_deleted",
        ]
    );
}

#[test]
fn a_webhook_is_signed_over_stamp_and_body_with_zendesks_own_secret() {
    let (mut world, id) = world();
    world.ticket("One");
    let sent = world.zendesk.take_webhooks().remove(0);
    let secret = world.get(&format!("webhooks/{id}/signing_secret"));
    let secret = secret["signing_secret"]["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let header = |name: &str| sent.request.headers()[name].to_str().unwrap().to_owned();
    let mut signed = header("x-zendesk-webhook-signature-timestamp").into_bytes();
    signed.extend_from_slice(sent.request.body());
    let signature = hmac_sha256_base64(&secret, &signed);
    assert_eq!(header("x-zendesk-webhook-signature"), signature);
    assert_eq!(header("x-zendesk-webhook-id"), id);
    assert_eq!(header("x-zendesk-webhook-invocation-id").len(), 36);
    let body = body(&sent);
    assert_eq!(body["detail"]["id"], "1");
    assert_eq!(body["subject"], "zen:ticket:1");
    // A person who copies the secret makes both sides agree.
    let adopt = Command::Webhook {
        url: URL.into(),
        secret: Some("s3cret".into()),
    };
    world.zendesk.command(world.now, adopt).unwrap();
    let secret = world.get(&format!("webhooks/{id}/signing_secret"));
    assert_eq!(secret["signing_secret"]["secret"], "s3cret");
}

#[test]
fn only_what_is_subscribed_and_active_is_sent() {
    let (mut world, id) = world();
    let path = format!("webhooks/{id}");
    let some = json!({"webhook": {"subscriptions": ["zen:event-type:ticket.comment_added"]}});
    world.expect(204, "PATCH", &path, some);
    let ticket = world.ticket("One");
    world.update(ticket, json!({"comment": {"body": "hi"}}));
    assert_eq!(events(&mut world), ["comment_added"]);
    world.expect(
        204,
        "PATCH",
        &path,
        json!({"webhook": {"status": "inactive"}}),
    );
    world.update(ticket, json!({"comment": {"body": "ho"}}));
    assert_eq!(events(&mut world), [""; 0]);
    world.expect(204, "DELETE", &path, Value::Null);
    assert_eq!(world.get("webhooks")["count"], 0);
    let wrong = json!({"webhook": {"name": "w", "endpoint": "moon"}});
    world.expect(400, "POST", "webhooks", wrong);
}

#[test]
fn conflicts_and_timeouts_are_tried_again_and_nothing_else() {
    let (mut world, _) = world();
    for (how, tries) in [
        (
            Delivered::Answered {
                status: 409,
                millis: 1,
            },
            3,
        ),
        (
            Delivered::Failed {
                reason: "timed out".into(),
            },
            5,
        ),
        (
            Delivered::Failed {
                reason: "refused".into(),
            },
            0,
        ),
        (
            Delivered::Answered {
                status: 500,
                millis: 1,
            },
            0,
        ),
        (
            Delivered::Answered {
                status: 503,
                millis: 1,
            },
            0,
        ),
    ] {
        world.wait(600);
        world.ticket("One");
        let sent = world.zendesk.take_webhooks().remove(0);
        let mut again = 0;
        while world.zendesk.delivered(world.now, &sent, &how).is_some() {
            again += 1;
            world.wait(120);
        }
        assert_eq!(again, tries, "{how:?}");
    }
}

#[test]
fn the_breaker_opens_on_errors_and_closes_again() {
    let (mut world, id) = world();
    let failed = Delivered::Answered {
        status: 500,
        millis: 1,
    };
    for n in 0..10 {
        world.ticket(&format!("Ticket {n}"));
        let sent = world.zendesk.take_webhooks();
        assert_eq!(sent.len(), 1, "{n}");
        assert_eq!(world.zendesk.delivered(world.now, &sent[0], &failed), None);
    }
    world.ticket("unheard");
    assert!(world.zendesk.take_webhooks().is_empty());
    let path = format!("webhooks/{id}/invocations?page[size]=1&sort=-latest_completed_at");
    let newest = world.get(&path);
    assert_eq!(newest["invocations"][0]["status"], "circuit broken");
    world.now = world.now.plus(Duration::from_secs(60));
    world.ticket("heard");
    let sent = world.zendesk.take_webhooks();
    let taken = Delivered::Answered {
        status: 202,
        millis: 1,
    };
    assert_eq!(world.zendesk.delivered(world.now, &sent[0], &taken), None);
    world.wait(1);
    assert_eq!(world.get(&path)["invocations"][0]["status"], "success");
}
