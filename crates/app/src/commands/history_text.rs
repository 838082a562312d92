//! One entry of an item's history as a line for people.

use anyhow::{Context as _, Result};
use serde_json::Value as Json;
use twinline_core::item::Value;
use twinline_core::rules::Assigner;
use twinline_store::host::HistoryEntry;

/// Longer texts are cut.
const TEXT_MAX_CHARS: usize = 40;

/// The cells of a row that the API gives: `{"seq", "key", "source", "entry"}`.
pub(super) fn cells(row: &Json) -> Result<[String; 7]> {
    let entry: HistoryEntry = serde_json::from_value(row["entry"].clone())
        .context("an entry of the history cannot be read")?;
    let kind = serde_json::to_value(entry.kind).context("a kind of entry")?;
    Ok([
        entry.at.to_string(),
        row["key"].as_str().unwrap_or_default().to_owned(),
        kind.as_str().unwrap_or_default().to_owned(),
        entry.field.clone().unwrap_or_default(),
        change(&entry),
        by(&entry),
        because(row["source"].as_str(), entry.latency_ms),
    ])
}

fn change(entry: &HistoryEntry) -> String {
    match (&entry.before, &entry.after) {
        (None, None) => entry.text.as_deref().map(short).unwrap_or_default(),
        (Some(before), None) => format!("{} → (nothing)", shown(before)),
        (None, Some(after)) => shown(after),
        (Some(before), Some(after)) => format!("{} → {}", shown(before), shown(after)),
    }
}

fn by(entry: &HistoryEntry) -> String {
    let origin = match &entry.by {
        None => String::new(),
        Some(Assigner::Map(field)) => format!("[fields.{field}]"),
        Some(Assigner::Script {
            file,
            line: Some(line),
        }) => format!("{file}:{line}"),
        Some(Assigner::Script { file, line: None }) => file.clone(),
        Some(Assigner::Policy) => "[policy]".to_owned(),
    };
    let version = entry.rule_version.map(|version| format!("v{version} "));
    format!("{}{origin}", version.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// The item whose change caused it, and how long after: `PROJ-1, 1.8 s later`.
fn because(source: Option<&str>, latency_ms: Option<u64>) -> String {
    match (source, latency_ms) {
        (None, _) => String::new(),
        (Some(source), None) => source.to_owned(),
        (Some(source), Some(ms)) => {
            let tenths = ms.saturating_add(50) / 100;
            format!("{source}, {}.{} s later", tenths / 10, tenths % 10)
        }
    }
}

fn shown(value: &Value) -> String {
    let list = |names: Vec<&str>| short(&names.join(", "));
    match value {
        Value::Empty => "(empty)".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) | Value::Date(text) => short(text),
        Value::Rich(document) => short(&document.plain()),
        Value::Time(time) => time.to_string(),
        Value::User(user) => short(user.label()),
        Value::Users(users) => list(users.iter().map(|user| user.label()).collect()),
        Value::Choice(choice) => short(&choice.name),
        Value::Choices(choices) => {
            list(choices.iter().map(|choice| choice.name.as_str()).collect())
        }
        Value::Cascade(path) => list(path.iter().map(|choice| choice.name.as_str()).collect()),
        Value::Set(set) => list(set.iter().map(String::as_str).collect()),
        Value::Json(json) => short(&json.to_string()),
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TEXT_MAX_CHARS {
        return line;
    }
    let cut: String = line.chars().take(TEXT_MAX_CHARS - 1).collect();
    cut + "…"
}

#[cfg(test)]
#[path = "history_text_tests.rs"]
mod tests;
