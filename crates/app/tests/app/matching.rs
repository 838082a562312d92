//! Two trackers that have the same work already: pairs are proposed, reviewed by a person, and linked.

use crate::support::{Installation, Simulators, in_jira, until};
use serde_json::{Value as Json, json};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, Forced};

fn make(server: &SimServer, title: &str) -> String {
    let create = Command::Create {
        container: None,
        by: "ana".into(),
        title: title.into(),
        body: String::new(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    match server.with(|tracker, now| tracker.command(now, create)) {
        Ok(Done::Item(key)) => key,
        other => panic!("the simulator answered {other:?}"),
    }
}

/// The titles in Jira, sorted.
fn titles(simulators: &Simulators) -> Vec<String> {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    let mut titles: Vec<String> = dump.items.into_iter().map(|item| item.title).collect();
    titles.sort();
    titles
}

fn lines(installation: &Installation, file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(installation.path(file)).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    text.lines().map(str::to_owned).collect()
}

/// A command that fails with this exit code and says this.
fn refuses(installation: &Installation, arguments: &[&str], code: i32, parts: &[&str]) {
    let done = installation.run(arguments);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
    for part in parts {
        assert!(
            said.contains(part),
            "{arguments:?}: '{part}' is not in: {said}"
        );
    }
}

const MATCH: [&str; 6] = [
    "link",
    "first",
    "--match",
    "summary",
    "--review",
    "pairs.csv",
];

#[test]
fn what_both_trackers_have_is_linked_as_a_person_has_reviewed_it() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let left = ["Größe, \"falsch\"", "Login fails", "Only on GitHub"]
        .map(|title| make(&simulators.github, title));
    let right = [
        "Login fails",
        "Größe, \"falsch\"",
        "Login fails",
        "Only in Jira",
    ]
    .map(|title| make(&simulators.jira, title));
    let before = titles(&simulators);
    let up = installation.up();
    // So that nothing is made before the pairs are linked.
    for node in ["github", "jira-cloud"] {
        installation.json(&["pause", node]);
    }
    installation.json(&["apply"]);

    proposed(&installation, &left, &right);
    assert_eq!(titles(&simulators), before, "nothing is written by looking");

    // Both nodes rest, so that nothing else meets it: the pair is not refused for it, but asked for again.
    simulators
        .github
        .with(|tracker, _| tracker.force(Forced::Throttle));
    reviewed(&installation, &left, &right);
    let forced = simulators
        .github
        .with(|tracker, _| tracker.still_forced().len());
    assert_eq!(forced, 0, "the limit was met");
    for node in ["github", "jira-cloud"] {
        installation.json(&["resume", node]);
    }
    let copy = in_jira(&simulators, "Only on GitHub");
    until("three twins that live", || {
        let status = installation.json(&["status"]);
        (status["connections"][0]["twins"] == json!({ "live": 3 })).then_some(())
    });
    let mut expected = before;
    expected.push("Only on GitHub".to_owned());
    expected.sort();
    assert_eq!(titles(&simulators), expected, "nothing twice");
    in_step(&simulators, &installation, &left[1], &right[2]);

    nothing_again(&installation, &copy);
    drop(up);
    simulators.end();
}

/// One pair, one that is ambiguous, and one on each side that matches nothing.
fn proposed(installation: &Installation, left: &[String; 3], right: &[String; 4]) {
    let found = installation.json(&MATCH);
    assert_eq!(
        found["pairs"],
        json!([{ "left": left[0], "right": right[1] }])
    );
    let two = json!([{ "left": [left[1]], "right": [right[0], right[2]] }]);
    assert_eq!(found["ambiguous"], two, "{found}");
    let side = |side: &str| {
        let own = &found[side];
        ["listed", "in_twins", "unmatched", "empty", "failed"].map(|key| own[key].clone())
    };
    assert_eq!(side("left"), [3, 0, 1, 0, 0].map(Json::from), "{found}");
    assert_eq!(side("right"), [4, 0, 1, 0, 0].map(Json::from), "{found}");
    let written = lines(installation, "pairs.csv");
    let title = "\"Größe, \"\"falsch\"\"\"";
    assert_eq!(
        written[1],
        format!("yes,{},{},{title},{title},match", left[0], right[1])
    );
    assert!(
        written[2].starts_with(&format!("no,{},,Login fails,,", left[1])),
        "{written:?}"
    );
    for candidate in [&right[0], &right[2]] {
        assert!(written[2].contains(candidate.as_str()), "{written:?}");
    }
    refuses(
        installation,
        &MATCH,
        2,
        &["pairs.csv is there already", "--force"],
    );
}

/// What is linked is not proposed again.
fn nothing_again(installation: &Installation, copy: &str) {
    let again = [&MATCH[..], &["--force"]].concat();
    let again = installation.json(&again);
    assert_eq!(
        (again["pairs"].clone(), again["ambiguous"].clone()),
        (json!([]), json!([]))
    );
    assert_eq!(again["left"]["in_twins"], 3, "{again}");
    assert_eq!(
        again["right"]["in_twins"], 3,
        "of {copy} and two others: {again}"
    );
    assert_eq!(again["right"]["unmatched"], 2, "{again}");
}

/// The file as it was written links the pair only; the ambiguous one when a person has chosen.
fn reviewed(installation: &Installation, left: &[String; 3], right: &[String; 4]) {
    let link = ["link", "first", "--csv", "pairs.csv"];
    let linked = installation.json(&link);
    let pairs = linked["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{linked}");
    assert!(pairs[0]["outcome"]["linked"].is_string(), "{linked}");
    let text = std::fs::read_to_string(installation.path("pairs.csv")).unwrap();
    let half = text.replace(&format!("no,{},,", left[1]), &format!("yes,{},,", left[1]));
    installation.write("pairs.csv", &half);
    refuses(
        installation,
        &link,
        2,
        &[
            "pairs.csv:3: the key under 'right' is missing",
            "nothing was done",
        ],
    );
    let chosen = format!("yes,{},{},", left[1], right[2]);
    let chosen = text.replace(&format!("no,{},,", left[1]), &chosen);
    installation.write("pairs.csv", &chosen);
    let linked = installation.json(&link);
    assert!(
        linked["pairs"][0]["outcome"]["already"].is_string(),
        "{linked}"
    );
    assert!(
        linked["pairs"][1]["outcome"]["linked"].is_string(),
        "{linked}"
    );
}

/// An edit of a linked item crosses to the one that the person has chosen.
fn in_step(simulators: &Simulators, installation: &Installation, left: &str, right: &str) {
    let twins = installation.json(&["twins", left]);
    assert_eq!(twins["items"][0]["items"]["right"]["key"], right, "{twins}");
    let edit = Command::edit(left, "ana", "title", "Login fails for some");
    simulators
        .github
        .with(|tracker, now| tracker.command(now, edit))
        .unwrap();
    assert_eq!(in_jira(simulators, "Login fails for some"), right);
}

#[test]
fn what_cannot_be_looked_for_says_why_and_leaves_no_file() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    make(&simulators.github, "alone");
    // Without a host the same is done in this process.
    installation.json(&["apply"]);
    let review = ["--review", "pairs.csv"];
    let case = |connection: &str, more: &[&str], code: i32, parts: &[&str]| {
        let arguments = [&["link", connection][..], more, &review].concat();
        refuses(&installation, &arguments, code, parts);
        assert!(!installation.path("pairs.csv").exists(), "{arguments:?}");
    };
    case(
        "second",
        &["--match", "summary"],
        1,
        &["connection 'second' is not known", "twinline status"],
    );
    case(
        "first",
        &["--match", "summary,summry"],
        1,
        &["first has no replica field 'summry': compare by", "summary"],
    );
    case(
        "first",
        &["--match", "summary", "--left-query", "colour:red"],
        1,
        &["the left side of first", "colour:red", "give another query"],
    );
    case(
        "first",
        &["--match", "summary", "--right-query", "colour = red"],
        1,
        &["the right side of first", "colour", "give another query"],
    );
    refuses(
        &installation,
        &[
            "link",
            "first",
            "--match",
            "summary",
            "--review",
            "none/pairs.csv",
        ],
        2,
        &["none/pairs.csv: the folder is not there"],
    );
    let found = installation.run(&MATCH);
    let said = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.status.success(), "{found:?}");
    for part in [
        "pairs.csv: 0 pairs by summary",
        "left: 1 items listed, 0 in twins already, 1 match nothing",
        "nothing is linked yet",
        "twinline link first --csv pairs.csv",
    ] {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    simulators.end();
}
