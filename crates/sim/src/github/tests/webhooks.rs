use super::harness::Bench;
use crate::call::hmac_sha256_hex;
use crate::command::Command;
use crate::simulator::{Delivered, Simulator, Webhook};
use serde_json::{Value, json};

const HOOKS: &str = "/repos/acme/app/hooks";

fn registered() -> Bench {
    let mut bench = Bench::new();
    let hook = json!({
        "name": "web", "events": ["issues", "issue_comment"],
        "config": {"url": "http://edge.local/hooks/gh", "content_type": "json", "secret": "s3cret"},
    });
    assert_eq!(bench.post(HOOKS, hook).status, 201);
    bench
}

fn named(webhook: &Webhook) -> String {
    let body: Value = serde_json::from_slice(webhook.request.body()).unwrap();
    let event = webhook.request.headers()["x-github-event"]
        .to_str()
        .unwrap();
    format!("{event}.{}", body["action"].as_str().unwrap_or_default())
}

/// What a change sends.
fn check_sends(change: impl FnOnce(&mut Bench), expected: &[&str]) {
    let mut bench = registered();
    bench.issue("x");
    bench.github.take_webhooks();
    change(&mut bench);
    let sent: Vec<String> = bench.github.take_webhooks().iter().map(named).collect();
    assert_eq!(sent, expected);
}

#[test]
fn every_change_sends_its_events() {
    let issue = "/repos/acme/app/issues/1";
    let comments = "/repos/acme/app/issues/1/comments";
    check_sends(|bench| drop(bench.get(issue)), &[]);
    check_sends(|bench| drop(bench.patch(issue, json!({"title": "x"}))), &[]);
    check_sends(
        |bench| drop(bench.patch(issue, json!({"title": "y", "body": "b"}))),
        &["issues.edited"],
    );
    check_sends(
        |bench| drop(bench.patch(issue, json!({"state": "closed"}))),
        &["issues.closed"],
    );
    check_sends(
        |bench| {
            drop(bench.patch(
                issue,
                json!({"labels": ["bug", "new"], "assignees": ["ana"]}),
            ))
        },
        &["issues.labeled", "issues.labeled", "issues.assigned"],
    );
    check_sends(
        |bench| drop(bench.post(comments, json!({"body": "c"}))),
        &["issue_comment.created"],
    );
    check_sends(
        |bench| {
            bench.command(Command::Delete {
                key: "acme/app#1".into(),
                by: "ana".into(),
            });
        },
        &["issues.deleted"],
    );
    check_sends(
        |bench| {
            bench.command(Command::Move {
                key: "acme/app#1".into(),
                by: "ana".into(),
                to: "acme/archive".into(),
            });
        },
        &["issues.transferred"],
    );
    check_sends(
        |bench| {
            bench.command(Command::Hide {
                keys: vec![],
                status: 404,
            });
            bench.command(Command::edit("acme/app#1", "ana", "title", "unseen"));
        },
        &[],
    );
}

#[test]
fn a_webhook_is_signed_and_says_what_changed() {
    let mut bench = registered();
    assert_eq!(named(&bench.github.take_webhooks()[0]), "ping.");
    bench.issue("before");
    bench.github.take_webhooks();
    bench.command(Command::edit("acme/app#1", "ana", "title", "after"));
    let sent = bench.github.take_webhooks().remove(0).request;
    let signature = hmac_sha256_hex("s3cret", sent.body());
    assert_eq!(
        sent.headers()["x-hub-signature-256"],
        format!("sha256={signature}")
    );
    assert_eq!(sent.headers()["x-github-delivery"].len(), 36);
    assert_eq!(sent.uri(), "http://edge.local/hooks/gh");
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    assert_eq!(body["changes"], json!({"title": {"from": "before"}}));
    assert_eq!(
        (&body["issue"]["title"], &body["sender"]["login"]),
        (&json!("after"), &json!("ana"))
    );
    assert_eq!(body["repository"]["full_name"], "acme/app");
}

#[test]
fn a_failed_delivery_can_be_sent_again_with_the_same_id() {
    let mut bench = registered();
    let ping = bench.github.take_webhooks().remove(0);
    let failed = Delivered::Answered {
        status: 503,
        millis: 12,
    };
    assert_eq!(bench.github.delivered(bench.now, &ping, &failed), None);
    let hook = bench.get(HOOKS).body[0]["id"].clone();
    let list = format!("{HOOKS}/{hook}/deliveries");
    let shown = bench.get(&format!("{list}?status=failure"));
    assert_eq!(shown.each("status_code"), [503]);
    assert_eq!(bench.get(&format!("{list}?status=success")).body, json!([]));
    let attempt = format!("{list}/{}/attempts", shown.body[0]["id"]);
    assert_eq!(bench.post(&attempt, Value::Null).status, 202);
    let again = bench.github.take_webhooks().remove(0);
    assert_ne!(again.delivery, ping.delivery);
    assert_eq!(
        again.request.headers()["x-github-delivery"],
        ping.request.headers()["x-github-delivery"]
    );
    bench.github.delivered(
        bench.now,
        &again,
        &Delivered::Answered {
            status: 202,
            millis: 3,
        },
    );
    let all = bench.get(&list);
    assert_eq!(
        (all.each("redelivery"), all.each("guid")[0].clone()),
        (vec![json!(true), json!(false)], all.body[1]["guid"].clone())
    );
}

#[test]
fn a_hook_updated_without_its_secret_loses_it() {
    let mut bench = registered();
    let hook = bench.get(HOOKS).body[0]["id"].clone();
    let config = json!({"config": {"url": "http://edge.local/other", "content_type": "json"}});
    let updated = bench.patch(&format!("{HOOKS}/{hook}"), config);
    assert_eq!(updated.body["config"].get("secret"), None);
    let twice = bench.post(HOOKS, json!({"events": ["issues", "issue_comment"], "config": {"url": "http://edge.local/other"}}));
    assert_eq!(twice.status, 422);
}
