use super::*;
use crate::config::parse;
use twinline_core::watch::probe::{RoutePath, Routes, verify_paths};
use twinline_trackers::http::Secret;

const FLEET: &str = "format = 1\n[instance]\nmachine = \"m2\"\nfleet_key = { env = \"X\" }\n[machines]\n\
    m1 = { edge = \"10.0.0.1:7410\", host = \"10.0.0.1:7401\", watch = \"10.0.0.1:7412\" }\n\
    m2 = { edge = \"10.0.0.2:7410\", watch = \"10.0.0.2:7412\" }\n[central]\nurl = { env = \"X\" }\n[ownership]\n\
    etcd = [\"http://10.0.0.9:2379\"]\n[nodes.acme]\ntracker = \"github\"\nurl = \"https://api.github.com\"\n";

fn built(config: &Config, supervisor: Option<u32>) -> Built {
    build(&Parts {
        config,
        announced: &Announced::default(),
        accounts: &Accounts::default(),
        identity: &Identity::alone(Secret::new("token")),
        supervisor,
        beat: None,
        central: None,
    })
    .unwrap()
}

/// Every probe with its subjects, `probe subject`.
fn check(text: &str, supervisor: Option<u32>, expected: &[&str]) {
    let config = parse(std::path::Path::new("twinline.toml"), text).unwrap();
    let built = built(&config, supervisor);
    let subjects = built.probes.iter().flat_map(Probe::watched);
    let found: Vec<String> = subjects
        .map(|it| format!("{} {}", it.probe, it.subject))
        .collect();
    assert_eq!(found, expected);
    // With a way out of its own, nothing that is watched is needed to hear of it.
    let me = &config.instance.machine;
    let runs_on = [Kind::Watch, Kind::Machine].map(|kind| element(kind, me));
    let runs_on = Elements::from(runs_on);
    let paths: Vec<_> = built.probes.iter().map(|it| it.path(&runs_on)).collect();
    let routes = Routes {
        pages: vec![RoutePath {
            person: "ada".to_owned(),
            channel: "mail".to_owned(),
            touches: [element(Kind::MailRelay, "mail")].into(),
        }],
        outside_ping: None,
    };
    assert_eq!(verify_paths(&paths, &routes), []);
}

#[test]
fn one_machine_is_probed_whole() {
    let expected = [
        "edge edge:m1",
        "inbox inbox:m1",
        "host_direct host:m1",
        "canary_sync canary_sync:m1",
        "through_edge way:m1",
        "disk disk:m1",
        "peers supervisor:m1",
    ];
    check("format = 1\n", Some(1), &expected);
}

#[test]
fn a_fleets_machines_are_probed_and_the_other_watch() {
    let expected = [
        "edge edge:m1",
        "inbox inbox:m1",
        "host_direct host:m1",
        "canary_sync canary_sync:m1",
        "replica_lag pool:central/replicate/m1",
        "pools pool:central/replicate/m1",
        "pools pool:central/read/m1",
        "pools pool:central/probe/m1",
        "peers watch:m1",
        "edge edge:m2",
        "inbox inbox:m2",
        "through_edge way:m2",
        "sweep node:acme",
        "ledger node:acme",
        "credentials node:acme",
        "webhooks node:acme",
        "signatures node:acme",
        "disk disk:m2",
    ];
    check(FLEET, None, &expected);
}

#[test]
fn an_edge_with_certificates_is_asked_when_they_end() {
    let text = "format = 1\n[edge]\ntls = [{ name = \"a.example\", cert = \"c\", key = \"k\" }]\n";
    let expected = [
        "edge edge:m1",
        "inbox inbox:m1",
        "certificates certificate:a.example",
        "host_direct host:m1",
        "canary_sync canary_sync:m1",
        "disk disk:m1",
    ];
    check(text, None, &expected);
}

#[test]
fn two_nodes_that_are_wrong_in_themselves_are_two_matters() {
    let second = "[nodes.other]\ntracker = \"github\"\nurl = \"https://api.github.com\"\n";
    let text = format!("{FLEET}{second}");
    let config = parse(std::path::Path::new("twinline.toml"), &text).unwrap();
    let built = built(&config, None);
    let watched = built.probes.iter().flat_map(Probe::watched);
    let mut by_probe = std::collections::BTreeMap::new();
    for it in watched.filter(|it| it.subject.kind == Kind::Node) {
        let all: &mut Vec<Elements> = by_probe.entry(it.probe).or_default();
        all.push(it.implicates);
    }
    for probe in ["credentials", "webhooks", "signatures", "ledger"] {
        // What both implicated would explain both: the machine, or the vendor, of which nobody is called.
        assert_eq!(
            by_probe[probe],
            [Elements::new(), Elements::new()],
            "{probe}"
        );
    }
    let shared = by_probe["sweep"][0].intersection(&by_probe["sweep"][1]);
    assert_eq!(shared.count(), 3, "{:?}", by_probe["sweep"]);
    // However many probes look at each.
    assert_eq!(built.population.get(&Kind::Node), Some(&2));
    assert_eq!(built.population.get(&Kind::Pool), Some(&3));
}
