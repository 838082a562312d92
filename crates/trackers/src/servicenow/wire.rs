//! What the Table API sends, as far as it is read. Every request asks for both values of a field
//! (`sysparm_display_value=all`): `{"display_value": "New", "value": "1"}`.
//!
//! Source: ServiceNow's Table API page, and KB0534905.

use crate::error::TrackerError;
use crate::http::Reply;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// A record: its fields by column, or by path where a path was asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub(super) struct Record(pub(super) Map<String, Json>);

impl Record {
    /// A field's value in the database; `None` where the answer leaves the field out.
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        part(self.0.get(column)?, "value")
    }

    /// The same; empty where there is none.
    pub(super) fn text(&self, column: &str) -> &str {
        self.value(column).unwrap_or_default()
    }

    /// What a person sees of a field; empty where there is nothing.
    pub(super) fn shown(&self, column: &str) -> &str {
        let cell = self.0.get(column);
        cell.and_then(|cell| part(cell, "display_value"))
            .unwrap_or_default()
    }
}

fn part<'a>(cell: &'a Json, name: &str) -> Option<&'a str> {
    match cell {
        Json::String(text) => Some(text),
        Json::Object(parts) => Some(parts.get(name).and_then(Json::as_str).unwrap_or_default()),
        _ => None,
    }
}

/// Answers of one record.
#[derive(Debug, Deserialize)]
struct One {
    result: Record,
}

/// Answers of several. A list that ServiceNow gives up half-way has a success status, the records so far and an error
/// ("Transaction cancelled: maximum execution time exceeded").
#[derive(Debug, Deserialize)]
struct Many {
    result: Vec<Record>,
    #[serde(default)]
    error: Option<Failure>,
}

/// How it refuses.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    pub(super) error: Failure,
}

/// The sentences of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    detail: Option<String>,
}

impl Failure {
    /// In one line.
    pub(super) fn sentence(&self) -> String {
        let parts = [&self.message, &self.detail].into_iter().flatten();
        let parts = parts
            .map(|part| part.trim())
            .filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(": ")
    }
}

/// Reads an answer of one record.
pub(super) fn one(reply: &Reply) -> Result<Record, TrackerError> {
    let record = reply.json::<One>()?.result;
    if record.text("sys_id").is_empty() {
        return Err(reply.unreadable("result.sys_id", "no sys_id"));
    }
    Ok(record)
}

/// Reads an answer of several.
pub(super) fn many(reply: &Reply) -> Result<Vec<Record>, TrackerError> {
    let many: Many = reply.json()?;
    match many.error {
        None => Ok(many.result),
        Some(error) => Err(TrackerError::Retry {
            reason: format!("ServiceNow gave the list up: {}", error.sentence()),
            after: None,
        }),
    }
}
