//! From nothing to a first twin, with the commands that the README names.

use crate::support::{Installation, Simulators, create, in_jira, signal, until};
use rustix::process::Signal;

/// The audit's second page, and what is no page.
fn pages_back(installation: &Installation, target: &str) {
    let newest = installation.json(&["audit", "--max", "1"]);
    assert_eq!(newest["next"], newest["items"][0]["seq"]);
    let next = newest["next"].to_string();
    let older = installation.json(&["audit", "--before", &next]);
    assert!(older["items"][0]["seq"].as_u64() < newest["next"].as_u64());
    let garbage = installation.run(&["history", target, "--before", "g1~34"]);
    let said = String::from_utf8_lossy(&garbage.stderr).into_owned();
    assert!(
        garbage.status.code() == Some(1) && said.contains("cursor"),
        "{said}"
    );
}

#[test]
fn an_issue_crosses_and_every_command_tells_of_it() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    assert_eq!(installation.json(&["check"])["ok"], true);
    let source = create(&simulators, "Checkout is slow");
    let plans = installation.json(&["plan"]);
    assert_eq!(plans["plans"][0]["candidates"]["left"], 1);
    assert_eq!(installation.json(&["apply"])["published"][0]["version"], 1);
    // The same rules again publish nothing.
    assert_eq!(installation.json(&["apply"])["published"][0]["version"], 1);

    let mut up = installation.up();
    let target = in_jira(&simulators, "Checkout is slow");
    let twin = until("a live twin", || {
        let twins = installation.json(&["twins", &source]);
        let twin = twins["items"][0].clone();
        (twin["state"] == "live").then_some(twin)
    });
    assert_eq!(twin["items"]["right"]["key"], target.as_str());
    let history = installation.json(&["history", &target]);
    assert_eq!(
        history["items"].as_array().unwrap().last().unwrap()["entry"]["kind"],
        "created"
    );
    pages_back(&installation, &target);
    let status = installation.json(&["status"]);
    assert_eq!(status["connections"][0]["twins"]["live"], 1);
    assert!(
        installation.json(&["errors"])["errors"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        installation.json(&["versions", "first"])["versions"][0]["active"],
        true
    );

    let backup = installation.path("backup.db");
    installation.json(&["backup", backup.to_str().unwrap()]);
    let refused = installation.run(&["restore", "backup.db", "--replace"]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "a state is not changed under its host"
    );
    signal(up.child.id(), Signal::TERM);
    assert!(up.child.wait().unwrap().success());
    std::fs::remove_file(installation.path("twinline-data/host/host.db")).unwrap();
    for left in ["host.db-wal", "host.db-shm"] {
        // They are there only when something kept the store from closing.
        drop(std::fs::remove_file(
            installation.path(&format!("twinline-data/host/{left}")),
        ));
    }
    installation.json(&["restore", "backup.db"]);
    assert_eq!(
        installation.json(&["twins", &source])["items"][0]["link"],
        twin["link"]
    );
    drop(up);

    // The restored state goes on: a new issue crosses, and the old one is not made twice.
    let up = installation.up();
    create(&simulators, "Second");
    in_jira(&simulators, "Second");
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    assert_eq!(dump.items.len(), 2);
    drop(up);
    simulators.end();
}

#[test]
fn init_overwrites_nothing_and_apply_names_what_is_wrong() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let again = installation.run(&["init"]);
    assert_eq!(again.status.code(), Some(2));
    let rules = std::fs::read_to_string(installation.path("rules/first.toml")).unwrap();
    installation.write(
        "rules/first.toml",
        &rules.replace("left  = \"summary\"", "left  = \"sumary\""),
    );
    for command in ["check", "apply"] {
        let done = installation.run(&[command]);
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(done.status.code(), Some(3), "{command}: {said}");
        assert!(
            said.contains("first.toml:") && said.contains("sumary"),
            "{command}: {said}"
        );
    }
    assert_eq!(
        installation.run(&["versions", "first"]).status.code(),
        Some(1),
        "nothing was published"
    );
    simulators.end();
}
