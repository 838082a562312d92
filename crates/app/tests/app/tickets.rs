//! Tickets of a connected tracker that say that something does not work: joined to the incident, and answered.

use crate::support::{Installation, Simulators, create, create_with, text_of, until};
use crate::watching::{ends, health, incidents, start, watches};
use crate::webhooks::ask;
use serde_json::json;
use twinline::handles::SystemClock;
use twinline_core::handles::Clock as _;

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

/// Waits until the queue was read; what is there by then was there before.
fn is_read(installation: &Installation) {
    until("the first look", || {
        let known = text_of(&installation.path("twinline-data/watch/queue-support.json"));
        known.contains("read_to").then_some(())
    });
}

/// Waits for the incident; its number.
fn opened(installation: &Installation) -> String {
    until("the incident", || {
        let found = incidents(installation).into_iter();
        found.map(|it| it["incident"].to_string()).next()
    })
}

/// Waits until an issue has one comment with this in it; all that it has.
fn said(simulators: &Simulators, title: &str, what: &str) -> Vec<String> {
    until(&format!("the answer '{what}'"), || {
        let comments = comments(simulators, title);
        let found = comments.iter().filter(|it| it.contains(what)).count();
        (found == 1).then_some(comments)
    })
}

#[test]
fn a_ticket_joins_the_incident_and_is_answered_when_it_is_known_and_when_it_is_over() {
    let simulators = Simulators::start();
    create(&simulators, "There before");
    // What is made in the second in which watch begins may be of after it.
    let second = || SystemClock.now().floor_to_second();
    let made_in = second();
    until("the next second", || (second() > made_in).then_some(()));
    let installation = watched(&simulators);
    let mut watch = start(&installation);
    is_read(&installation);
    node(&installation, "firing");
    let incident = opened(&installation);
    create(&simulators, "Nothing arrives");
    let known = "We know of this and are at work on it.";
    said(&simulators, "Nothing arrives", known);
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
    let all = said(
        &simulators,
        "Nothing arrives",
        "What was reported here is over.",
    );
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(comments(&simulators, "There before"), Vec::<String>::new());
    ends(&installation, &mut watch);
    simulators.end();
}

/// For how long the queue has not been read, as the metrics say.
fn unread_s(installation: &Installation) -> Option<f64> {
    let at = installation.listener("watch", "private")?;
    let answer = ask(at, "GET /metrics HTTP/1.1", "")?;
    let name = "twinline_watch_queue_unread_seconds{queue=\"support\"} ";
    let mut lines = answer.body.lines();
    lines.find_map(|line| line.strip_prefix(name)?.parse().ok())
}

#[test]
fn hostile_and_huge_tickets_are_reports_like_others_and_a_tracker_that_is_gone_is_told_of() {
    let simulators = Simulators::start();
    let installation = watched(&simulators);
    let mut watch = start(&installation);
    is_read(&installation);
    node(&installation, "firing");
    opened(&installation);
    let hostile = "\u{1b}[2J<script>alert(1)</script> \u{202e}'; DROP TABLE reports; --";
    create_with(&simulators, hostile, &"&amp;".repeat(12_000));
    create(&simulators, "Nothing arrives");
    for title in [hostile, "Nothing arrives"] {
        said(&simulators, title, "We know of this");
    }
    let reports = installation.json(&["incident", "reports"]);
    let reports = reports["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 2, "{reports:?}");
    for report in reports {
        let text = report["text"].as_str().unwrap();
        assert!(text.chars().count() <= 200, "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    let table = installation.run(&["incident", "reports"]).stdout;
    assert!(!table.contains(&0x1b), "a terminal obeys nobody's ticket");

    assert!(unread_s(&installation).is_some());
    simulators.end();
    until("the queue to be said to be unread", || {
        (unread_s(&installation)? > 12.0).then_some(())
    });
    let log = text_of(&installation.path("role.log"));
    assert!(log.contains("the queue of tickets cannot be read"), "{log}");
    assert_eq!(health(&installation).unwrap()["role"], "watch");
    ends(&installation, &mut watch);
}
