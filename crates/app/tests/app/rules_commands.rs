//! The commands about rules, where something is not as it should be.

use crate::support::{Installation, Simulators, create};
use std::process::Output;

fn check(done: &Output, code: i32, parts: &[&str]) {
    let said = [&done.stdout[..], &done.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(done.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part}\nis not in {said}");
    }
}

#[test]
fn two_files_with_one_name_are_not_published() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let rules = std::fs::read_to_string(installation.path("rules/first.toml")).unwrap();
    installation.write("rules/second.toml", &rules);
    for command in ["apply", "plan", "check"] {
        check(
            &installation.run(&[command]),
            3,
            &[
                "second.toml:",
                "first.toml also has a connection named 'first'",
            ],
        );
    }
    check(&installation.run(&["versions", "first"]), 1, &[]);
    simulators.end();
}

#[test]
fn check_fails_where_a_tracker_refuses_the_credentials() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/jira-cloud.token", "another");
    let done = installation.run(&["check", "--json"]);
    check(&done, 1, &["\"ok\":false"]);
    check(&installation.run(&["check", "--offline"]), 0, &[]);
    simulators.end();
}

const FIXTURE: &str = r#"
rules = "first.toml"
side = "left"
rule = "outgoing"
[item]
key = "acme/app#1"
summary = "Checkout is slow"
[expect.replica]
summary = "Checkout is slow"
"#;

#[test]
fn fixtures_hold_fail_or_cannot_be_judged() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    std::fs::create_dir(installation.path("rules/tests")).unwrap();
    installation.write("rules/tests/summary.toml", FIXTURE);
    check(&installation.run(&["test"]), 0, &["1 passed, 0 failed"]);
    let wrong = FIXTURE.replace(
        "[expect.replica]\nsummary = \"Checkout",
        "[expect.replica]\nsummary = \"Basket",
    );
    installation.write("rules/tests/wrong.toml", &wrong);
    check(
        &installation.run(&["test"]),
        1,
        &[
            "1 passed, 1 failed",
            "FAILED wrong.toml",
            "expected \"Basket is slow\"",
        ],
    );
    simulators.end();
    // What names mean is not known now.
    let done = installation.run(&["test", "summary"]);
    check(&done, 1, &["node 'github'", "--offline"]);
    let done = installation.run(&["test", "summary", "--offline"]);
    check(&done, 0, &["1 passed, 0 failed"]);
}

#[test]
fn the_first_plan_shows_what_would_be_created() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    create(&simulators, "Checkout is slow");
    check(
        &installation.run(&["plan"]),
        0,
        &["1 would get one", "summary = Checkout is slow", "(new)"],
    );
    simulators.end();
}

#[test]
fn types_are_written_where_editors_find_them() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("rules/jsconfig.json", "{}");
    check(
        &installation.run(&["types"]),
        0,
        &["first.d.ts", "twinline.d.ts"],
    );
    let read = |name: &str| std::fs::read_to_string(installation.path(name)).unwrap();
    assert!(read("rules/first.d.ts").contains("export type LeftOutgoing"));
    assert_eq!(read("rules/jsconfig.json"), "{}", "one's own stays");
    let printed = installation.run(&["types", "--print"]);
    check(
        &printed,
        0,
        &["export type Outgoing", "export type RightIncoming"],
    );
    simulators.end();
}
