//! `twinline up`: restarts, shutdown, and nothing left behind.

use crate::support::{Installation, is_alive, signal, text_of, until};
use rustix::process::Signal;

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

#[test]
fn sigterm_ends_everything_in_good_order() {
    let installation = Installation::new("");
    let mut up = installation.up();
    let roles = up.works();
    signal(up.child.id(), Signal::TERM);
    let status = up.child.wait().unwrap();
    assert!(
        status.success(),
        "{status}: {}",
        text_of(&installation.path("up.log"))
    );
    for pid in roles {
        assert!(!is_alive(pid), "{pid} is left behind");
    }
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
