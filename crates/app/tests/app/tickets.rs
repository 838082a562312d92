//! Tickets of a connected tracker that say that something does not work: joined to the incident, and answered.

use crate::support::{Installation, Simulators, create, text_of, until};
use crate::watching::{ends, incidents, start, watches};
use crate::webhooks::ask;
use serde_json::json;

/// A watch that reads GitHub's issues as tickets: those that Ana writes are workspace acme's, whose node that is.
fn watched(simulators: &Simulators) -> Installation {
    let made = Installation::init(&simulators.github.url(), &simulators.jira.url());
    let text = text_of(&made.path("twinline.toml"));
    let owned = "[nodes.github]\nworkspace = \"acme\"";
    made.write("twinline.toml", &text.replace("[nodes.github]", owned));
    watches(
        &made,
        "[watch.queues.support]\nnode = \"github\"\nscope = { repo = \"acme/app\" }\ntenant_by = \"reporter\"\n\
         answer_in = \"public\"\nperiod_s = 5\n[workspaces.acme]\ntickets = [\"ana\"]\n",
    );
    made
}

/// Says how it is with the node, as other monitoring does.
fn node(installation: &Installation, status: &str) {
    let labels = json!({ "alertname": "A", "severity": "critical", "element": "node:github" });
    let alert = json!({ "status": status, "labels": labels, "fingerprint": "f1" });
    let body = json!({ "version": "4", "alerts": [alert] }).to_string();
    let token = text_of(&installation.path("twinline-data/run/token"));
    let head = format!(
        "POST /v1/inbound/alertmanager HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
        token.trim()
    );
    until("the alert to be taken", || {
        let at = installation.listener("watch", "private")?;
        (ask(at, &head, &body)?.status == 200).then_some(())
    });
}

/// The comments of the issue of that title.
fn comments(simulators: &Simulators, title: &str) -> Vec<String> {
    let dump = simulators.github.with(|tracker, now| tracker.dump(now));
    let issue = dump.items.into_iter().find(|item| item.title == title);
    let comments = issue.unwrap().comments.into_iter();
    comments.map(|comment| comment.body).collect()
}

#[test]
fn a_ticket_joins_the_incident_and_is_answered_when_it_is_known_and_when_it_is_over() {
    let simulators = Simulators::start();
    create(&simulators, "There before");
    let installation = watched(&simulators);
    let mut watch = start(&installation);
    until("the first look", || {
        let known = text_of(&installation.path("twinline-data/watch/queue-support.json"));
        known.contains("read_to").then_some(())
    });
    node(&installation, "firing");
    let incident = until("the incident", || {
        let found = incidents(&installation).into_iter();
        found.map(|it| it["incident"].to_string()).next()
    });
    create(&simulators, "Nothing arrives");
    let said = |what: &str| {
        until(&format!("the answer '{what}'"), || {
            let comments = comments(&simulators, "Nothing arrives");
            let found = comments.iter().filter(|it| it.contains(what)).count();
            (found == 1).then_some(comments)
        })
    };
    said("We know of this and are at work on it.");
    let reports = installation.json(&["incident", "reports"]);
    let report = &reports["reports"][0];
    assert_eq!(report["tenant"], "acme", "{reports}");
    assert!(
        report["text"].to_string().contains("Nothing arrives"),
        "{reports}"
    );
    node(&installation, "resolved");
    until("it to be over", || {
        let done = installation.run(&["incident", "resolve", &incident, "--as", "ada"]);
        done.status.success().then_some(())
    });
    let all = said("What was reported here is over.");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(comments(&simulators, "There before"), Vec::<String>::new());
    ends(&installation, &mut watch);
    simulators.end();
}
