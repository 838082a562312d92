//! `twinline up`: restarts, shutdown, and nothing left behind.

use crate::support::{Installation, Simulators, Up, create, is_alive, signal, text_of, until};
use crate::webhooks::{SECRET, address, body, deliver};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[test]
fn a_role_that_is_killed_runs_again() {
    let installation = Installation::new("");
    let up = installation.up();
    let [edge, host] = up.works();
    for (role, old) in [("edge", edge), ("host", host)] {
        signal(old, Signal::KILL);
        until(&format!("a new {role}"), || {
            installation.role(role).filter(|new| *new != old)
        });
    }
    up.works();
}

/// The nice values of all threads of a process.
fn nice_of(pid: u32) -> BTreeSet<i32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let each = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).ok()?;
        // The name may have spaces; the value is the nineteenth, and the name the second.
        let (_, after_name) = stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(16)?.parse().ok()
    });
    each.collect()
}

#[test]
fn a_host_stands_behind_the_edge_when_both_want_the_processor() {
    let installation = Installation::new("");
    let up = installation.up();
    let [edge, host] = up.works();
    let [edge, host] = [edge, host].map(nice_of);
    assert_eq!(edge.len(), 1, "{edge:?}");
    let behind = edge.iter().map(|nice| (nice + 10).min(19)).collect();
    assert_eq!(host, behind, "all of its threads");
}

/// Ends it; nothing had to be killed, which it does after 9 s.
fn ends_well(installation: &Installation, up: &mut Up<'_>, roles: [u32; 2]) {
    let status = up.ends();
    let log = text_of(&installation.path("up.log"));
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains("did not end in time"), "{log}");
    for pid in roles {
        assert!(!is_alive(pid), "{pid} is left behind");
    }
}

#[test]
fn sigterm_ends_everything_in_good_order() {
    let installation = Installation::new("");
    let mut up = installation.up();
    let roles = up.works();
    ends_well(&installation, &mut up, roles);
}

/// Deliveries are taken and acknowledged all the while, and with every one of them something is written.
#[test]
fn sigterm_in_the_middle_of_work_ends_everything_in_good_order() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.write("secrets/github.hook", SECRET);
    installation.json(&["apply"]);
    let mut up = installation.up();
    let roles = up.works();
    for number in 1..=20 {
        create(&simulators, &format!("Issue {number}"));
    }
    let at = address(&installation);
    let (stop, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let id = format!("d{number}");
                let answer = deliver(at, "github", &id, &body(1 + number % 20, 0));
                if answer.is_some_and(|answer| answer.status == 202) {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        until("work to be under way", || {
            (taken.load(Ordering::Relaxed) > 100).then_some(())
        });
        ends_well(&installation, &mut up, roles);
        stop.store(true, Ordering::Relaxed);
    });
    simulators.end();
}

#[test]
fn a_role_that_does_not_end_is_killed_and_that_is_told() {
    let installation = Installation::new("");
    let mut up = installation.up();
    let [edge, host] = up.works();
    signal(host, Signal::STOP);
    let status = up.ends();
    let log = text_of(&installation.path("up.log"));
    assert_eq!(status.code(), Some(1), "{log}");
    assert_eq!(log.matches("did not end in time").count(), 1, "{log}");
    assert!(!is_alive(edge) && !is_alive(host));
}

#[test]
fn a_configuration_that_breaks_later_leaves_the_other_role_alone() {
    let installation = Installation::new("");
    let up = installation.up();
    let [edge, host] = up.works();
    let sound = text_of(&installation.path("twinline.toml"));
    installation.write("twinline.toml", "nonsense = 1\n");
    signal(host, Signal::KILL);
    until("the refusal", || {
        let log = text_of(&installation.path("up.log"));
        log.contains("exit code 3").then_some(())
    });
    assert_eq!(installation.role("edge"), Some(edge));
    installation.write("twinline.toml", &sound);
    let [same, _] = up.works();
    assert_eq!(same, edge);
}

#[test]
fn a_killed_supervisor_takes_its_roles_along() {
    let installation = Installation::new("");
    let mut up = installation.up();
    let roles = up.works();
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    for pid in roles {
        until("a role to end", || (!is_alive(pid)).then_some(()));
    }
    // What it held is free again.
    installation.up().works();
}

#[test]
fn a_second_supervisor_refuses_and_the_first_goes_on() {
    let installation = Installation::new("");
    let up = installation.up();
    let roles = up.works();
    let second = installation.run(&["up"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another 'up' runs on"), "{said}");
    assert_eq!(up.works(), roles);
}

#[test]
fn a_wrong_configuration_ends_with_its_place_and_code_3() {
    let cases = [
        (
            "[nodes.a]\ntracker = \"github\"\nurl = \"https://x.example\"\nsecret = 1",
            "there is no key 'secret' here",
        ),
        (
            "[nodes.a]\ntracker = \"gitlab\"\nurl = \"https://x.example\"",
            "there is no tracker 'gitlab'",
        ),
        (
            "[nodes.a]\ntracker = \"github\"\nurl = \"https://x.example\"\nauth = { token = { file = \"none\" } }",
            "nodes.a.auth.token: the file",
        ),
    ];
    let cases = cases.map(|(nodes, expected)| (Installation::new(nodes), expected));
    let broken = "tls = [{ name = \"a.example\", cert = \"none.crt\", key = \"none.key\" }]";
    let broken = Installation::with_edge(broken, "");
    let expected = "edge.tls: the certificate of a.example cannot be used";
    for (installation, expected) in cases.into_iter().chain([(broken, expected)]) {
        let done = installation.run(&["up"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(3), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_api_answers_callers_mistakes_with_problems() {
    let installation = Installation::new("");
    let up = installation.up();
    let cases = [
        (
            vec!["history", "nobody#1"],
            1,
            "item 'nobody#1' is not known here",
        ),
        (
            vec!["pause", "nowhere"],
            1,
            "node 'nowhere' is not known here",
        ),
        (
            vec!["backfill", "none"],
            1,
            "connection 'none' is not known here",
        ),
        (
            vec!["versions", "none"],
            1,
            "connection 'none' has no published rules",
        ),
        (vec!["unlink", "none"], 1, "twin 'none' is not known here"),
    ];
    for (arguments, code, expected) in cases {
        let done = installation.run(&arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    drop(up);
    let done = installation.run(&["status", "--json"]);
    assert_eq!(done.status.code(), Some(4));
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["exit"], 4);
}
