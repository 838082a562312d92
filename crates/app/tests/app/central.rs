//! A host with a central database whose commits hang: it goes on, says so, and catches up.

use crate::support::{Installation, Simulators, create, in_jira, until};
use serde_json::Value;
use twinline::handles::SystemClock;
use twinline_core::handles::Clock as _;
use twinline_sim::postgres::Postgres;

/// Waits until the status of the central database is as wished.
fn central(installation: &Installation, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
    until(what, || {
        let central = installation.json(&["status"])["central"].clone();
        wished(&central).then_some(central)
    })
}

fn is_caught_up(central: &Value) -> bool {
    central["health"]["commits"]["state"] == "ok"
        && central["replication"]["complete"] == true
        && central["lag_ms"] == 0
}

#[test]
fn items_cross_while_the_central_database_cannot_commit() {
    if !Postgres::can_run() {
        return;
    }
    let server = Postgres::start(&[]).unwrap();
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/central.url", &server.url());
    let mut text = std::fs::read_to_string(installation.path("twinline.toml")).unwrap();
    text.push_str("[central]\nurl = { file = \"secrets/central.url\" }\n");
    installation.write("twinline.toml", &text);
    assert_eq!(installation.json(&["apply"])["published"][0]["version"], 1);
    let up = installation.up();
    create(&simulators, "Before");
    in_jira(&simulators, "Before");
    central(&installation, "the replica to be up to date", is_caught_up);

    server.hang_commits().unwrap();
    let stuck = central(&installation, "commits to fail", |central| {
        central["health"]["commits"]["state"] == "failing"
    });
    assert_eq!(stuck["health"]["reads"]["state"], "ok");
    create(&simulators, "Meanwhile");
    in_jira(&simulators, "Meanwhile");
    let shown = installation.run(&["status"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("central database: reads ok; commits failing since"),
        "{shown}"
    );

    server.let_commit().unwrap();
    until("both twins to be live in the replica", || {
        central(&installation, "the replica to be up to date", is_caught_up);
        let sql = "SELECT sum(twins) FROM twinline.fleet_twins WHERE state = 'live'";
        (server.psql(sql).unwrap() == "2").then_some(())
    });
    drop(up);

    // The disk is lost: what the central database has goes on, and nothing is made twice.
    std::fs::remove_dir_all(installation.path("twinline-data/host")).unwrap();
    let restored = installation.json(&["restore", "--central"]);
    assert_eq!(restored["epoch"], "2.0");
    let up = installation.up();
    // Trackers tell whole seconds: what was created in the restore's own second may have been made by the lost host.
    let second = || SystemClock.now().floor_to_second();
    let restored_in = second();
    until("the next second", || (second() > restored_in).then_some(()));
    create(&simulators, "After");
    in_jira(&simulators, "After");
    central(&installation, "the replica to be up to date", is_caught_up);
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    assert_eq!(dump.items.len(), 3);
    drop(up);
    simulators.end();
}
