//! The section of a node, as it is written below the configuration that is there: nothing above it changes.

use super::answers::{Answers, Place};
use std::fmt::Write as _;

/// The configuration with one more node.
pub(super) fn with(configuration: &str, name: &str, answers: &Answers) -> String {
    let end = if configuration.is_empty() || configuration.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{configuration}{end}\n{}", section(name, answers))
}

fn section(name: &str, answers: &Answers) -> String {
    let mut text = format!(
        "[nodes.{name}]\ntracker = {}\nurl     = {}\n",
        quoted(&answers.tracker),
        quoted(answers.url.as_str().trim_end_matches('/')),
    );
    let auth = answers.auth.iter();
    let auth = auth.map(|(key, place)| format!("{key} = {}", value(place)));
    let auth = auth.collect::<Vec<_>>().join(", ");
    // Writing to a string does not fail.
    let _fine = writeln!(text, "auth    = {{ {auth} }}");
    if let Some(path) = &answers.description {
        let _fine = writeln!(text, "description = {}", quoted(path));
    }
    if !answers.allow_private.is_empty() {
        let networks = answers.allow_private.iter();
        let networks = networks.map(|network| quoted(&network.to_string()));
        let networks = networks.collect::<Vec<_>>().join(", ");
        let _fine = writeln!(text, "allow_private = [{networks}]");
    }
    if let Some(texts) = &answers.texts {
        let _fine = writeln!(text, "texts   = {}", quoted(texts));
    }
    if let Some(workspace) = &answers.workspace {
        let _fine = writeln!(text, "workspace = {}", quoted(workspace));
    }
    match &answers.hook {
        Some(place) => {
            let _fine = writeln!(text, "webhook = {{ secrets = [{}] }}", value(place));
        }
        None if !answers.sends_webhooks => {
            text.push_str("sweep_s = { period = 10 }   # it sends no webhooks: it is asked this often, in seconds\n");
        }
        None => {}
    }
    text
}

/// Where a credential lies, as the configuration says it.
fn value(place: &Place) -> String {
    match place {
        Place::Plain(text) => quoted(text),
        Place::File { path, .. } => format!("{{ file = {} }}", quoted(path)),
        Place::Env(name) => format!("{{ env = {} }}", quoted(name)),
        Place::Sealed(text) => format!("{{ sealed = {} }}", quoted(text)),
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
