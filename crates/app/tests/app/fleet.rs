//! Two machines of a fleet, each with an edge and a host of its own, on a real etcd and a real PostgreSQL.

use crate::support::{Installation, Simulators, Up, create, in_jira, until};
use serde_json::Value;
use std::net::TcpListener;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// A port that was free a moment ago.
fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The same configuration on every machine, but for its name.
pub(crate) fn machines(
    names: &[&str],
    simulators: &Simulators,
    etcd: &Etcd,
    database: &Postgres,
) -> Vec<Installation> {
    let addresses: Vec<String> = (names.iter())
        .map(|name| {
            format!(
                "{name} = {{ edge = \"127.0.0.1:{}\", host = \"127.0.0.1:{}\" }}\n",
                port(),
                port()
            )
        })
        .collect();
    let each = names.iter().map(|name| {
        let made = Installation::init(&simulators.github.url(), &simulators.jira.url());
        made.write("secrets/central.url", &database.url());
        made.write("secrets/fleet.key", "the key of this fleet, as long as it must be");
        let text = std::fs::read_to_string(made.path("twinline.toml")).unwrap();
        let instance = format!("[instance]\nmachine = \"{name}\"\nfleet_key = {{ file = \"secrets/fleet.key\" }}\n");
        let text = if text.contains("[instance]\n") {
            text.replace("[instance]\n", &instance)
        } else {
            text + &instance
        };
        // What a lost host may have begun at a tracker is over after this.
        let text = text.replace("tracker = ", "settle_s = 2\ntracker = ");
        let etcd = serde_json::to_string(&etcd.endpoints()).unwrap();
        let fleet = format!(
            "[machines]\n{}[central]\nurl = {{ file = \"secrets/central.url\" }}\n[ownership]\netcd = {etcd}\nlease_ms = 3000\n\
             attempt_ms = 1000\n",
            addresses.concat()
        );
        made.write("twinline.toml", &(text + &fleet));
        made
    });
    each.collect()
}

/// The fleet's one group as a machine sees it, once somebody works on it.
pub(crate) fn group(machine: &Installation) -> Value {
    until("an owner of the group", || {
        let status = machine.json(&["status"]);
        let groups = status["groups"].as_array()?;
        assert!(groups.len() <= 1, "{groups:?}");
        groups
            .first()
            .filter(|group| group["machine"].is_string())
            .cloned()
    })
}

pub(crate) fn twins(machine: &Installation) -> usize {
    machine.json(&["twins"])["items"].as_array().unwrap().len()
}

/// A fleet's cursor is a text, and the command line takes it as it is.
fn pages_back(machine: &Installation) {
    machine.json(&["pause", "jira-cloud"]);
    machine.json(&["resume", "jira-cloud"]);
    for list in [&["audit"][..], &["history", "acme/app#1"]] {
        let first = machine.json(&[list, &["--max", "1"]].concat());
        let Some(next) = first["next"].as_str() else {
            panic!("{list:?} has one entry only: {first}");
        };
        assert!(next.contains('~'), "{next}");
        let second = machine.json(&[list, &["--max", "1", "--before", next]].concat());
        let seq = |page: &Value| page["items"][0]["seq"].as_u64();
        assert!(seq(&second) < seq(&first), "{first} {second}");
        assert!(seq(&second).is_some(), "{second}");
        let refused = machine.run(&[list, &["--before", "nonsense"]].concat());
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("take the 'next' of the page before"),
            "{said}"
        );
    }
}

#[test]
fn a_group_goes_on_on_another_machine_when_its_own_is_killed_and_every_machine_answers_for_all() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(1).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1", "m2"], &simulators, &etcd, &database);
    let mut ups: Vec<Option<Up<'_>>> = fleet.iter().map(|machine| Some(machine.up())).collect();

    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    create(&simulators, "Before");
    in_jira(&simulators, "Before");
    let owner = group(&fleet[0])["machine"].clone();
    for machine in &fleet {
        assert_eq!(group(machine)["machine"], owner);
        assert_eq!(group(machine)["nodes"], 2);
        assert_eq!(
            twins(machine),
            1,
            "also from the machine that does not have it"
        );
        assert_eq!(
            machine.json(&["status"])["nodes"].as_array().unwrap().len(),
            2
        );
    }

    let (lost, other) = if owner == "m1" { (0, 1) } else { (1, 0) };
    // Without a word: nothing is given away, and the lease has to end.
    drop(ups[lost].take());
    create(&simulators, "After");
    in_jira(&simulators, "After");
    assert_ne!(group(&fleet[other])["machine"], owner);
    assert_eq!(twins(&fleet[other]), 2);

    // It comes back, and finds what was its own at work elsewhere.
    ups[lost] = Some(fleet[lost].up());
    create(&simulators, "Again");
    in_jira(&simulators, "Again");
    assert_ne!(group(&fleet[lost])["machine"], owner);
    assert_eq!(twins(&fleet[lost]), 3);
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    assert_eq!(dump.items.len(), 3, "nothing twice");
    pages_back(&fleet[lost]);
    drop(ups);
    simulators.end();
}
