//! Items that are odd, end to end: the odd one is held or crosses, its neighbours never notice.

use crate::support::{Installation, Simulators, create_with, in_jira, until};
use serde_json::Value;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, DumpItem};

/// The one twin that has an item of this key.
fn twin(installation: &Installation, key: &str) -> Option<Value> {
    let twins = installation.json(&["twins"]);
    let mut items = twins["items"].as_array()?.iter();
    items
        .find(|twin| twin["items"]["left"]["key"] == key)
        .cloned()
}

#[test]
fn a_text_that_does_not_fit_is_held_and_odd_signs_cross() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.json(&["apply"]);
    let up = installation.up();
    let roles = up.works();

    let large = "All work and no play. ".repeat(2700);
    let key = create_with(&simulators, "Sixty thousand signs", &large);
    in_jira(&simulators, "Sixty thousand signs");
    let held = until("the held description", || {
        let twin = twin(&installation, &key)?;
        let held = twin["held"]["description"].clone();
        held.is_object().then_some((twin, held))
    });
    assert_eq!(held.0["state"], "live", "{}", held.0);
    assert!(held.1.to_string().contains("limit"), "{}", held.1);

    for title in [
        "🚀 ship 👩🏽\u{200d}💻 it",
        "שלום עולם \u{202e}abc",
        "café, cafe\u{301}",
    ] {
        create_with(
            &simulators,
            title,
            "🧨 שלום\n\n| א | ب |\n|---|---|\n| 1 | ٢ |\n",
        );
        let body = body_in_jira(&simulators, title);
        for part in ["🧨 שלום", "\"table\"", "\"א\"", "\"ب\"", "\"٢\""] {
            assert!(body.contains(part), "{part} is not in {body}");
        }
    }
    create_with(
        &simulators,
        "bell and null",
        "before \u{7}\u{b}\u{fffe} after",
    );
    let body = body_in_jira(&simulators, "bell and null");
    assert!(
        body.contains("before ") && body.contains(" after"),
        "{body}"
    );
    assert!(
        installation.json(&["errors"])["errors"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(up.works(), roles, "nobody fell over");
    drop(up);
    simulators.end();
}

/// The text of the item of this title in Jira: a document as JSON.
fn body_in_jira(simulators: &Simulators, title: &str) -> String {
    let key = in_jira(simulators, title);
    let dump = simulators.jira.with(|tracker, now| tracker.dump(now));
    dump.item(&key).unwrap().body.clone()
}

fn act(server: &SimServer, command: Command) -> Done {
    server
        .with(|tracker, now| tracker.command(now, command))
        .unwrap()
}

fn edit(server: &SimServer, key: &str, field: &str, value: &str) {
    let command = Command::Edit {
        key: key.to_owned(),
        by: "ana".to_owned(),
        field: field.to_owned(),
        value: value.into(),
    };
    act(server, command);
}

/// Waits until a tracker's only item is as wanted.
fn only(server: &SimServer, what: &str, holds: impl Fn(&DumpItem) -> bool) -> DumpItem {
    until(what, || {
        let dump = server.with(|tracker, now| tracker.dump(now));
        let [item] = &dump.items[..] else { return None };
        holds(item).then(|| item.clone())
    })
}

#[test]
fn a_description_of_megabytes_is_held_and_all_else_of_its_twin_crosses() {
    const CHARS: usize = 5_000_000;
    const LINE: &str = "2026-11-23T22:57:24Z worker 17 of 40 took job 5134 of the queue and gave it back after 12 ms, being \
                        asked to; there is nothing else to be seen in this line of the log, nor in any of the others\n";
    let simulators = Simulators::start();
    let (redmine, github) = (&simulators.redmine, &simulators.github);
    let installation =
        Installation::between(("redmine", &redmine.url()), ("github", &github.url()));
    installation.json(&["apply"]);
    let up = installation.up();
    let roles = up.works();
    let create = Command::Create {
        container: None,
        by: "ana".into(),
        title: "A whole log".into(),
        body: LINE.repeat(CHARS / LINE.len()),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    let Done::Item(key) = act(redmine, create) else {
        panic!("no item was made");
    };
    only(github, "the item", |item| item.title == "A whole log");
    let held = until("the held description", || {
        let errors = installation.json(&["errors"]);
        let frozen = errors["frozen"].as_array()?.first().cloned();
        assert!(errors["errors"].as_array()?.is_empty(), "{errors}");
        frozen
    });
    assert_eq!(held["field"], "description", "{held}");
    assert_eq!(held["example"], key.as_str(), "{held}");
    let why = held["why"].as_str().unwrap();
    assert!(why.contains("characters; the other side takes 65"), "{why}");
    let advice = held["advice"].as_str().unwrap();
    assert!(
        advice.starts_with("Shorten the longer description"),
        "{advice}"
    );

    let say = Command::AddComment {
        key: key.clone(),
        by: "ana".into(),
        body: "it is in the log".into(),
        channel: None,
    };
    act(redmine, say);
    edit(redmine, &key, "title", "A whole log, attached");
    only(github, "title and comment", |item| {
        let mut comments = item.comments.iter();
        item.title == "A whole log, attached"
            && comments.any(|comment| comment.body.contains("it is in the log"))
    });
    let source = only(redmine, "the source", |_| true);
    assert!(
        source.body.len() > CHARS - LINE.len(),
        "{}",
        source.body.len()
    );

    edit(redmine, &key, "body", "See \u{7}the attachment.");
    only(github, "the text without its control character", |item| {
        item.body.contains("See the attachment.")
    });
    until("nothing is held", || {
        let errors = installation.json(&["errors"]);
        errors["frozen"].as_array()?.is_empty().then_some(())
    });
    assert_eq!(up.works(), roles, "nobody fell over");
    drop(up);
    simulators.end();
}
