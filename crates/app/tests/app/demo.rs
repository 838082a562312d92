//! The demonstration proves itself: faults on, both processes killed, everything counted.

use std::process::{Command, Stdio};

/// Judged by counts; how long it takes is the machine's business.
#[test]
fn the_demonstration_loses_doubles_and_echoes_nothing() {
    let done = Command::new(env!("CARGO_BIN_EXE_twinline"))
        .args(["demo", "--check", "--quiet", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    let last = out.lines().last().unwrap_or_else(|| panic!("{said}"));
    let document: serde_json::Value = serde_json::from_str(last).unwrap();
    assert!(done.status.success(), "{document}\n{said}");
    for (key, wanted) in [("lost", 0), ("duplicated", 0), ("echoes", 0)] {
        assert_eq!(document[key], wanted, "{key} in {document}\n{said}");
    }
    assert_eq!(document["ok"], true, "{document}");
    assert_eq!(document["converged"], true, "{document}");
    assert!(document["twins"].as_u64() >= Some(30), "{document}");
    assert!(document["changes"].as_u64() >= Some(150), "{document}");
    // Edits of one item that come close together cross as one.
    assert!(document["crossings"].as_u64() >= Some(20), "{document}");
    for key in ["p50_ms", "p99_ms"] {
        assert!(document[key].is_u64(), "{key} in {document}");
    }
    let faults = document["faults"].as_object().unwrap();
    for kind in [
        "webhooks_lost",
        "webhooks_doubled",
        "webhooks_reordered",
        "throttled",
        "server_errors",
        "late_writes",
        "late_creates",
        "host_kills",
        "edge_kills",
    ] {
        assert!(faults[kind].as_u64() > Some(0), "{kind} in {document}");
    }
}
