//! What a host says of a node's credentials and webhooks, and what follows.

use super::super::{Fixed, Web};
use super::*;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::probe::Failure;
use twinline_trackers::http::{Secret, Way};

fn check(asks: Asks, status: &Json, expected: &str) {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let web = Arc::new(Web::new(Secret::new("token"), Way::plain()).unwrap());
    let hosts = Hosts::new(web, vec![Arc::new(Fixed(nowhere))], Duration::from_secs(1));
    let nodes = Nodes::new(hosts, BTreeSet::from(["a".to_owned()]), asks);
    let found = match nodes.judge("a", status) {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Unseen => "unseen".to_owned(),
        Outcome::Failed(Failure::Answer { detail }) => detail,
        Outcome::Failed(failure) => format!("{failure:?}"),
    };
    assert_eq!(found, expected, "{status}");
}

fn credentials(state: &Json, expected: &str) {
    let node = json!({ "node": "a", "state": state, "scopes": 1 });
    check(Asks::Credentials, &json!({ "nodes": [node] }), expected);
}

#[test]
fn refused_credentials_are_told_in_the_trackers_words() {
    credentials(&json!({ "state": "open" }), "passed");
    credentials(&json!({ "state": "paused", "reason": "x" }), "passed");
    let backs_off = json!({ "state": "backing_off", "reason": "502", "failures": 5 });
    credentials(&backs_off, "unseen");
    credentials(
        &json!({ "state": "credentials", "sentence": "the token has ended: make another" }),
        "its tracker refuses the credentials: the token has ended: make another",
    );
    check(Asks::Credentials, &json!({ "nodes": [] }), "unseen");
    // In a fleet whose groups all answer it is in no connection.
    check(
        Asks::Credentials,
        &json!({ "nodes": [], "groups": [] }),
        "passed",
    );
}

fn webhooks(webhook: &Json, unannounced: u64, expected: &str) {
    let mut node = json!({
        "node": "a", "state": { "state": "open" }, "scopes": 1,
        "webhook": webhook, "unannounced": unannounced, "webhook_at": null,
    });
    let asks = Asks::Webhooks { unannounced_max: 3 };
    check(asks, &json!({ "nodes": [node] }), expected);
    // Where nothing is to cross nothing is missed.
    for rests in [
        json!({ "scopes": 0 }),
        json!({ "state": { "state": "paused" } }),
    ] {
        for (key, value) in rests.as_object().unwrap() {
            let before = std::mem::replace(&mut node[key], value.clone());
            check(asks, &json!({ "nodes": [node] }), "passed");
            node[key] = before;
        }
    }
}

#[test]
fn a_webhook_that_brings_nothing_is_told() {
    let registered = json!({ "state": "registered" });
    webhooks(&registered, 2, "passed");
    let silent = "its webhook has told of nothing since its host began, and 3 sweeps have found changes meanwhile";
    webhooks(&registered, 3, silent);
    let by_hand = json!({ "state": "by_hand", "how": "Make it." });
    webhooks(&by_hand, 0, "passed");
    webhooks(&by_hand, 3, &format!("{silent}. Make it."));
    let failing = json!({ "state": "failing", "why": "it is switched off" });
    webhooks(&failing, 0, "it is switched off");
    // Nobody asked the tracker for one: sweeps find everything there.
    webhooks(&json!({ "state": "unasked" }), 9, "passed");
}

#[test]
fn a_host_that_says_nothing_of_webhooks_is_an_older_one() {
    let node = json!({ "node": "a", "state": { "state": "open" }, "scopes": 1 });
    let asks = Asks::Webhooks { unannounced_max: 3 };
    check(asks, &json!({ "nodes": [node] }), "unseen");
    check(asks, &json!({}), "unseen");
}
