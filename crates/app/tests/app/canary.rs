//! The canary synchronisation, as watch runs it against whole processes.

use crate::support::{Installation, signal, until};
use crate::watching::{self, watches};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use std::net::{Ipv4Addr, TcpListener};

/// Fast enough for a test, and slow enough for a machine that has other work too.
const PACE: &str = "period_ms = 1000, deadline_ms = 5000, open_after = 2, close_after = 3";

/// An installation whose watch runs the canary often.
fn watched(more: &str) -> Installation {
    let made = Installation::new("");
    let probes = format!(
        "[watch.probes]\ncanary_sync = {{ period_ms = 1000, deadline_ms = 10000, open_after = 2, close_after = 3 }}\ncommit_canary = {{ {PACE} }}\n{more}"
    );
    watches(&made, &probes);
    made
}

fn stands(installation: &Installation, probe: &str, wanted: &str) {
    let subject = match probe {
        "commit_canary" => "database:central",
        _ => "canary_sync:m1",
    };
    watching::stands(installation, (probe, subject), wanted);
}

#[test]
fn a_change_crosses_and_no_longer_when_the_hosts_work_is_frozen() {
    let installation = watched("");
    let mut up = installation.up();
    let [_, host] = up.works();
    stands(&installation, "canary_sync", "passing");
    // It is nobody's node, connection or twin.
    let status = installation.json(&["status"]).to_string();
    assert!(!status.contains("canary"), "{status}");
    assert_eq!(
        installation.json(&["twins"])["items"],
        serde_json::json!([])
    );

    // With the supervisor, which would replace it while it is looked at.
    for pid in [up.child.id(), host] {
        signal(pid, Signal::STOP);
    }
    let failing = until("an incident with the canary in it", || {
        let found = installation.json(&["incident", "list"]);
        let incidents = found["incidents"].as_array()?.clone();
        let of_canary = |it: &&Json| it["failing"].to_string().contains("canary_sync:m1");
        incidents.iter().find(of_canary).cloned()
    });
    assert_eq!(failing["standing"], "open", "{failing}");
    for pid in [up.child.id(), host] {
        // The supervisor, which goes on first, may end the host at once.
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        let _gone = kill_process(pid, Signal::CONT);
    }
    stands(&installation, "canary_sync", "passing");
    assert!(up.ends().success());
}

/// Nothing between a delivery and its effect waits for a central database, the canary's neither.
#[test]
fn a_hung_central_database_leaves_the_canary_green() {
    // Takes connections and never says a word.
    let database = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = database.local_addr().unwrap();
    let installation = watched("[central]\nurl = { file = \"central.url\" }\n");
    installation.write("central.url", &format!("postgres://u:p@{at}/twinline"));
    let mut up = installation.up();
    up.works();
    stands(&installation, "commit_canary", "failing");
    stands(&installation, "canary_sync", "passing");
    stands(&installation, "commit_canary", "failing");
    assert!(up.ends().success());
}
