//! Limits of writes on one issue.

use super::World;
use serde_json::{Value, json};

/// Writes until a refusal, with so many milliseconds between two, and compares how many were let pass.
fn check(millis_between: u64, expected: usize) {
    let mut world = World::new();
    let key = world.issue("Busy");
    let other = world.issue("Idle");
    let mut written = 0;
    let refusal = loop {
        assert!(written < 200, "no refusal came");
        world.now = world
            .now
            .minus(std::time::Duration::from_secs(1))
            .plus(std::time::Duration::from_millis(millis_between));
        let answer = world.ask_raw("PUT", &format!("issue/{key}/properties/n"), json!(written));
        match answer.status().as_u16() {
            429 => break answer,
            _ => written += 1,
        }
    };
    assert_eq!(written, expected);
    assert_eq!(
        refusal.headers()["ratelimit-reason"],
        "jira-per-issue-on-write"
    );
    let wait: u64 = refusal.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    world.expect(201, "PUT", &format!("issue/{other}/properties/n"), json!(1));
    world.expect(200, "GET", &format!("issue/{key}"), Value::Null);
    world.wait(wait);
    world.expect(200, "PUT", &format!("issue/{key}/properties/n"), json!(1));
}

#[test]
fn bursts_and_long_runs_are_limited_by_issue() {
    check(0, 20);
    check(150, 100);
}

#[test]
fn the_limits_can_be_off() {
    let mut world = World::new();
    world.jira.set_issue_write_limits(false);
    let key = world.issue("Busy");
    for n in 0..50 {
        world.now = world.now.minus(std::time::Duration::from_secs(1));
        let (status, _) = world.ask("PUT", &format!("issue/{key}/properties/n"), json!(n));
        assert!(matches!(status, 200 | 201));
    }
}
