//! Setting nodes up: asked, written whole or not at all, no secret shown; and credentials that change while all works.

use crate::support::{
    Installation, PATIENCE, Simulators, create, in_jira, text_of, until, until_within,
};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
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
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    // It may have ended without reading it.
    if let Err(error) = written {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
    }
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
    let hook = installation.json(&["node", "webhook", "rm"]);
    assert_eq!(hook["state"], "polled");

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

#[test]
fn without_asking_the_tracker_all_that_can_be_known_is_still_refused() {
    let installation = Installation::new(NODES);
    let before = text_of(&installation.path("twinline.toml"));
    let github = |url: &str, more: &[&str]| {
        let fixed = ["node", "add", "gh", "--tracker", "github", "--unchecked"];
        let arguments = [&fixed[..], &["--url", url], more].concat();
        run(&installation, &arguments, "a-token")
    };
    let refused = github("ftp://api.github.com", &["--secret-stdin", "token"]);
    assert!(!refused.status.success(), "{refused:?}");
    assert!(said(&refused).contains("http or https"), "{refused:?}");
    let file = ["--secret-file", "token=nowhere.token"];
    let refused = github("https://api.github.com", &file);
    assert!(said(&refused).contains("nowhere.token"), "{refused:?}");
    assert_eq!(text_of(&installation.path("twinline.toml")), before);
    assert!(!installation.path("secrets/gh.token").exists());
    // What the environment will hold may not be there yet.
    let later = ["--secret-env", "token=TWINLINE_TEST_NOT_SET"];
    let added = github("https://api.github.com", &later);
    assert!(added.status.success(), "{added:?}");
}

#[test]
fn rules_that_cannot_be_read_are_told_and_none_yet_are_no_fault() {
    let simulators = Simulators::start();
    let url = simulators.redmine.url();
    let installation = Installation::new(NODES);
    let added = run(&installation, &redmine(&url, &[]), API_KEY);
    assert!(added.status.success(), "{added:?}");
    assert_eq!(installation.json(&["node", "check", "rm"])["ok"], true);
    std::fs::create_dir_all(installation.path("rules")).unwrap();
    installation.write("rules/broken.toml", "name = ");
    let told = installation.run(&["node", "check", "rm"]);
    assert_eq!(told.status.code(), Some(3), "{told:?}");
    assert!(said(&told).contains("broken.toml"), "{told:?}");
    std::fs::remove_file(installation.path("rules/broken.toml")).unwrap();
    std::fs::remove_dir(installation.path("rules")).unwrap();
    // A folder that is none stands for one that cannot be read: as root one reads all.
    installation.write("rules", "");
    let told = installation.run(&["node", "check", "rm"]);
    assert_eq!(told.status.code(), Some(3), "{told:?}");
    assert!(said(&told).contains("cannot be read"), "{told:?}");
    simulators.end();
}

#[test]
fn a_sealed_node_works_with_its_key_alone() {
    let simulators = Simulators::start();
    let url = simulators.redmine.url();
    let unsealed = Installation::new(NODES);
    let refused = run(&unsealed, &redmine(&url, &["--seal"]), API_KEY);
    assert!(said(&refused).contains("openssl rand"), "{refused:?}");
    let nodes = NODES.replace(
        "[instance]\n",
        "[instance]\nseal_key = { file = \"seal.key\" }\n",
    );
    let installation = Installation::new(&nodes);
    installation.write("seal.key", "0123456789abcdef0123456789abcdef\n");
    let added = run(&installation, &redmine(&url, &["--seal"]), API_KEY);
    assert!(added.status.success(), "{added:?}");
    let text = text_of(&installation.path("twinline.toml"));
    assert!(text.contains("auth    = { key = { sealed = \"1."), "{text}");
    assert!(!text.contains(API_KEY), "{text}");
    assert!(!installation.path("secrets").exists());
    let place = ["node", "check", "rm", "--scope", "project=app"];
    assert_eq!(installation.json(&place)["ok"], true);

    let sealed = run(&installation, &["seal"], "another-key\n");
    let said_sealed = said(&sealed);
    assert!(said_sealed.starts_with("{ sealed = \"1."), "{sealed:?}");
    assert!(!said_sealed.contains("another-key"), "{sealed:?}");
    installation.write("seal.key", "another key of thirty-two letters\n");
    let told = installation.run(&place);
    assert!(!told.status.success(), "{told:?}");
    assert!(
        said(&told).contains("another key has sealed it"),
        "{told:?}"
    );
    simulators.end();
}

/// Answers one request, whatever it asks.
fn answers(listener: &TcpListener, head: &str) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut read = [0; 4096];
    let _asked = stream.read(&mut read).unwrap();
    let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).unwrap();
}

#[test]
fn a_webhook_is_registered_only_where_our_edge_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let simulators = Simulators::start();
    let github = simulators.github.url();
    let nodes = format!(
        "[instance]\npublic_url = \"http://{at}\"\n[nodes.gh]\ntracker = \"github\"\nurl = \"{github}\"\n\
         allow_private = [\"127.0.0.0/8\"]\nauth = {{ token = {{ file = \"token\" }} }}\n\
         webhook = {{ secrets = [{{ file = \"hook\" }}] }}\n"
    );
    let installation = Installation::new(&nodes);
    installation.write("token", "github-token");
    installation.write("hook", "a-secret");
    let asked = |head: &str| {
        std::thread::scope(|scope| {
            scope.spawn(|| answers(&listener, head));
            installation.run(&["node", "webhook", "gh", "--scope", "repo=acme/app"])
        })
    };
    for (head, expected) in [
        ("200 OK", "is no edge that knows this node"),
        ("401 Unauthorized", "is no edge that knows this node"),
        (
            "302 Found\r\nlocation: /",
            "is no edge that knows this node",
        ),
        ("404 Not Found", "restart it with this configuration"),
        (
            "503 Service Unavailable",
            "restart it with this configuration",
        ),
    ] {
        let refused = asked(head);
        assert_eq!(refused.status.code(), Some(1), "{head}: {refused:?}");
        assert!(said(&refused).contains(expected), "{head}: {refused:?}");
    }
    let done = asked("401 Unauthorized\r\ncontent-type: application/problem+json");
    assert!(said(&done).contains("is registered"), "{done:?}");
    simulators.end();
}

#[test]
fn a_node_that_root_adds_is_read_by_the_group_that_reads_the_configuration() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let installation = Installation::new(NODES);
    let file = installation.path("twinline.toml");
    std::os::unix::fs::chown(&file, None, Some(4242)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let fixed = ["node", "add", "gh", "--tracker", "github", "--unchecked"];
    let more = ["--url", "https://api.github.com", "--secret-stdin", "token"];
    let added = run(&installation, &[&fixed[..], &more].concat(), "a-token");
    assert!(added.status.success(), "{added:?}");
    for (name, mode) in [
        ("twinline.toml", 0o640),
        ("secrets", 0o750),
        ("secrets/gh.token", 0o640),
        ("secrets/gh.hook", 0o640),
    ] {
        let there = std::fs::metadata(installation.path(name)).unwrap();
        assert_eq!((there.mode() & 0o777, there.gid()), (mode, 4242), "{name}");
    }
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
