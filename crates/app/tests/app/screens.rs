//! A workflow whose screen demands what the rules do not set: `check` says so beforehand, and a twin that meets it stands
//! aside with the reason until the rules do.

use crate::support::{Installation, Simulators, create, in_jira, until};
use serde_json::Value;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done};

/// What the rules of `init` set along with Jira's last status.
const SET: &str = ", right_set = { resolution = \"Done\" }";

fn act(server: &SimServer, command: Command) -> Done {
    let done = server.with(|tracker, now| tracker.command(now, command));
    done.unwrap()
}

/// An issue of Jira's own that is under way: what it may become, and what that demands, is then to be seen.
fn under_way(simulators: &Simulators) {
    let create = Command::Create {
        container: Some("APP".into()),
        by: "ana".into(),
        title: "Somebody is at it".into(),
        body: String::new(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    let Done::Item(key) = act(&simulators.jira, create) else {
        panic!("no issue was made");
    };
    let begin = Command::edit(&key, "ana", "status", "In Progress");
    act(&simulators.jira, begin);
}

/// What `check` says of demands, each with its way out.
fn demands(installation: &Installation) -> Vec<[String; 2]> {
    let checked = installation.json(&["check"]);
    let findings = checked["findings"].as_array().unwrap().iter();
    let texts = findings.map(|finding| ["what", "way_out"].map(|key| text(&finding[key])));
    texts.filter(|[what, _]| what.contains("demands")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn status(simulators: &Simulators, key: &str) -> String {
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.item(key).unwrap().status.clone()
}

#[test]
fn a_way_that_demands_what_no_rule_sets_is_told_of_and_stops_one_twin() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let whole = std::fs::read_to_string(installation.path("rules/first.toml")).unwrap();
    // What is closed goes on having a twin.
    let whole = whole.replace("is:open", "is:issue");
    assert!(whole.contains(SET), "{whole}");
    under_way(&simulators);
    assert_eq!(demands(&installation), Vec::<[String; 2]>::new());
    installation.write("rules/first.toml", &whole.replace(SET, ""));
    let [what, way_out] = until("the warning", || demands(&installation).pop());
    assert!(
        what.ends_with("to \"Done\" demands Resolution, which no rule sets"),
        "{what}"
    );
    assert!(
        way_out.contains("right_set = { \"Resolution\""),
        "{way_out}"
    );

    // A warning forbids nothing.
    installation.json(&["apply"]);
    let up = installation.up();
    let (first, other) = (create(&simulators, "Ends"), create(&simulators, "Goes on"));
    let (ends, goes_on) = (
        in_jira(&simulators, "Ends"),
        in_jira(&simulators, "Goes on"),
    );
    let close = Command::edit(&first, "ana", "status", "closed:completed");
    act(&simulators.github, close);
    let group = until("the twin that stands aside", || {
        let group = installation.json(&["errors"])["errors"][0].clone();
        group.is_object().then_some(group)
    });
    let told = || (text(&group["state"]), text(&group["sentence"]));
    assert_eq!(told().0, "quarantined", "{group}");
    assert!(told().1.contains("needs the field 'Resolution'"), "{group}");
    // It is not tried again and again, and its neighbour never notices.
    let at = status(&simulators, &ends);
    let retitle = Command::edit(&other, "ana", "title", "Has gone on");
    act(&simulators.github, retitle);
    assert_eq!(in_jira(&simulators, "Has gone on"), goes_on);
    let still = installation.json(&["errors"])["errors"].clone();
    assert_eq!(still, serde_json::json!([group]));
    assert_eq!(status(&simulators, &ends), at);

    installation.write("rules/first.toml", &whole);
    assert_eq!(demands(&installation), Vec::<[String; 2]>::new());
    installation.json(&["apply"]);
    until("the status with its resolution", || {
        (status(&simulators, &ends) == "Done").then_some(())
    });
    until("no error", || {
        let errors = installation.json(&["errors"]);
        errors["errors"].as_array()?.is_empty().then_some(())
    });
    drop(up);
    simulators.end();
}
