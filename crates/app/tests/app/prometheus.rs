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
/// What is told only where there is TLS, or where something was delivered, failed or was refused: not here.
const WITHOUT_SAMPLES: [&str; 6] = [
    "twinline_edge_deliveries_total",
    "twinline_edge_host_ejected",
    "twinline_edge_signatures_refused",
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

/// The shipped configuration, for these targets and this moment. Those that are not given are left out.
fn configuration(targets: &[(&str, SocketAddr)], alertmanager: Option<&Monitoring>) -> String {
    let text = text("prometheus.yml").replace("5s", "1s");
    let kept = |line: &&str| {
        !line.contains("targets: [\"10.") || targets.iter().any(|(at, _)| line.contains(at))
    };
    let mut text = text.lines().filter(kept).collect::<Vec<_>>().join("\n");
    for (shipped, at) in targets {
        text = text.replace(shipped, &at.to_string());
    }
    alertmanager.map_or_else(
        || text.clone(),
        |it| text.replace("127.0.0.1:9093", &it.address()),
    )
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
    let configuration = configuration(&[("10.0.0.11:7410", edge), ("10.0.0.11:7401", host)], None);
    let prometheus = Monitoring::prometheus(&configuration, &[(RULES, rules.as_str())]).unwrap();

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

#[test]
fn an_alert_of_prometheus_is_an_incident_of_watch() {
    if !Monitoring::can_run() {
        return;
    }
    let installation = Installation::new("");
    installation.write("inbound.token", "what other monitoring shows\n");
    let toml = std::fs::read_to_string(installation.path("twinline.toml")).unwrap();
    let watch = "[watch]\nlisten = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n\
                 inbound_token = { file = \"inbound.token\" }\n";
    let toml = toml.replace("[watch]\nenabled = false\n", watch);
    installation.write("twinline.toml", &toml);
    let up = installation.up();
    let private = until("watch", || installation.listener("watch", "private"));
    let edge = installation.listener("edge", "private").unwrap();
    let refused = ask(private, "POST /v1/inbound/alertmanager HTTP/1.1", "{}").unwrap();
    assert_eq!(refused.status, 401, "{refused:?}");
    let shown = "POST /v1/inbound/alertmanager HTTP/1.1\r\nauthorization: Bearer what other monitoring shows";
    let unread = ask(private, shown, "{}").unwrap();
    assert_eq!(unread.status, 400, "{unread:?}");

    let token = installation.path("inbound.token");
    let alertmanager = text("alertmanager.yml")
        .replace("10.0.0.12:7412", &private.to_string())
        .replace("/etc/prometheus/twinline.token", token.to_str().unwrap());
    let alertmanager = Monitoring::alertmanager(&alertmanager).unwrap();
    // Nobody listens where the second machine's host is said to be.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let targets = [("10.0.0.11:7410", edge), ("10.0.0.12:7401", nowhere)];
    let configuration = configuration(&targets, Some(&alertmanager));
    let rules = text(RULES);
    let prometheus = Monitoring::prometheus(&configuration, &[(RULES, rules.as_str())]).unwrap();
    let incident = until("the incident", || {
        let found = installation.json(&["incident", "list"]);
        let found = found["incidents"].as_array()?;
        let it = found
            .iter()
            .find(|it| it["failing"].to_string().contains("host:m2"));
        it.cloned()
    });
    assert_eq!(incident["severity"], "critical", "{incident}");
    drop((prometheus, up));
}
