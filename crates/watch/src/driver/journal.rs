//! What happened, in one line each: for whoever asks later why somebody was called, or was not.

use super::decision;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{IncidentId, Undeclared};
use twinline_core::watch::{escalation, incident, page};
use twinline_store::watch::Line;

/// The most lines that are kept, on the disk and in memory.
pub(super) const LINES_MAX: usize = 5000;

/// The most decisions in a list.
const DECISIONS_MAX: usize = 200;

/// What is kept of what the public was told, in characters.
const TOLD_MAX_CHARS: usize = 200;

/// Says that something is no incident.
const DECISION: &str = "decision";

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// To which incident, if to one.
    pub incident: Option<IncidentId>,
    /// Which machine says so: `incident`, `paging`, `page`, `change`, `watch`; `decision`, that something is no incident.
    pub of: String,
    /// What, in one line.
    pub text: String,
}

impl Entry {
    /// Something that watch itself says.
    pub(super) fn own(at: Timestamp, text: impl Into<String>) -> Self {
        Self {
            at,
            incident: None,
            of: "watch".to_owned(),
            text: text.into(),
        }
    }

    /// What happened to a change.
    pub(super) fn change(at: Timestamp, text: String) -> Self {
        Self {
            of: "change".to_owned(),
            ..Self::own(at, text)
        }
    }

    pub(super) fn incident(at: Timestamp, effect: &incident::Effect) -> Self {
        if let incident::Effect::NotDeclared { what, reason } = effect {
            let incident = match what {
                Undeclared::Request { incident } => Some(*incident),
                _ => None,
            };
            return Self {
                at,
                incident,
                of: DECISION.to_owned(),
                text: decision::sentence(what, reason),
            };
        }
        Self::of(at, "incident", effect)
    }

    pub(super) fn paging(at: Timestamp, effect: &escalation::Effect) -> Self {
        Self::of(at, "paging", effect)
    }

    pub(super) fn page(at: Timestamp, effect: &page::Effect) -> Self {
        let told = Self::of(at, "page", effect);
        match effect {
            page::Effect::Updated { update, .. } => Self {
                text: public(update),
                ..told
            },
            _ => told,
        }
    }

    /// The effect's own words: its name, then what it is about.
    fn of(at: Timestamp, of: &str, effect: &impl Serialize) -> Self {
        let mut told = serde_json::to_value(effect).unwrap_or_default();
        let members = told.as_object_mut();
        let incident = |told: &serde_json::Value| told["incident"].as_u64().map(IncidentId);
        let Some(members) = members else {
            return Self::own(at, told.to_string());
        };
        let name = members.remove("effect").unwrap_or_default();
        let name = name.as_str().unwrap_or_default().replace('_', " ");
        let words: Vec<String> = (members.iter())
            .filter(|(key, value)| *key != "incident" && !value.is_null())
            .map(|(key, value)| format!("{}: {}", key.replace('_', " "), plain(value)))
            .collect();
        let text = if words.is_empty() {
            name
        } else {
            format!("{name} ({})", words.join(", "))
        };
        let incident = incident(&told).or_else(|| {
            let several = told["incidents"].as_array()?;
            several.first()?.as_u64().map(IncidentId)
        });
        Self {
            at,
            incident,
            of: of.to_owned(),
            text,
        }
    }

    /// As it is stored.
    pub(super) fn line(&self) -> Line {
        Line {
            at: self.at,
            incident: self.incident.map(|it| it.0),
            // Texts and numbers only.
            entry: serde_json::json!({ "of": self.of, "text": self.text }).to_string(),
        }
    }

    /// As it was stored; what cannot be read any more is shown as it is.
    pub(super) fn read(line: &Line) -> Self {
        let told: serde_json::Value = serde_json::from_str(&line.entry).unwrap_or_default();
        let text = |key: &str| told[key].as_str().map(str::to_owned);
        Self {
            at: line.at,
            incident: line.incident.map(IncidentId),
            of: text("of").unwrap_or_else(|| "watch".to_owned()),
            text: text("text").unwrap_or_else(|| line.entry.clone()),
        }
    }
}

/// What the public was told, in one line.
fn public(update: &page::Update) -> String {
    let by = match &update.author {
        page::Author::Watch => "the page by itself",
        page::Author::Person(name) => name,
    };
    let stage = serde_json::to_value(update.stage).unwrap_or_default();
    let mut words = update.body.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(TOLD_MAX_CHARS) {
        words.truncate(cut);
        words.push('…');
    }
    let changes = update.components.iter();
    let changes = changes.map(|(name, (from, to))| format!("; {name}: {from}, now {to}"));
    let changes: String = changes.collect();
    format!(
        "the public is told by {by} ({}): {words}{changes}",
        plain(&stage)
    )
}

/// A value as people read it.
fn plain(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            let words = members.iter().filter(|(_, value)| !value.is_null());
            let words = words.map(|(_, value)| plain(value));
            words.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// The newest lines.
#[derive(Debug, Default)]
pub(super) struct Journal(VecDeque<Entry>);

impl Journal {
    pub(super) fn new(lines: &[Line]) -> Self {
        Self(lines.iter().map(Entry::read).collect())
    }

    pub(super) fn extend(&mut self, entries: &[Entry]) {
        self.0.extend(entries.iter().cloned());
        let over = self.0.len().saturating_sub(LINES_MAX);
        self.0.drain(..over);
    }

    /// Lines of before, which were found late.
    pub(super) fn begin_with(&mut self, lines: &[Line]) {
        let newer = std::mem::take(&mut self.0);
        self.0 = lines.iter().map(Entry::read).collect();
        let newer: Vec<Entry> = newer.into();
        self.extend(&newer);
    }

    /// Those of an incident, the oldest first.
    pub(super) fn of(&self, incident: IncidentId) -> Vec<Entry> {
        let own = self.0.iter().filter(|it| it.incident == Some(incident));
        own.cloned().collect()
    }

    /// Decisions not to declare an incident, the newest first.
    pub(super) fn decisions(&self) -> Vec<Entry> {
        let all = self.0.iter().rev().filter(|it| it.of == DECISION);
        all.take(DECISIONS_MAX).cloned().collect()
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
