//! The table of targets: every decoder of what comes from outside.

use super::{api, connectors, edge, outside, seeds, workers};
use anyhow::Result;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::path::Path;
use twinline::config;
use twinline_core::marker::Marker;
use twinline_core::richtext::{Dialect, adf, html, markdown, merge, plain, textile};
use twinline_core::time::Timestamp;
use twinline_edge::protocol;
use twinline_rules::source::SourceFile;
use twinline_rules::{fixtures, parse};
use twinline_trackers::{TrackerDescription, registry};

/// Tries one input; panics when something is wrong.
pub(super) type Judge = Box<dyn FnMut(&[u8])>;

/// One decoder, or a family of them.
pub(super) struct Target {
    pub(super) name: &'static str,
    /// Real inputs.
    pub(super) seeds: fn() -> Result<Vec<Vec<u8>>>,
    pub(super) judge: fn() -> Result<Judge>,
}

pub(super) const TARGETS: &[Target] = &[
    target("azure-devops-connector", seeds::none, connectors::azure),
    target("github-connector", seeds::none, connectors::github),
    target("jira-cloud-connector", seeds::none, connectors::jira),
    target("json-http-connector", seeds::none, connectors::json_http),
    target("description", seeds::descriptions, || judge(description)),
    target("redmine-connector", seeds::none, connectors::redmine),
    target("azure-devops-webhook", seeds::azure_webhooks, || {
        webhook("azure-devops")
    }),
    target("zendesk-connector", seeds::none, connectors::zendesk),
    target("servicenow-connector", seeds::none, connectors::servicenow),
    target("github-webhook", seeds::github_webhooks, || {
        webhook("github")
    }),
    target("jira-cloud-webhook", seeds::jira_webhooks, || {
        webhook("jira-cloud")
    }),
    target("zendesk-webhook", seeds::zendesk_webhooks, || {
        webhook("zendesk")
    }),
    target("servicenow-webhook", seeds::none, || webhook("servicenow")),
    target("markdown", seeds::markdown, || judge(markdown)),
    target("adf", seeds::adf, || judge(adf)),
    target("html", seeds::html, || judge(html)),
    target("textile", seeds::textile, || judge(textile)),
    target("merge", seeds::markdown, || judge(merged)),
    target("configuration", seeds::configuration, || {
        judge(configuration)
    }),
    target("rules", seeds::rules, || judge(rules)),
    target("fixtures", seeds::fixtures, || judge(fixture)),
    target("small-texts", seeds::small, || judge(small)),
    target("inbox-protocol", seeds::protocol, || judge(inbox_protocol)),
    target("edge-requests", seeds::requests, edge::judge),
    target("host-api", api::requests, api::judge),
    target("script-worker", seeds::to_worker, workers::child),
    target("script-parent", seeds::from_worker, workers::parent),
    target("csv", seeds::csv, outside::csv),
    target("central-address", seeds::addresses, || {
        judge(outside::central_address)
    }),
    target("directory", seeds::directory, outside::directory),
    target("traceparent", seeds::traceparents, || {
        judge(outside::traceparent)
    }),
    target("etcd", seeds::etcd, outside::etcd),
];

const fn target(
    name: &'static str,
    seeds: fn() -> Result<Vec<Vec<u8>>>,
    judge: fn() -> Result<Judge>,
) -> Target {
    Target { name, seeds, judge }
}

fn judge(try_one: fn(&[u8])) -> Result<Judge> {
    Ok(Box::new(try_one))
}

/// A description that is read is sound: what it can do is told without more ado.
fn description(input: &[u8]) {
    if let Ok(described) = TrackerDescription::parse(&String::from_utf8_lossy(input)) {
        let can = described.capabilities();
        assert!(!can.scope_keys.is_empty(), "a scope has a key");
    }
}

/// The input is a body; the event's name goes round.
fn webhook(tracker: &'static str) -> Result<Judge> {
    let reader = registry::webhook(tracker)?;
    let events = ["issues", "issue_comment", "ping", "sub_issues", "push"];
    let mut number = 0;
    Ok(Box::new(move |input| {
        number += 1;
        let mut headers = HeaderMap::new();
        let event = events[number % events.len()];
        headers.insert("x-github-event", HeaderValue::from_static(event));
        let signature = HeaderName::from_static("x-hub-signature-256");
        if let Ok(value) = HeaderValue::from_bytes(&input[..input.len().min(80)]) {
            headers.insert(signature, value.clone());
            headers.insert("x-hub-signature", value.clone());
            headers.insert("x-github-delivery", value.clone());
            headers.insert("x-twinline-signature", value.clone());
            headers.insert("x-zendesk-webhook-signature", value.clone());
            headers.insert("x-zendesk-webhook-signature-timestamp", value.clone());
            headers.insert("x-atlassian-webhook-identifier", value);
        }
        // Whether it is taken does not matter; that a wrong signature is not, does.
        let genuine = reader.verify(&[b"a secret"], &headers, input);
        assert!(genuine.is_err(), "nobody signed this");
        drop(reader.delivery_id(&headers, input));
        drop(reader.decode(&headers, input));
    }))
}

fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// What is decoded and encoded stays itself: the second time nothing changes any more.
fn markdown(input: &[u8]) {
    let document = markdown::decode(&text(input));
    let (written, _) = markdown::encode(&document);
    let (again, _) = markdown::encode(&markdown::decode(&written));
    assert_eq!(again, written, "written, read and written again");
    drop(adf::encode(&document));
    drop(plain::encode(&document));
    for dialect in [
        Dialect::Adf,
        Dialect::Html,
        Dialect::Markdown,
        Dialect::Textile,
        Dialect::Plain,
    ] {
        drop(dialect.project(&document));
    }
}

/// What was read and written once stays itself.
fn html(input: &[u8]) {
    let (written, _) = html::encode(&html::decode(&text(input)));
    let document = html::decode(&written);
    let (again, _) = html::encode(&document);
    assert_eq!(
        html::decode(&again),
        document,
        "written, read and written again"
    );
    drop(markdown::encode(&document));
    drop(Dialect::Adf.project(&document));
}

/// What was read and written once stays itself.
fn textile(input: &[u8]) {
    let (written, _) = textile::encode(&textile::decode(&text(input)));
    let document = textile::decode(&written);
    let (again, _) = textile::encode(&document);
    assert_eq!(
        textile::decode(&again),
        document,
        "written, read and written again"
    );
    drop(markdown::encode(&document));
    drop(Dialect::Adf.project(&document));
    drop(Dialect::Html.project(&document));
}

fn adf(input: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    if let Ok(document) = adf::decode(&value) {
        let (written, _) = adf::encode(&document);
        let again = adf::decode(&written).expect("what is written can be read");
        assert_eq!(
            adf::encode(&again).0,
            written,
            "written, read and written again"
        );
        drop(markdown::encode(&document));
        drop(Dialect::Markdown.project(&document));
    }
}

/// Three versions of one text: pieces of the input.
fn merged(input: &[u8]) {
    let text = text(input);
    let middle = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let (left, right) = text.split_at(middle);
    let base = markdown::decode(&text);
    let ours = markdown::decode(&format!("{left}\n\nours\n\n{right}"));
    let theirs = markdown::decode(right);
    let project = |block: &_| Dialect::Plain.project_block(block);
    let merged = merge::merge3(&base, &ours, &theirs, &project);
    for conflict in &merged.conflicts {
        assert!(conflict.at.end <= merged.document.blocks.len());
    }
    assert_eq!(merge::merge3(&base, &ours, &base, &project).document, ours);
}

/// What is refused names its place, in a sentence that a person can read; what is taken stays itself when written.
fn configuration(input: &[u8]) {
    let path = Path::new("fuzz/twinline.toml");
    match config::parse(path, &text(input)) {
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.starts_with("fuzz/twinline.toml"), "{sentence}");
            assert!(!error.reason.is_empty(), "a refusal says why");
        }
        Ok(read) => {
            let written = toml::to_string(&read).expect("a configuration can be written");
            let again = config::parse(Path::new("twinline.toml"), &written);
            let again = again.unwrap_or_else(|error| panic!("{error}\n{written}"));
            assert_eq!(again.nodes.len(), read.nodes.len());
        }
    }
}

fn rules(input: &[u8]) {
    let source = SourceFile::new("fuzz.toml", text(input));
    if let Err(findings) = parse::parse(&source) {
        assert!(!findings.is_empty(), "a refusal says why");
    }
}

fn fixture(input: &[u8]) {
    drop(fixtures::parse(&SourceFile::new("fuzz.toml", text(input))));
}

fn small(input: &[u8]) {
    let text = text(input);
    if let Some(marker) = Marker::parse(&text) {
        assert_eq!(marker.to_string(), text);
    }
    if let Ok(time) = Timestamp::parse(&text) {
        assert!(Timestamp::parse(&time.to_string()).is_ok(), "{text}");
    }
}

fn inbox_protocol(input: &[u8]) {
    drop(serde_json::from_slice::<protocol::Owner>(input));
    drop(serde_json::from_slice::<protocol::Pull>(input));
    drop(serde_json::from_slice::<protocol::Ack>(input));
    drop(serde_json::from_slice::<protocol::Deliveries>(input));
    drop(serde_json::from_slice::<protocol::Cursors>(input));
}
