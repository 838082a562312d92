//! Every drill, with a small load and a short fault. Judged by counts and the order of events, which is what `ok` says; how
//! long something takes is the machine's business (`--strict`).

use crate::support::{signal, text_of, until};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use twinline_sim::etcd::Etcd;
use twinline_sim::patroni::Patroni;
use twinline_sim::postgres::Postgres;

/// Where a drill puts everything that it makes; `None`: it cannot run here.
fn place() -> Option<TempDir> {
    if !Postgres::can_run() || !Etcd::can_run() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    // The database runs under an account of its own.
    let all_may_pass = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all_may_pass).unwrap();
    Some(folder)
}

fn drill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinline"));
    command.arg("drill").args(arguments).stdin(Stdio::null());
    command.env("TMPDIR", folder);
    command
}

/// Processes that were started on something in the folder.
fn processes_on(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines
        .filter(|line| line.contains(folder.to_str().unwrap()))
        .collect()
}

/// Nothing that a drill has started or made is there any more.
fn nothing_is_left(folder: &Path) {
    until("the end of all that the drill had started", || {
        processes_on(folder).is_empty().then_some(())
    });
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs a drill whose fault lasts so long; its answer.
fn check(name: &str, seconds: u32) -> Option<Value> {
    let folder = place()?;
    let lasts = seconds.to_string();
    let arguments = [
        name,
        "--json",
        "--per-s",
        "4",
        "--seconds",
        &lasts,
        "--healthy",
        "2",
    ];
    let done = drill(folder.path(), &arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    let last = out.lines().last().unwrap_or_else(|| panic!("{said}"));
    let document: Value = serde_json::from_str(last).unwrap();
    assert_eq!(document["ok"], true, "{document:#}\n{said}");
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert_eq!(document["drill"], name);
    for key in ["lost", "duplicated", "restarts"] {
        assert_eq!(document[key], 0, "{key} in {document}");
    }
    // People are called and told in two of them.
    for key in ["page_ms", "status_page_ms"] {
        let is_called = name.starts_with("incident-");
        assert_eq!(document[key].is_number(), is_called, "{key} in {document}");
    }
    for key in ["recover_ms", "p99_healthy_ms", "p99_fault_ms"] {
        assert!(document[key].is_number(), "{key} in {document}");
    }
    assert!(
        document["synced_during_fault"].as_u64() > Some(0),
        "{document}"
    );
    assert!(document["nodes"].as_u64() >= Some(20), "{document}");
    assert!(document["machines"].as_u64() >= Some(2), "{document}");
    nothing_is_left(folder.path());
    Some(document)
}

/// A fault that is noticed, while Twinline's processes and webhooks know nothing of it.
fn check_database(name: &str, seconds: u32) {
    if let Some(document) = check(name, seconds) {
        assert!(document["detect_ms"].is_number(), "{document}");
        assert_eq!(document["webhooks_not_accepted"], 0, "{document}");
        assert_eq!(document["replaced"], 0, "{document}");
    }
}

#[test]
fn drill_stuck_commits() {
    check_database("stuck-commits", 8);
}

#[test]
fn drill_lock_pile_up() {
    check_database("lock-pile-up", 8);
}

#[test]
fn drill_read_only() {
    check_database("read-only", 8);
}

#[test]
fn drill_frozen_backend() {
    check_database("frozen-backend", 15);
}

#[test]
fn drill_mute_database() {
    check_database("mute-database", 8);
}

#[test]
fn drill_cancelled_begin() {
    check_database("cancelled-begin", 10);
}

#[test]
fn drill_backends_exhausted() {
    check_database("backends-exhausted", 8);
}

#[test]
fn drill_failover() {
    check_database("failover", 15);
}

#[test]
fn drill_switchover() {
    if Patroni::can_run() {
        check_database("switchover", 30);
    }
}

#[test]
fn drill_strict_standby() {
    if Patroni::can_run() {
        check_database("strict-standby", 8);
    }
}

#[test]
fn drill_restarts_hang() {
    check_database("restarts-hang", 8);
}

/// The whole incident: people are called and told, one time each.
fn check_incident(name: &str) {
    let Some(document) = check(name, 8) else {
        return;
    };
    assert!(document["detect_ms"].is_number(), "{document}");
    assert_eq!(document["webhooks_not_accepted"], 0, "{document}");
    assert_eq!(document["replaced"], 0, "{document}");
    let incident = &document["incident"];
    assert_eq!(incident["reports"], 5, "{incident}");
    assert_eq!(incident["postmortem_draft"], true, "{incident}");
    let ms = |key: &str| {
        let ms = incident[key].as_u64();
        ms.unwrap_or_else(|| panic!("{key} in {incident}"))
    };
    let page_ms = document["page_ms"].as_u64().unwrap();
    let order = [
        page_ms,
        ms("next_step_ms"),
        ms("acknowledged_ms"),
        ms("monitoring_ms"),
        ms("resolved_ms"),
    ];
    assert!(order.is_sorted(), "{order:?} in {document}");
    for key in ["crowded_ms", "declared_ms", "reported_ms"] {
        assert!(ms(key) < ms("acknowledged_ms"), "{key} in {incident}");
    }
}

#[test]
fn drill_incident_2021() {
    check_incident("incident-2021");
}

#[test]
fn drill_incident_2023() {
    check_incident("incident-2023");
}

/// Whether this is root, who alone may mount; else the test says that it is skipped.
fn may_mount() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        twinline_sim::needs::skip("root alone may make a file system or a network card");
    }
    is_root
}

#[test]
fn drill_wal_full() {
    if may_mount() {
        check_database("wal-full", 8);
    }
}

#[test]
fn drill_data_full() {
    if may_mount() {
        check_database("data-full", 8);
    }
}

#[test]
fn drill_storage_freeze() {
    if may_mount() {
        check_database("storage-freeze", 8);
    }
}

#[test]
fn drill_vanished_peer() {
    if may_mount() {
        check_database("vanished-peer", 10);
    }
}

#[test]
fn drill_local_disk_full() {
    if may_mount()
        && let Some(document) = check("local-disk-full", 8)
    {
        assert!(
            document["webhooks_not_accepted"].as_u64() > Some(0),
            "{document}"
        );
        assert_eq!(document["replaced"], 0, "{document}");
    }
}

#[test]
fn drill_killed() {
    if let Some(document) = check("killed", 10) {
        assert!(document["replaced"].as_u64() > Some(0), "{document}");
    }
}

/// The control: what is compared in every other drill, and what the processes use.
#[test]
fn drill_nothing() {
    let Some(document) = check("nothing", 5) else {
        return;
    };
    assert!(document["detect_ms"].is_null(), "{document}");
    assert_eq!(document["replaced"], 0, "{document}");
    let parts = document["usage"].as_array().unwrap();
    let names: Vec<&str> = parts
        .iter()
        .filter_map(|one| one["part"].as_str())
        .collect();
    assert_eq!(names, ["healthy", "fault", "after"], "{document}");
    for part in parts {
        for process in ["m1 edge", "m1 host", "m2 edge", "m2 host", "drill"] {
            let used = &part["processes"][process];
            assert!(used["cpu_s"].is_number(), "{process} in {part}");
            assert!(used["written_bytes"].is_number(), "{process} in {part}");
        }
    }
}

#[test]
fn drill_hung_host() {
    check_database("hung-host", 12);
}

/// A drill at work. Asked to end and waited for when dropped.
struct Going(Child);

impl Drop for Going {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            signal(self.0.id(), Signal::TERM);
            self.0.wait().unwrap();
        }
    }
}

#[test]
fn a_drill_that_is_interrupted_leaves_nothing_behind() {
    let Some(folder) = place() else {
        return;
    };
    let beside = tempfile::tempdir().unwrap();
    let said = beside.path().join("drill.out");
    let mut command = drill(
        folder.path(),
        &[
            "mute-database",
            "--per-s",
            "4",
            "--seconds",
            "20",
            "--healthy",
            "1",
        ],
    );
    command.stdout(std::fs::File::create(&said).unwrap());
    let mut running = Going(command.spawn().unwrap());
    until("the fault", || {
        text_of(&said).contains("the fault is made").then_some(())
    });
    assert!(processes_on(folder.path()).len() >= 8);
    signal(running.0.id(), Signal::INT);
    let ended = until("the end of the drill", || running.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(1), "{}", text_of(&said));
    nothing_is_left(folder.path());
}

/// Nobody is left to end and remove anything: what it has started does so.
#[test]
fn a_drill_that_is_killed_leaves_nothing_behind() {
    let Some(folder) = place() else {
        return;
    };
    let beside = tempfile::tempdir().unwrap();
    let said = beside.path().join("drill.out");
    let mut command = drill(
        folder.path(),
        &[
            "mute-database",
            "--per-s",
            "4",
            "--seconds",
            "60",
            "--healthy",
            "1",
        ],
    );
    command.stdout(std::fs::File::create(&said).unwrap());
    let mut running = Going(command.spawn().unwrap());
    until("the fault", || {
        text_of(&said).contains("the fault is made").then_some(())
    });
    assert!(processes_on(folder.path()).len() >= 8);
    signal(running.0.id(), Signal::KILL);
    running.0.wait().unwrap();
    until("the end of all that the drill had started", || {
        processes_on(folder.path()).is_empty().then_some(())
    });
    until("an empty folder", || {
        let mut left = std::fs::read_dir(folder.path()).unwrap();
        left.next().is_none().then_some(())
    });
}

#[test]
fn drills_are_listed_and_an_unknown_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let listed = drill(folder.path(), &["list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let drills = listed["drills"].as_array().unwrap();
    assert!(
        drills
            .iter()
            .any(|one| one["drill"] == "stuck-commits" && one["mode"] == 1)
    );
    let unknown = drill(folder.path(), &["stuck"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("stuck-commits"), "{said}");
}
