//! The business rule itself, run over what it sees of an instance; and what it posts, read as a delivery.

use super::super::webhook::RuleWebhook;
use super::*;
use crate::tracker::{Notice, NoticeKind, Webhook as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use rquickjs::{CatchResultExt as _, Context, Function, Runtime};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;

const INSTANCE: &str = include_str!("instance.js");
const SECRET: &str = "a secret with \u{fc}mlauts";
const URL: &str = "https://sync.acme.example/hooks/acme-snow";
const SYS_ID: &str = "0123456789abcdef0123456789abcdef";

#[derive(Debug, Deserialize)]
struct Posted {
    url: String,
    method: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn hmac_of(key: String, data: String) -> String {
    let key = STANDARD.decode(key).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    STANDARD.encode(mac.chain_update(data).finalize().into_bytes())
}

/// What the rule posts, and what it warns of, when `operation` has made a record of `now` out of one of `was`.
fn run(
    secret: &str,
    operation: &str,
    (was, now): (&serde_json::Value, &serde_json::Value),
    changed: &[&str],
) -> (Vec<Posted>, Vec<String>) {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let properties = json!({ "twinline.webhook_secret.acme-snow": secret });
    let before = match was.is_null() {
        true => "null".to_owned(),
        false => format!("record('', {was}, [])"),
    };
    let set_up = format!(
        "var properties = {properties}; var current = record('{operation}', {now}, {}); var previous = {before};",
        json!(changed)
    );
    let rule = script(&"acme-snow".into(), "incident", URL);
    let told = context.with(|ctx| {
        let globals = ctx.globals();
        let base64 = |text: String| STANDARD.encode(text);
        globals
            .set("base64", Function::new(ctx.clone(), base64).unwrap())
            .unwrap();
        globals
            .set("hmac", Function::new(ctx.clone(), hmac_of).unwrap())
            .unwrap();
        for source in [INSTANCE, set_up.as_str(), rule.as_str()] {
            ctx.eval::<(), _>(source).catch(&ctx).unwrap();
        }
        ctx.eval::<String, _>("JSON.stringify([posted, warned])")
            .catch(&ctx)
            .unwrap()
    });
    serde_json::from_str(&told).unwrap()
}

fn record(table: &str) -> serde_json::Value {
    json!({
        "sys_class_name": table, "sys_id": SYS_ID, "number": "INC0010001", "sys_mod_count": "4",
        "sys_updated_on": "2026-01-31 09:30:00", "comments": "", "work_notes": "", "short_description": "\u{fc}ber",
    })
}

fn headers(posted: &Posted) -> HeaderMap {
    let headers = posted.headers.iter();
    let headers = headers.map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    headers.collect()
}

/// What a delivery of the rule tells.
fn told(operation: &str, was: &serde_json::Value, table: &str, changed: &[&str]) -> Notice {
    let (posted, warned) = run(SECRET, operation, (was, &record(table)), changed);
    assert_eq!(warned, [""; 0]);
    let [one] = posted.as_slice() else {
        panic!("{posted:?}");
    };
    assert_eq!((one.url.as_str(), one.method.as_str()), (URL, "post"));
    let (headers, body) = (headers(one), one.body.as_bytes());
    let (verified, forged) = (
        RuleWebhook.verify(&[b"old", SECRET.as_bytes()], &headers, body),
        RuleWebhook.verify(&[b"old"], &headers, body),
    );
    assert!(verified.is_ok() && forged.is_err(), "{one:?}");
    let id = RuleWebhook.delivery_id(&headers, body);
    assert_eq!(id.as_deref(), Some(SYS_ID));
    let mut notices = RuleWebhook.decode(&headers, body).unwrap();
    assert_eq!(notices.len(), 1);
    notices.remove(0)
}

fn check(operation: &str, was: &serde_json::Value, changed: &[&str], expected: &NoticeKind) {
    let notice = told(operation, was, "incident", changed);
    assert_eq!(notice.kind, *expected, "{operation} {changed:?}");
    assert_eq!(notice.item, format!("incident:{SYS_ID}"));
    let tells_version = notice.version.is_some();
    assert_eq!(tells_version, *expected != NoticeKind::Deleted);
}

#[test]
fn what_the_script_posts_is_genuine_and_says_what_happened() {
    let before = record("incident");
    let nothing = serde_json::Value::Null;
    check(
        "insert",
        &nothing,
        &["short_description"],
        &NoticeKind::Changed,
    );
    check(
        "update",
        &before,
        &["short_description"],
        &NoticeKind::Changed,
    );
    check("update", &before, &["comments"], &NoticeKind::Commented);
    check("update", &before, &["work_notes"], &NoticeKind::Commented);
    check("delete", &before, &[], &NoticeKind::Deleted);
}

#[test]
fn a_record_that_is_made_one_of_another_table_has_moved() {
    let notice = told(
        "update",
        &record("incident"),
        "problem",
        &["sys_class_name"],
    );
    assert_eq!(notice.item, format!("incident:{SYS_ID}"));
    let there = format!("problem:{SYS_ID}");
    assert_eq!(notice.kind, NoticeKind::Moved(Some(there)));
}

#[test]
fn a_table_without_journals_and_numbers_is_told_of_too() {
    let bare = json!({ "sys_class_name": "u_asset", "sys_id": SYS_ID, "sys_mod_count": "0",
        "sys_updated_on": "2026-01-31 09:30:00" });
    let (posted, _) = run(SECRET, "update", (&bare, &bare), &[]);
    let notices = RuleWebhook.decode(&headers(&posted[0]), posted[0].body.as_bytes());
    assert_eq!(notices.unwrap()[0].item, format!("u_asset:{SYS_ID}"));
}

#[test]
fn without_the_secret_nothing_is_posted_and_that_is_said() {
    let (posted, warned) = run(
        "",
        "insert",
        (&serde_json::Value::Null, &record("incident")),
        &[],
    );
    assert!(posted.is_empty(), "{posted:?}");
    assert!(
        warned[0].contains("twinline.webhook_secret.acme-snow is empty"),
        "{warned:?}"
    );
}

#[test]
fn the_script_is_in_the_language_that_instances_run() {
    // ECMAScript 5: what came later an instance of an older mode does not read.
    for later in ["=>", "let ", "const ", "`", "class ", "async "] {
        assert!(!TEMPLATE.contains(later), "{later}");
    }
}
