//! Setting nodes up: asked, written whole or not at all, no secret shown; and credentials that change while all works.

use crate::support::{
    Installation, PATIENCE, Simulators, create, in_jira, text_of, until, until_within,
};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};
use twinline_sim::Command as Act;
use twinline_sim::redmine::API_KEY;

/// Runs a command with something on its standard input.
fn run(installation: &Installation, arguments: &[&str], input: &str) -> Output {
    let mut child = installation
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

const NODES: &str =
    "[instance]\npublic_url = \"http://127.0.0.1:9\"   # for the trial\n\n# nodes follow\n";

fn redmine<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "node",
        "add",
        "rm",
        "--tracker",
        "redmine",
        "--url",
        url,
        "--allow-private",
        "127.0.0.0/8",
        "--secret-stdin",
        "key",
        "--scope",
        "project=app",
    ];
    [&fixed, more].concat()
}

#[test]
fn a_node_is_added_below_what_is_there_once_its_tracker_agrees() {
    let simulators = Simulators::start();
    let url = simulators.redmine.url();
    let installation = Installation::new(NODES);
    let before = text_of(&installation.path("twinline.toml"));
    let added = run(&installation, &redmine(&url, &["--json"]), API_KEY);
    assert!(added.status.success(), "{added:?}");
    assert!(!said(&added).contains(API_KEY), "{added:?}");
    let answer: serde_json::Value = serde_json::from_slice(&added.stdout).unwrap();
    assert_eq!(answer["added"], true);
    let after = text_of(&installation.path("twinline.toml"));
    let section = after.strip_prefix(&before).unwrap();
    assert!(
        section.contains("[nodes.rm]") && !section.contains(API_KEY),
        "{section}"
    );
    let secret = installation.path("secrets/rm.key");
    assert_eq!(text_of(&secret).trim(), API_KEY);
    let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let checked = installation.json(&["node", "check", "rm", "--scope", "project=app"]);
    assert_eq!(checked["ok"], true, "{checked}");
    let place = ["--scope", "project=app", "--scope", "tracker=Bug"];
    let described = installation.json(&[&["node", "describe", "rm"], &place[..]].concat());
    assert_eq!(
        described["description"]["fields"]["status"]["kind"],
        "choice"
    );
    let printed = installation.run(&[&["node", "describe", "rm"], &place[..]].concat());
    assert!(
        said(&printed).contains("status (choice): Status"),
        "{printed:?}"
    );
    let hook = installation.run(&["node", "webhook", "rm", "--scope", "project=app"]);
    assert!(said(&hook).contains("webhook.secrets is empty"), "{hook:?}");

    let again = run(&installation, &redmine(&url, &[]), API_KEY);
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert_eq!(text_of(&installation.path("twinline.toml")), after);
    simulators.end();
}

#[test]
fn what_the_tracker_or_the_check_refuses_leaves_nothing_behind() {
    let simulators = Simulators::start();
    let url = simulators.redmine.url();
    let installation = Installation::new(NODES);
    let before = text_of(&installation.path("twinline.toml"));
    let make = Act::Create {
        container: Some("app".into()),
        by: "ana".into(),
        title: "an issue".into(),
        body: "x".into(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    let made = simulators
        .redmine
        .with(|tracker, now| tracker.command(now, make));
    made.unwrap();
    let refused = |arguments: &[&str], input: &str, code: i32, expected: &str| {
        let output = run(&installation, arguments, input);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(
            !text.contains("no-such-key") && !text.contains(API_KEY),
            "{text}"
        );
        assert_eq!(text_of(&installation.path("twinline.toml")), before);
        assert!(!installation.path("secrets/rm.key").exists());
    };
    refused(&redmine(&url, &[]), "no-such-key", 1, "nothing was added");
    refused(
        &redmine(&url, &["--texts", "textile"]),
        API_KEY,
        1,
        "write texts = \"markdown\"",
    );
    refused(
        &redmine(&url, &["--workspace", "nobody"]),
        API_KEY,
        3,
        "nobody",
    );
    refused(
        &redmine(&url, &["--auth", "key=no-such-key"]),
        API_KEY,
        2,
        "command line",
    );
    let bare = [
        "node",
        "add",
        "--tracker",
        "github",
        "--url",
        "https://api.github.com",
    ];
    refused(&bare, "", 2, "Personal access tokens");
    simulators.end();
}

#[test]
fn a_person_is_given_the_business_rule_and_what_else_must_be_done_by_hand() {
    let installation = Installation::new(NODES);
    let common = ["--unchecked", "--secret-stdin"];
    let snow = [
        &[
            "node",
            "add",
            "snow",
            "--tracker",
            "servicenow",
            "--url",
            "https://acme.service-now.com",
        ][..],
        &["--auth", "user=twinline", "--scope", "table=incident"],
        &common,
        &["password"],
    ];
    let added = run(&installation, &snow.concat(), "a-password");
    let text = said(&added);
    assert!(added.status.success(), "{text}");
    assert!(
        text.contains("/hooks/snow") && text.contains("incident"),
        "{text}"
    );
    assert!(!text.contains("a-password"), "{text}");
    let shown = installation.json(&["node", "webhook", "snow", "--scope", "table=incident"]);
    assert_eq!(shown["state"], "by_hand");
    let hook = text_of(&installation.path("secrets/snow.hook"));
    assert_eq!(hook.trim().len(), 64);
    assert!(!text.contains(hook.trim()), "{text}");
    // A webhook is not registered before the edge knows the node.
    let github = [
        "node",
        "add",
        "gh",
        "--tracker",
        "github",
        "--url",
        "https://api.github.com",
    ];
    let added = run(
        &installation,
        &[&github[..], &common, &["token"]].concat(),
        "a-token",
    );
    assert!(added.status.success(), "{added:?}");
    let early = installation.run(&["node", "webhook", "gh", "--scope", "repo=acme/app"]);
    assert_eq!(early.status.code(), Some(1), "{early:?}");
    assert!(said(&early).contains("nothing was registered"), "{early:?}");
}

/// The state of a node, as `status` tells it.
fn state(installation: &Installation, node: &str) -> String {
    let status = installation.json(&["status"]);
    let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
    let found = nodes.into_iter().find(|it| it["node"] == node);
    found.map_or(String::new(), |it| {
        it["state"]["state"].as_str().unwrap_or("").to_owned()
    })
}

#[test]
fn refused_credentials_pause_their_node_alone_and_new_ones_work_without_a_restart() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let token = installation.path("secrets/jira-cloud.token");
    let right = text_of(&token);
    assert_eq!(installation.json(&["check"])["ok"], true);
    assert_eq!(installation.json(&["apply"])["published"][0]["version"], 1);
    std::fs::write(&token, "expired\n").unwrap();
    let up = installation.up();
    create(&simulators, "Checkout is slow");
    until("Jira's node waits for credentials", || {
        (state(&installation, "jira-cloud") == "credentials").then_some(())
    });
    assert_eq!(state(&installation, "github"), "open");
    let told = installation.run(&["status"]);
    assert!(said(&told).contains("jira-cloud"), "{told:?}");

    std::fs::write(&token, right).unwrap();
    // What was refused is tried again once a minute.
    until_within(4 * PATIENCE, "the new token is used", || {
        (state(&installation, "jira-cloud") == "open").then_some(())
    });
    in_jira(&simulators, "Checkout is slow");
    drop(up);
    simulators.end();
}
