//! A rolling restart in small: two machines with twenty nodes begin anew under load, one is lost then, and nothing is
//! lost, doubled or refused. By counts; times are for `cargo xtask bench restart` itself.

use serde_json::Value;
use std::process::Command;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

#[test]
fn a_rolling_restart_under_load_loses_doubles_and_refuses_nothing() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let small = "--hosts 2 --nodes 20 --per-s 5 --warm 1 --healthy 2 --settle 1 --lease-ms 3000 --attempt-ms 1000 --json";
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "restart"])
        .args(small.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "it does not hold: {said}\n{errors}"
    );
    let figures: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    for what in ["lost", "doubled", "refused", "failed"] {
        assert_eq!(figures[what], 0, "{figures}");
    }
    assert_eq!(figures["groups"], 10);
    assert!(figures["takeover_s"].is_f64(), "{figures}");
    let machines = figures["machines"].as_array().unwrap();
    assert_eq!(machines.len(), 2, "{figures}");
    for machine in machines {
        assert_eq!(
            machine["roles"],
            serde_json::json!(["host", "edge"]),
            "{figures}"
        );
    }
    for phase in ["ingest_healthy", "ingest_during"] {
        assert!(figures[phase]["count"].as_u64().unwrap() > 0, "{figures}");
    }
}
