//! The live stream: one event for each thing that a person watching wants to see.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use twinline_core::effect::{Effect, FieldWrite};
use twinline_core::item::{ItemRef, User, Value};
use twinline_core::names::{ConnectionName, FieldName, LinkId};
use twinline_core::reconcile::{Planned, WriteNote};
use twinline_core::rules::Assigner;
use twinline_core::time::Timestamp;

/// Something that happened to a twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by our clock.
    pub at: Timestamp,
    /// In which connection.
    pub connection: ConnectionName,
    /// To which twin.
    pub link: LinkId,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A write was made.
    Written {
        /// The item whose change caused it, with its node's label: `GitHub #12`.
        from: String,
        /// The written item: `PROJ-7`.
        to: String,
        /// What was done, one phrase for each field: `label added`.
        done: Vec<String>,
        /// From the change to its being visible on the other side, where a webhook told when the change was made.
        latency_ms: Option<u64>,
        /// The rule version.
        rule_version: u32,
        /// The map entries or script lines: `[fields.labels]`, `acme.left.js:12`.
        by: Vec<String>,
    },
    /// The twin was held back.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// The twin sleeps.
    Asleep {
        /// Why.
        reason: String,
    },
    /// The twin ended.
    Ended {
        /// What said so.
        evidence: String,
    },
    /// The connection was held by its breaker.
    Held {
        /// The writes that it would have made within ten minutes.
        writes: u64,
    },
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.what {
            What::Written {
                from,
                to,
                done,
                latency_ms,
                rule_version,
                by,
            } => {
                write!(f, "{from} {} → {to}", done.join(", "))?;
                if let Some(ms) = latency_ms {
                    write!(f, ", {ms} ms")?;
                }
                write!(f, ", rule v{rule_version}")?;
                if !by.is_empty() {
                    write!(f, " {}", by.join(" "))?;
                }
                Ok(())
            }
            What::Quarantined { reason } => {
                write!(f, "{} {} held back: {reason}", self.connection, self.link)
            }
            What::Asleep { reason } => {
                write!(f, "{} {} asleep: {reason}", self.connection, self.link)
            }
            What::Ended { evidence } => {
                write!(f, "{} {} ended: {evidence}", self.connection, self.link)
            }
            What::Held { writes } => write!(
                f,
                "{} is held: {writes} writes within ten minutes are over its limit; see `twinline release`",
                self.connection
            ),
        }
    }
}

/// What one write does, one phrase for each field, for people.
pub(crate) fn phrases(effect: &Effect) -> Vec<String> {
    let one = |phrase: &str| vec![phrase.to_owned()];
    match effect {
        Effect::Create { .. } => one("created"),
        Effect::Update { fields, .. } => fields
            .iter()
            .flat_map(|(name, write)| match write {
                FieldWrite::Replace(_) => vec![format!("{name} changed")],
                FieldWrite::Elements { add, remove } => {
                    let singular = name.as_str().strip_suffix('s').unwrap_or(name.as_str());
                    let count = |elements: usize, done: &str| match elements {
                        0 => None,
                        1 => Some(format!("{singular} {done}")),
                        many => Some(format!("{many} {name} {done}")),
                    };
                    let both = [count(add.len(), "added"), count(remove.len(), "removed")];
                    both.into_iter().flatten().collect()
                }
            })
            .collect(),
        Effect::Mark { .. } => one("linked"),
        Effect::AddComment { .. } => one("comment added"),
        Effect::EditComment { .. } => one("comment edited"),
        Effect::DeleteComment { .. } => one("comment deleted"),
        Effect::AddAttachment { file, .. } => vec![format!("{} attached", file.name)],
        Effect::DeleteAttachment { .. } => one("attachment deleted"),
        Effect::Delete { .. } => one("deleted"),
    }
}

/// The fields that a creation fills, for people: `summary = Checkout is slow`.
pub(crate) fn created_fields(effect: &Effect) -> Vec<String> {
    let Effect::Create { fields, .. } = effect else {
        return Vec::new();
    };
    let phrase = |(name, value): (&FieldName, &Value)| format!("{name} = {}", short(value));
    fields.iter().map(phrase).collect()
}

/// A value on one line, of 60 characters at most.
fn short(value: &Value) -> String {
    let people =
        |users: &BTreeSet<User>| users.iter().map(User::label).collect::<Vec<_>>().join(", ");
    let text = match value {
        Value::Text(text) | Value::Date(text) => text.clone(),
        Value::Rich(document) => document.plain(),
        Value::Choice(choice) => choice.name.clone(),
        Value::Set(set) => set.iter().cloned().collect::<Vec<_>>().join(", "),
        Value::User(user) => user.label().to_owned(),
        Value::Users(users) => people(users),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 60 {
        return line;
    }
    let cut: String = line.chars().take(59).collect();
    format!("{cut}…")
}

/// Which map entries and script lines made a write.
pub(crate) fn origins(planned: &Planned) -> Vec<String> {
    if planned.comment.is_some() {
        return vec!["[comments]".to_owned()];
    }
    if planned.attachment.is_some() {
        return vec!["[attachments]".to_owned()];
    }
    let mut origins: Vec<String> = planned.fields.values().map(origin).collect();
    origins.sort();
    origins.dedup();
    origins
}

fn origin(note: &WriteNote) -> String {
    match &note.by {
        Assigner::Map(field) => format!("[fields.{field}]"),
        Assigner::Script { file, line } => match line {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        },
        Assigner::Policy => "[policy]".to_owned(),
    }
}

/// An item as a transcript names it: its node's label and its key without what the label already says. `one_scope`: the
/// node has no second place whose numbers could be meant.
pub(crate) fn named(label: &str, item: &ItemRef, one_scope: bool) -> String {
    // `acme/app#12` is `GitHub #12` to a reader who knows of one repository; `PROJ-7` needs no label.
    match item.key.rsplit_once('#') {
        Some((_, number)) if one_scope => format!("{label} #{number}"),
        Some(_) => format!("{label} {}", item.key),
        None => item.key.clone(),
    }
}
