//! A fleet on an etcd of three members, as deploy/etcd sets it up: one of them is lost, then a second one.

use crate::fleet::{group, machines, twins};
use crate::support::{Installation, Simulators, Up, create, in_jira, text_of, until_within};
use crate::webhooks::{SECRET, address, body, deliver};
use serde_json::Value;
use std::time::Duration;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

/// A lease has to end, and be taken anew, on a machine that has other work too.
const LONG: Duration = Duration::from_secs(180);

/// What a machine says when nobody owns what it owned.
const LOST: &str = "the ownership of all groups is lost";

fn said_lost(fleet: &[Installation]) -> usize {
    let logs = fleet.iter().map(|machine| text_of(&machine.path("up.log")));
    logs.map(|log| log.matches(LOST).count()).sum()
}

fn has(simulators: &Simulators, title: &str) -> bool {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.items.iter().any(|item| item.title == title)
}

/// Who owns the one group, and since which claim.
fn owned(machine: &Installation) -> Value {
    let group = machine.json(&["fleet", "status"])["groups"][0].clone();
    assert!(group["epoch"].is_u64(), "{group}");
    serde_json::json!({ "machine": group["machine"], "epoch": group["epoch"] })
}

/// Each machine's edge takes a webhook.
fn take_webhooks(fleet: &[Installation], key: &str, id: &str) {
    let number = key.rsplit('#').next().unwrap().parse().unwrap();
    for machine in fleet {
        let taken = deliver(address(machine), "github", id, &body(number, 0)).unwrap();
        assert_eq!(taken.status, 202, "{taken:?}");
    }
}

#[test]
fn one_member_of_etcd_is_not_missed_and_without_two_work_waits_for_them() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let (database, mut etcd) = (Postgres::start(&[]).unwrap(), Etcd::start(3).unwrap());
    let simulators = Simulators::start();
    let fleet = machines(&["m1", "m2"], &simulators, &etcd, &database);
    for machine in &fleet {
        machine.write("secrets/github.hook", SECRET);
        // Longer than an election takes, as the default is.
        let text =
            text_of(&machine.path("twinline.toml")).replace("lease_ms = 3000", "lease_ms = 12000");
        machine.write("twinline.toml", &text);
    }
    let ups: Vec<Up<'_>> = fleet.iter().map(Installation::up).collect();
    let applied = fleet[0].json(&["apply"]);
    assert_eq!(applied["published"][0]["version"], 1, "{applied}");
    create(&simulators, "Before");
    in_jira(&simulators, "Before");
    group(&fleet[0]);
    let before = owned(&fleet[0]);

    etcd.kill(0).unwrap();
    create(&simulators, "Without one");
    in_jira(&simulators, "Without one");
    // Whoever led it.
    etcd.revive().unwrap();
    etcd.kill(1).unwrap();
    create(&simulators, "Without another");
    in_jira(&simulators, "Without another");
    assert_eq!(owned(&fleet[0]), before);
    assert_eq!(said_lost(&fleet), 0);

    etcd.kill(2).unwrap();
    until_within(LONG, "the owner to stop", || {
        (said_lost(&fleet) > 0).then_some(())
    });
    let key = create(&simulators, "Without two");
    take_webhooks(&fleet, &key, "without two");
    assert!(!has(&simulators, "Without two"), "nobody owns it");

    etcd.revive().unwrap();
    until_within(LONG, "the item of then", || {
        has(&simulators, "Without two").then_some(())
    });
    create(&simulators, "After");
    in_jira(&simulators, "After");
    until_within(LONG, "etcd to be well", || {
        fleet[1].json(&["fleet", "status"])["etcd"]
            .is_null()
            .then_some(())
    });
    assert_eq!(twins(&fleet[1]), 5);
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    assert_eq!(dump.items.len(), 5, "nothing twice");
    drop(ups);
    simulators.end();
}
