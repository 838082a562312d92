//! What is shipped for Prometheus (deploy/prometheus), on a real one that scrapes a real installation.

use crate::support::{Installation, Simulators, create, in_jira, until};
use crate::webhooks::ask;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use twinline_sim::postgres::Postgres;
use twinline_sim::prometheus::{Monitoring, promtool};

const RULES: &str = "twinline.rules.yml";
/// What is told only where there is TLS or a proof of it, which this installation has not.
const WITHOUT_SAMPLES: [&str; 5] = [
    "twinline_edge_deliveries_total",
    "twinline_edge_host_ejected",
    "twinline_edge_tls_certificate_expires_timestamp_seconds",
    "twinline_edge_tls_certificate_refused",
    "twinline_edge_tls_domain_uncertified",
];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(shipped().join(name)).unwrap()
}

/// An answer of Prometheus' API.
fn data(monitoring: &Monitoring, path: &str) -> Option<Value> {
    let at: SocketAddr = monitoring.address().parse().unwrap();
    let answer = ask(at, &format!("GET /api/v1/{path} HTTP/1.0"), "")?;
    let answer: Value = serde_json::from_str(&answer.body).ok()?;
    (answer["status"] == "success").then(|| answer["data"].clone())
}

/// Names that begin as ours do.
fn names(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter: char| !is_of_name(letter));
    let ours = words.filter(|word| word.starts_with("twinline_"));
    ours.map(str::to_owned).collect()
}

/// The shipped configuration, for this installation and this moment.
fn configuration(edge: SocketAddr, host: SocketAddr) -> String {
    let text = text("prometheus.yml").replace("5s", "1s");
    let lines = text.lines().filter(|line| !line.contains("machine: m2"));
    let lines: Vec<String> = lines
        .map(|line| {
            line.replace("10.0.0.11:7410", &edge.to_string())
                .replace("10.0.0.11:7401", &host.to_string())
        })
        .collect();
    lines.join("\n")
}

#[test]
fn the_rules_that_are_shipped_are_sound_and_say_what_their_tests_say() {
    if !Monitoring::can_run() {
        return;
    }
    let judge = |arguments: &[&str]| promtool(&shipped(), arguments).unwrap();
    judge(&["check", "config", "prometheus.yml"]);
    judge(&["check", "rules", RULES]);
    judge(&["test", "rules", "twinline.rules.test.yml"]);
}

#[test]
fn prometheus_tells_that_commits_hang_while_reads_succeed() {
    if !Monitoring::can_run() || !Postgres::can_run() {
        return;
    }
    let server = Postgres::start(&[]).unwrap();
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/central.url", &server.url());
    let mut toml = std::fs::read_to_string(installation.path("twinline.toml")).unwrap();
    toml.push_str("[central]\nurl = { file = \"secrets/central.url\" }\n");
    installation.write("twinline.toml", &toml);
    installation.json(&["apply"]);
    let up = installation.up();
    create(&simulators, "Before");
    in_jira(&simulators, "Before");
    let edge = installation.listener("edge", "private").unwrap();
    let host = installation.listener("host", "api").unwrap();
    let rules = text(RULES);
    let prometheus =
        Monitoring::prometheus(&configuration(edge, host), &[(RULES, rules.as_str())]).unwrap();

    let known = until("both to be scraped, and every metric of the rules", || {
        let up = data(&prometheus, "query?query=up==1")?;
        let known = data(&prometheus, "label/__name__/values")?;
        let known = names(&known.to_string());
        let asked = names(&rules);
        let missing = asked
            .iter()
            .filter(|name| !known.contains(*name) && !WITHOUT_SAMPLES.contains(&name.as_str()));
        let is_whole = up["result"].as_array()?.len() == 2 && missing.count() == 0;
        is_whole.then_some(known)
    });
    assert!(known.contains("twinline_central_commits_ok"), "{known:?}");

    server.hang_commits().unwrap();
    let alert = || {
        let alerts = data(&prometheus, "alerts")?;
        let is_it = |alert: &&Value| alert["labels"]["alertname"] == "TwinlineCommitsFail";
        Some(alerts["alerts"].as_array()?.iter().find(is_it).cloned())
    };
    let fires = until("the alert that commits fail", || {
        alert()?.filter(|alert| alert["state"] == "firing")
    });
    assert_eq!(fires["labels"]["element"], "database:central");
    server.let_commit().unwrap();
    until("the end of the alert", || alert()?.is_none().then_some(()));
    drop(up);
    simulators.end();
}
