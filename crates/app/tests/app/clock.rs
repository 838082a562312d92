//! A watch whose machine's clock is put forward and back while it works: people are called all the same.

use crate::support::{Installation, Running, WallClock, until};
use crate::watching::{alert, ends, health, incidents, is_the_one, letter, watched};
use serde_json::Value as Json;
use std::process::Stdio;
use std::time::Duration;
use twinline_core::handles::Clock as _;
use twinline_sim::faketime;

/// How far a clock may be from where it was put: what is waited for takes its time.
const NEAR: Duration = Duration::from_secs(900);

/// Puts the clock, at once: the file is never half written.
fn put(installation: &Installation, seconds: i64) {
    installation.write("clock.next", &format!("{seconds:+}\n"));
    let [next, clock] = ["clock.next", "clock"].map(|name| installation.path(name));
    std::fs::rename(next, clock).unwrap();
}

/// A watch that lives by that clock. What it measures by (the monotonic clock) goes on as it does on any machine.
fn watch(installation: &Installation) -> Running {
    let log = std::fs::File::create(installation.path("role.log")).unwrap();
    let mut command = installation.command(&["watch"]);
    command
        .env("LD_PRELOAD", faketime::LIBRARY)
        .env("FAKETIME_TIMESTAMP_FILE", installation.path("clock"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .stdout(Stdio::null())
        .stderr(log);
    Running(command.spawn().unwrap())
}

/// The incident of an alert, found by a watch whose clock is that far from ours.
fn found(installation: &Installation, name: &str, seconds: i64) -> Json {
    let of_alert = |it: &Json| it["headline"].to_string().contains(name);
    let incident = until("the incident", || {
        incidents(installation).into_iter().find(of_alert)
    });
    let expected = WallClock.now().as_millis() + seconds * 1000;
    let opened = incident["opened_at"].as_i64().unwrap();
    let off = Duration::from_millis(expected.abs_diff(opened));
    assert!(off < NEAR, "{name}: {incident}");
    incident
}

#[test]
fn a_watch_whose_clock_is_put_forward_and_back_calls_and_hears_as_before() {
    if !faketime::can_run() {
        return;
    }
    let Some((smtp, installation)) = watched() else {
        return;
    };
    put(&installation, 0);
    let mut watch = watch(&installation);
    is_the_one(&installation, &watch);
    let day = 86_400;
    for (name, seconds) in [
        ("First", 0),
        ("Second", 400 * day),
        ("Third", -2 * 3600),
        ("Fourth", 1800),
    ] {
        put(&installation, seconds);
        alert(&installation, name, "critical", "firing");
        letter(&smtp, &format!("{name} does not work"));
        let incident = found(&installation, name, seconds);
        // Nobody is called again for it: that would be too many pages for one person.
        let id = incident["incident"].to_string();
        installation.json(&["incident", "ack", &id, "--as", "ada"]);
    }
    // And what is over is told as over.
    alert(&installation, "Fourth", "critical", "resolved");
    until("it to have recovered", || {
        let found = installation.json(&["incident", "list", "--all"]);
        let mut all = found["incidents"].as_array()?.iter();
        let fourth = all.find(|it| it["element"].to_string().contains("Fourth"))?;
        (fourth["standing"] == "recovered").then_some(())
    });
    let told = health(&installation).unwrap();
    assert_eq!(told["store"], "ok", "{told}");
    ends(&installation, &mut watch);
}
