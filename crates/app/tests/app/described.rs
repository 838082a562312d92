//! A tracker that is described in TOML, twinned with one that is programmed.

use crate::support::{Installation, LISTEN, Simulators, until};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command as Program, Stdio};
use twinline_sim::json_http::Desk;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, DumpItem};

fn act(server: &SimServer, command: Command) -> Done {
    server
        .with(|tracker, now| tracker.command(now, command))
        .unwrap()
}

/// Waits until a tracker's only item is as wanted.
fn only(server: &SimServer, what: &str, holds: impl Fn(&DumpItem) -> bool) -> DumpItem {
    until(what, || {
        let dump = server.with(|tracker, now| tracker.dump(now));
        let [item] = &dump.items[..] else { return None };
        holds(item).then(|| item.clone())
    })
}

/// What each side says next crosses, and what is said among a team does not.
fn both_edit(desk: &SimServer, github: &SimServer, key: &str, twin_key: &str) {
    let among_us = Command::AddComment {
        key: key.to_owned(),
        by: "ana".into(),
        body: "Among us.".into(),
        channel: Some("team".into()),
    };
    act(desk, among_us);
    act(desk, Command::comment(key, "ana", "To everyone."));
    act(
        desk,
        Command::edit(key, "ana", "title", "Told in TOML, and retitled"),
    );
    act(
        github,
        Command::edit(twin_key, "ben", "labels", serde_json::json!(["bug", "web"])),
    );
    let twin = only(github, "title and comment", |item| {
        item.title == "Told in TOML, and retitled"
            && item
                .comments
                .iter()
                .any(|comment| comment.body.contains("To everyone."))
    });
    assert!(
        !twin
            .comments
            .iter()
            .any(|comment| comment.body.contains("Among us.")),
        "{:?}",
        twin.comments
    );
    only(desk, "labels", |item| item.labels == ["bug", "web"]);
}

#[test]
fn a_first_twin_crosses_between_a_described_tracker_and_github() {
    let simulators = Simulators::start();
    let (desk, github) = (
        simulators.serve(Box::new(Desk::default())),
        &simulators.github,
    );
    let installation = Installation::between(("json-http", &desk.url()), ("github", &github.url()));
    installation.json(&["check"]);
    installation.json(&["apply"]);
    let up = installation.up();
    let create = Command::Create {
        container: None,
        by: "ana".into(),
        title: "Told in TOML".into(),
        body: "It **crosses**.".into(),
        labels: vec!["bug".into()],
        assignees: Vec::new(),
    };
    let Done::Item(key) = act(&desk, create) else {
        panic!("no item was made");
    };
    let twin = only(github, "the twin", |item| item.title == "Told in TOML");
    assert!(twin.body.contains("It **crosses**."), "{}", twin.body);
    assert_eq!(twin.labels, ["bug"]);

    act(
        github,
        Command::comment(&twin.key, "ben", "Seen from **there**."),
    );
    act(
        github,
        Command::edit(&twin.key, "ben", "status", "closed:completed"),
    );
    let item = only(&desk, "comment and status", |item| {
        item.status == "done" && item.comments.len() == 1
    });
    assert!(
        item.comments[0].body.contains("Seen from **there**."),
        "{:?}",
        item.comments
    );
    assert_eq!(item.key, key);

    both_edit(&desk, github, &key, &twin.key);
    let errors = installation.json(&["errors"]);
    assert_eq!(errors["errors"], serde_json::json!([]), "{errors}");
    drop(up);
    simulators.stop(desk);
    simulators.end();
}

#[test]
fn a_description_that_is_wrong_is_told_with_its_place() {
    let simulators = Simulators::start();
    let desk = simulators.serve(Box::new(Desk::default()));
    let installation = Installation::between(
        ("json-http", &desk.url()),
        ("github", &simulators.github.url()),
    );
    let path = "trackers/json-http.toml";
    let sound = std::fs::read_to_string(installation.path(path)).unwrap();
    let check = |described: &str, expected: &[&str]| {
        installation.write(path, described);
        let done = installation.run(&["check", "--offline"]);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success());
        for part in expected {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    };
    check(
        &sound.replace("covers  =", "cover  ="),
        &["json-http.toml:", "'cover'", "did you mean 'covers'?"],
    );
    check(
        &sound.replace("{id}/comments\"", "{ids}/comments\""),
        &["comments.path", "did you mean {id}?"],
    );
    simulators.stop(desk);
    simulators.end();
}

const GUIDE: &str = include_str!("../../../../docs/guide/adding-a-tracker.md");

/// The steps of the guide's trial, at these ports instead of its own.
fn trial(desk: u16, github: u16) -> String {
    let blocks = GUIDE.split("```sh trial\n").skip(1);
    let steps: Vec<&str> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    let [begin, rest @ ..] = &steps[..] else {
        panic!("the guide has no trial");
    };
    // Installations of other tests have the ports that the guide's would listen on.
    let aside = format!(
        "sed -i '/^public_url/d' twinline.toml\ncat >> twinline.toml <<'END'\n{LISTEN}END\n"
    );
    let steps = format!("{begin}{aside}{}", rest.concat());
    steps
        .replace("4030", &desk.to_string())
        .replace("4010", &github.to_string())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn the_guides_trial_ends_with_twins() {
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_twinline")).parent().unwrap();
    let script = format!(
        "set -euo pipefail\nexport PATH=\"{}:$PATH\"\ntrap 'kill $(jobs -p) || true; wait || true' EXIT\n{}\nuntil twinline twins --json > twins.json && ! grep -q '\"creating\"' twins.json; do sleep 0.2; done\n",
        binaries.display(),
        trial(free_port(), free_port())
    );
    // All that it starts ends with it.
    let mut bash = Program::new("timeout");
    bash.args(["300", "bash", "-c", &script]);
    let done = bash
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {said}\n{told}", done.status);
    for part in ["status (choice)", "told with line, key and what to write"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(told.contains("did you mean 'covers'?"), "{told}");
    let twins = std::fs::read(folder.path().join("twins.json")).unwrap();
    let twins: serde_json::Value = serde_json::from_slice(&twins).unwrap();
    let twins = twins["items"].as_array().unwrap();
    assert!(!twins.is_empty());
    for twin in twins {
        assert_eq!(twin["state"], "live", "{twin}");
    }
}
