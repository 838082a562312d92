//! Hostile input for every decoder, as much as every run of the suite has time for; `cargo xtask fuzz` tries more.

use serde_json::Value;
use std::process::Command;

/// For each target. The seed is fixed: a suite that fails must fail again.
const INPUTS: u64 = 150;

#[test]
fn no_decoder_breaks_at_a_few_thousand_inputs() {
    // By count; the time is there so that a target that is never done ends.
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["fuzz", "--json", "--seed", "20261123", "--seconds", "1200"])
        .args(["--inputs", &INPUTS.to_string()])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let told: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    let count = |name: &str| told[name].as_u64().unwrap();
    assert_eq!((count("crashes"), count("untried")), (0, 0), "{printed}");
    assert!(count("targets") > 0, "{printed}");
    assert_eq!(count("inputs"), count("targets") * INPUTS, "{printed}");
    assert!(output.status.success(), "{printed}");
}
