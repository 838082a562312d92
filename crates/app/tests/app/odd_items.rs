//! Items that are odd, end to end: the odd one is held or crosses, its neighbours never notice.

use crate::support::{Installation, Simulators, create_with, in_jira, until};
use serde_json::Value;

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
        in_jira(&simulators, title);
    }
    create_with(
        &simulators,
        "bell and null",
        "before \u{7}\u{b}\u{fffe} after",
    );
    in_jira(&simulators, "bell and null");
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
