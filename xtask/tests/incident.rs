//! The incident in small: on a database whose commits hang, a conventional service accepts nothing, and Twinline loses
//! nothing. By counts and their order; times are for `cargo xtask bench incident` itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

use serde_json::Value;
use std::ops::Range;
use std::process::Command;
use twinline_sim::debian;
use twinline_sim::postgres::Postgres;
use xtask::provision;

/// Runs the bench for a few seconds each part.
fn small() -> Value {
    let parts = "--healthy 2 --hang 6 --healed 2 --grace 30 --per-s 4 --json";
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "incident"])
        .args(parts.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "it does not hold: {said}\n{errors}"
    );
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

/// Webhooks by second, in those seconds that lie wholly in the fault, but for the first.
fn in_the_fault(run: &Value, what: &str) -> u64 {
    let second = |name: &str| {
        let text = run[name].to_string();
        text.split('.').next().unwrap().parse::<usize>().unwrap()
    };
    let seconds: Range<usize> = second("hung_s") + 2..second("healed_s");
    assert!(seconds.len() > 2, "{seconds:?}");
    let counts = seconds.map(|second| run["seconds"][second][what].as_u64().unwrap());
    counts.sum()
}

#[test]
fn a_conventional_service_accepts_nothing_and_twinline_loses_nothing() {
    if !Postgres::can_run() || !debian::met(provision::haproxy::version().is_ok(), "HAProxy") {
        return;
    }
    let run = small();
    assert_eq!(run["ok"], true, "{run}");
    let (conventional, twinline) = (&run["conventional"], &run["twinline"]);

    // The conventional service is sound: without the fault it takes webhooks and brings edits across.
    let sound = &conventional["deliveries"]["before"];
    assert!(sound["accepted"].as_u64().unwrap() > 0, "{sound}");
    let crossed = &conventional["edits"]["before"]["arrived"];
    assert!(crossed.as_u64().unwrap() > 0, "{conventional}");
    assert!(in_the_fault(conventional, "sent") > 0, "{conventional}");
    assert_eq!(in_the_fault(conventional, "accepted"), 0, "{conventional}");

    assert!(in_the_fault(twinline, "accepted") > 0, "{twinline}");
    for phase in ["before", "during", "after"] {
        let (deliveries, edits) = (&twinline["deliveries"][phase], &twinline["edits"][phase]);
        assert_eq!(deliveries["accepted"], deliveries["sent"], "{twinline}");
        assert!(edits["made"].as_u64().unwrap() > 0, "{twinline}");
        assert_eq!(edits["lost"], 0, "{twinline}");
    }
    assert_eq!(twinline["apart"], 0);
}
