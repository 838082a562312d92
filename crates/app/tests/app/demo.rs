//! The demonstration proves itself: faults on, both processes killed, everything counted. For a person it stays until it
//! is ended.

use crate::support::{Running, descendants, is_alive, signal, text_of, until};
use rustix::process::Signal;
use std::process::{Command, Stdio};

#[test]
fn the_demonstration_shows_what_crosses_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("demo.out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinline"));
    let out = std::fs::File::create(&said).unwrap();
    command.arg("demo").stdin(Stdio::null()).stdout(out);
    let mut demo = Running(command.spawn().unwrap());
    until("the pages and a line of the transcript", || {
        let text = text_of(&said);
        (text.matches("/_sim/").count() == 2 && text.contains("⇄")).then_some(())
    });
    let started = descendants(demo.0.id());
    // 'up', an edge, a host.
    assert!(started.len() >= 3, "{started:?}");
    signal(demo.0.id(), Signal::INT);
    let ended = until("the end of the demonstration", || {
        demo.0.try_wait().unwrap()
    });
    assert_eq!(ended.code(), Some(0), "{}", text_of(&said));
    until("the end of all that it had started", || {
        (!started.iter().any(|pid| is_alive(*pid))).then_some(())
    });
}

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
