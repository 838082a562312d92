//! Webhooks.

use super::{World, adf};
use crate::call::hmac_sha256_hex;
use crate::command::{Command, Done};
use crate::simulator::{Delivered, Simulator, Webhook};
use serde_json::{Value, json};
use std::time::Duration;

fn world() -> World {
    let mut world = World::new();
    let hook = Command::Webhook {
        url: "http://127.0.0.1:1/in".into(),
        secret: Some("s3cret".into()),
    };
    assert_eq!(world.jira.command(world.now, hook), Ok(Done::Nothing));
    world
}

fn body(webhook: &Webhook) -> Value {
    serde_json::from_slice(webhook.request.body()).unwrap()
}

fn events(world: &mut World) -> Vec<String> {
    let sent = world.jira.take_webhooks();
    sent.iter()
        .map(|webhook| body(webhook)["webhookEvent"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_change_is_told_in_order() {
    let mut world = world();
    let key = world.issue("One");
    world.expect(
        204,
        "PUT",
        &format!("issue/{key}"),
        json!({"fields": {"summary": "Two"}}),
    );
    let comment = world.expect(
        201,
        "POST",
        &format!("issue/{key}/comment"),
        json!({"body": adf("hi")}),
    );
    let path = format!("issue/{key}/comment/{}", comment["id"].as_str().unwrap());
    world.expect(200, "PUT", &path, json!({"body": adf("hi!")}));
    world.expect(204, "DELETE", &path, Value::Null);
    world.expect(204, "DELETE", &format!("issue/{key}"), Value::Null);
    assert_eq!(
        events(&mut world),
        [
            "jira:issue_created",
            "jira:issue_updated",
            "comment_created",
            "comment_updated",
            "comment_deleted",
            "jira:issue_deleted",
        ]
    );
    assert_eq!(events(&mut world), [""; 0]);
}

#[test]
fn a_webhook_is_signed_and_says_what_changed_in_plain_text() {
    let mut world = world();
    let key = world.issue("One");
    drop(world.jira.take_webhooks());
    world.expect(
        204,
        "PUT",
        &format!("issue/{key}"),
        json!({"fields": {"description": adf("text")}}),
    );
    let sent = world.jira.take_webhooks();
    let [webhook] = sent.as_slice() else {
        panic!("one webhook, not {}", sent.len())
    };
    let headers = webhook.request.headers();
    let signature = format!(
        "sha256={}",
        hmac_sha256_hex("s3cret", webhook.request.body())
    );
    assert_eq!(headers["x-hub-signature"], signature.as_str());
    assert_eq!(headers["x-atlassian-webhook-identifier"].len(), 36);
    let body = body(webhook);
    assert_eq!(body["issue"]["fields"]["description"], "text");
    assert_eq!(body["changelog"]["items"][0]["field"], "description");
    assert_eq!(body["user"]["accountId"], "712020:twinline");
    assert_eq!(body["timestamp"], json!(world.now.as_millis()));
}

#[test]
fn failed_deliveries_are_tried_five_times_more() {
    let mut world = world();
    world.issue("One");
    let sent = world.jira.take_webhooks().remove(0);
    let mut attempt = |status: u16| {
        world
            .jira
            .delivered(world.now, &sent, &Delivered::Answered { status, millis: 1 })
    };
    for status in [503, 408, 409, 425, 429] {
        let after = attempt(status).unwrap();
        assert!((Duration::from_secs(300)..=Duration::from_secs(900)).contains(&after));
    }
    assert_eq!(attempt(500), None);
    for status in [200, 204, 400, 401, 404, 410] {
        assert_eq!(attempt(status), None, "{status}");
    }
}
