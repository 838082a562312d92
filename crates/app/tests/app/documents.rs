//! The commands and flags that look at things and steer them, with `--json`, against one installation at work: what each
//! one's document holds, and its exit code.

use crate::support::{Installation, Running, Simulators, create, in_jira, signal, text_of, until};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use std::process::Stdio;
use twinline_sim::Command as Act;

/// A title can set a twin aside, or freeze it.
const SCRIPT: &str = r#"
export function outgoing({ issue }) {
  if (issue.summary.includes("secret")) reject("it holds a secret");
  if (issue.summary.includes("frozen")) hold("summary", "a person decides");
}
"#;

const FIXTURE: &str = r#"
rules = "first.toml"
side = "left"
rule = "outgoing"
[item]
summary = "Checkout is slow"
[expect.replica]
summary = "Checkout is slow"
"#;

/// Runs a command; its exit code is this one, and its document holds these values at these places.
fn check(made: &Installation, arguments: &[&str], code: i32, holds: &[(&str, Json)]) -> Json {
    let done = made.run(&[arguments, &["--json"]].concat());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
    let document: Json = serde_json::from_slice(&done.stdout).unwrap();
    for (at, value) in holds {
        let found = document.pointer(at);
        assert_eq!(found, Some(value), "{arguments:?} {at}: {document}");
    }
    document
}

/// How long a list in a document is.
fn length(document: &Json, list: &str) -> usize {
    let list = document[list].as_array();
    list.unwrap_or_else(|| panic!("no list in {document}"))
        .len()
}

fn retitle(simulators: &Simulators, number: usize, title: &str) {
    let edit = Act::edit(&format!("acme/app#{number}"), "ana", "title", title);
    let done = simulators
        .github
        .with(|tracker, now| tracker.command(now, edit));
    done.unwrap();
}

#[test]
fn every_command_answers_with_its_document() {
    let simulators = Simulators::start();
    let made = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let rules = text_of(&made.path("rules/first.toml"));
    let rules = rules.replace("[left]\n", "[left]\nscript = \"first.left.js\"\n");
    made.write("rules/first.toml", &rules);
    made.write("rules/first.left.js", SCRIPT);
    for title in ["One", "Two", "Three"] {
        create(&simulators, title);
    }
    before_it_runs(&made);
    let up = made.up();
    for title in ["One", "Two", "Three"] {
        in_jira(&simulators, title);
    }
    until("three living twins", || {
        let live = made.json(&["twins", "--state", "live"]);
        (length(&live, "items") == 3).then_some(())
    });
    events_are_followed(&made, &simulators);
    lists_have_pages(&made);
    backfills_are_steered(&made);
    twins_are_found_and_steered(&made, &simulators);
    drop(up);
    simulators.end();
}

/// Rules are judged and published without a host.
fn before_it_runs(made: &Installation) {
    let written = check(made, &["types", "first"], 0, &[]);
    assert!(made.path("rules/first.d.ts").exists(), "{written}");
    assert_eq!(length(&written, "written"), 3, "{written}");
    let unknown = check(made, &["types", "second"], 3, &[("/exit", json!(3))]);
    assert!(unknown["error"].as_str().unwrap().contains("'second'"));
    std::fs::create_dir(made.path("rules/tests")).unwrap();
    made.write("rules/tests/summary.toml", FIXTURE);
    let passed = [("/ok", json!(true)), ("/passed", json!(1))];
    check(made, &["test"], 0, &passed);
    check(made, &["test", "summ", "--offline"], 0, &passed);
    check(made, &["test", "none"], 3, &[("/exit", json!(3))]);
    let wrong = FIXTURE.replace("[expect.replica]\nsummary", "[expect.replica]\nstatus");
    made.write("rules/tests/wrong.toml", &wrong);
    let failed = [("/ok", json!(false)), ("/failed", json!(1))];
    check(made, &["test"], 1, &failed);
    check(
        made,
        &["apply", "first"],
        0,
        &[("/published/0/version", json!(1))],
    );
    for staying in [&["up"][..], &["edge"], &["host"], &["demo"]] {
        let refused = check(made, staying, 2, &[("/exit", json!(2))]);
        let said = refused["error"].as_str().unwrap();
        assert!(
            said.contains(&format!("'twinline {}'", staying[0])),
            "{said}"
        );
    }
    let none = check(made, &["events"], 4, &[("/exit", json!(4))]);
    assert!(none["error"].as_str().unwrap().contains("no host runs"));
}

/// A line for each event, until it is ended.
fn events_are_followed(made: &Installation, simulators: &Simulators) {
    let said = made.path("events.out");
    let out = std::fs::File::create(&said).unwrap();
    let mut command = made.command(&["events", "--json"]);
    let child = command.stdin(Stdio::null()).stdout(out).spawn().unwrap();
    let mut events = Running(child);
    let mut round = 0;
    let line = until("an event", || {
        // What happened before it listened is not told.
        round += 1;
        retitle(simulators, 2, &format!("Two, {round}"));
        let text = text_of(&said);
        text.split_once('\n').map(|(line, _)| line.to_owned())
    });
    let event: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(event["connection"], "first", "{event}");
    assert_eq!(event["what"]["what"], "written", "{event}");
    assert!(
        event["text"].as_str().unwrap().contains("summary changed"),
        "{event}"
    );
    signal(events.0.id(), Signal::INT);
    let ended = until("the end of events", || events.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}

fn lists_have_pages(made: &Installation) {
    let first = check(
        made,
        &["twins", "--connection", "first", "--max", "2"],
        0,
        &[],
    );
    assert_eq!(length(&first, "items"), 2, "{first}");
    let next = first["next"].as_str().unwrap();
    let rest = ["twins", "--connection", "first", "--after", next];
    let rest = check(made, &rest, 0, &[("/next", Json::Null)]);
    assert_eq!(length(&rest, "items"), 1, "{rest}");
    let none = [("/items", json!([]))];
    check(made, &["twins", "--connection", "second"], 0, &none);
    check(made, &["twins", "--held"], 0, &none);
    let foreign = ["twins", "--after", "elsewhere"];
    check(made, &foreign, 1, &[("/exit", json!(1))]);
    for list in [&["history", "acme/app#2"][..], &["audit"]] {
        let newest = check(made, &[list, &["--max", "1"]].concat(), 0, &[]);
        assert_eq!(length(&newest, "items"), 1, "{newest}");
        let before = newest["next"].as_u64().unwrap();
        assert_eq!(newest["items"][0]["seq"], before, "{newest}");
        let before = before.to_string();
        let older = check(made, &[list, &["--before", &before]].concat(), 0, &[]);
        let older = older["items"].as_array().unwrap();
        let seqs = older.iter().map(|entry| entry["seq"].as_u64().unwrap());
        assert!(seqs.into_iter().all(|seq| seq < before.parse().unwrap()));
    }
    let planned = ["plan", "first", "--max", "1"];
    check(made, &planned, 0, &[("/plans/0/looked_at", json!(1))]);
}

fn backfills_are_steered(made: &Installation) {
    let none = [("/refused", json!([]))];
    let closed = [
        "backfill",
        "first",
        "--side",
        "left",
        "--query",
        "is:closed",
    ];
    let started = check(made, &closed, 0, &none);
    let id = started["started"][0].clone();
    let listed = until("its end", || {
        let listed = made.json(&["backfill", "first", "--list"]);
        let mut all = listed["backfills"].as_array()?.iter();
        let ours = all.find(|job| job["id"] == id)?;
        (ours["state"] == "finished").then(|| ours.clone())
    });
    assert_eq!(listed["done"], 0, "nothing is closed: {listed}");
    let unread = [
        "backfill",
        "first",
        "--side",
        "left",
        "--query",
        "colour:red",
    ];
    check(
        made,
        &[&unread[..], &["--wait"]].concat(),
        1,
        &[("/exit", json!(1))],
    );
    let untriggered = ["backfill", "first", "--side", "right"];
    check(made, &untriggered, 1, &[("/exit", json!(1))]);

    let paused = [("/node", json!("github")), ("/paused", json!(true))];
    check(
        made,
        &["pause", "github", "--reason", "an upgrade"],
        0,
        &paused,
    );
    let status = made.json(&["status"]);
    let mut nodes = status["nodes"].as_array().unwrap().iter();
    let node = nodes.find(|node| node["node"] == "github").unwrap();
    assert_eq!(node["state"]["reason"], "an upgrade", "{status}");
    let held_up = check(made, &["backfill", "first", "--side", "left"], 0, &none);
    let cancelled = check(made, &["backfill", "first", "--cancel"], 0, &[]);
    assert_eq!(cancelled["cancelled"], held_up["started"], "{cancelled}");
    let again = [("/cancelled", json!([]))];
    check(made, &["backfill", "first", "--cancel"], 0, &again);
    check(made, &["resume", "github"], 0, &[("/paused", json!(false))]);
    check(made, &["pause", "gitlab"], 1, &[("/exit", json!(1))]);
}

fn twins_are_found_and_steered(made: &Installation, simulators: &Simulators) {
    retitle(simulators, 1, "a secret");
    retitle(simulators, 2, "frozen");
    until("a twin that is set aside", || {
        let aside = made.json(&["twins", "--state", "quarantined"]);
        (length(&aside, "items") == 1).then_some(())
    });
    check(made, &["retry", "acme/app#1"], 0, &[("/twins", json!(1))]);
    let held = until("a frozen twin", || {
        let held = made.json(&["twins", "--held"]);
        held["items"].get(0).cloned()
    });
    assert_eq!(held["items"]["left"]["key"], "acme/app#2", "{held}");
    assert!(
        held["held"]["summary"].is_object() || held["held"]["summary"].is_string(),
        "{held}"
    );
    let elsewhere = ["unlink", "acme/app#3", "--connection", "second"];
    let refused = check(made, &elsewhere, 1, &[("/exit", json!(1))]);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("no living twin")
    );
    let here = ["unlink", "acme/app#3", "--connection", "first"];
    let ended = check(made, &here, 0, &[("/ok", json!(true))]);
    assert_eq!(length(&ended, "unlinked"), 1, "{ended}");
}
