//! What a fleet takes, in small: that all of it is told. How much it is, is for `cargo xtask bench sizing` itself.

use serde_json::Value;
use std::process::Command;
use twinline_sim::etcd::Etcd;
use twinline_sim::postgres::Postgres;

#[test]
fn what_a_group_and_a_change_take_is_told() {
    if !Postgres::can_run() || !Etcd::can_run() {
        return;
    }
    let small = "--hosts 2 --small 4 --large 16 --rest 3 --seconds 3 --per-s 5 --json";
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "sizing"])
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
    assert_eq!([&figures["lost"], &figures["doubled"]], [0, 0], "{figures}");
    for (point, groups) in [("small", 2), ("large", 8)] {
        let point = &figures[point];
        assert_eq!(point["groups"], groups, "{figures}");
        for (what, value) in point.as_object().unwrap() {
            assert!(value.as_f64() > Some(0.0), "{what} in {figures}");
        }
    }
    // More groups are more rows, and a key each at least.
    let row = figures["a_replica_row_bytes"].as_u64();
    assert!(row > Some(0), "{figures}");
    let keys = figures["a_group"]["etcd_keys"].as_f64();
    assert!(keys >= Some(1.0), "{figures}");
    let wal = figures["a_change"]["wal_bytes"].as_f64();
    assert!(wal.is_some_and(|wal| wal.is_finite()), "{figures}");
    assert!(
        figures["a_change"]["changes"].as_u64() > Some(0),
        "{figures}"
    );
}
