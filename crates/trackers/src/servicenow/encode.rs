//! From our words to ServiceNow's.

use super::meta::Column;
use super::{SUMMARY_MAX_CHARS, stamp, text};
use crate::connector::Impossible;
use std::collections::BTreeSet;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Value, field};
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

/// What becomes of a value.
#[derive(Debug, PartialEq)]
pub(super) enum Sent {
    /// It is sent as this text.
    Text(String),
    /// ServiceNow cannot take it, and why.
    Waived(String),
}

/// The value that a write leads to.
pub(super) fn after(write: &FieldWrite, held: Option<&Value>) -> Value {
    match write {
        FieldWrite::Replace(value) => value.clone(),
        FieldWrite::Elements { add, remove } => {
            let mut set = match held {
                Some(Value::Set(set)) => set.clone(),
                _ => BTreeSet::new(),
            };
            set.retain(|element| !remove.contains(element));
            set.extend(add.iter().cloned());
            if set.is_empty() {
                Value::Empty
            } else {
                Value::Set(set)
            }
        }
    }
}

/// A column's text for a value whose people and records are known by id.
pub(super) fn sent(name: &FieldName, column: &Column, value: &Value) -> Result<Sent, Impossible> {
    let unfit = || {
        Impossible::value(
            name,
            "has a value of a kind that ServiceNow cannot hold there",
        )
    };
    match (name.as_str(), value) {
        (field::CREATED | field::UPDATED | field::TYPE | "number", _) => {
            return Ok(Sent::Waived(format!(
                "{name} cannot be written at ServiceNow"
            )));
        }
        (field::SUMMARY, value) if value.is_empty() => {
            return Err(Impossible::value(
                name,
                "ServiceNow's records need a short description",
            ));
        }
        (field::STATUS, value) if value.is_empty() => {
            return Err(Impossible::value(name, "is no state"));
        }
        (_, value) if value.is_empty() && column.kind == "boolean" => {
            return Ok(Sent::Waived(format!(
                "{name} is true or false at ServiceNow, and never empty"
            )));
        }
        _ => {}
    }
    let texts = Texts::of(column);
    let text = match normalise(name, value, texts) {
        Value::Empty => String::new(),
        Value::Text(text) | Value::Date(text) => text,
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Time(at) => stamp::write(at),
        Value::Choice(choice) => choice.id,
        Value::User(user) => user.id,
        Value::Users(users) => joined(users.iter().map(|user| user.id.as_str())),
        Value::Choices(choices) => joined(choices.iter().map(|choice| choice.id.as_str())),
        Value::Set(set) if set.iter().any(|element| element.contains(',')) => {
            return Ok(Sent::Waived(format!(
                "{name}: a list of ServiceNow holds no element with a comma"
            )));
        }
        Value::Set(set) => joined(set.iter().map(String::as_str)),
        Value::Rich(document) => match texts {
            Texts::Plain => text::write(&document),
            Texts::Html => text::write_html(&document),
        },
        Value::Cascade(_) | Value::Json(_) => return Err(unfit()),
    };
    Ok(Sent::Text(text))
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

/// What a column holds of a rich text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    Plain,
    Html,
}

impl Texts {
    /// What a column holds.
    pub(super) fn of(column: &Column) -> Self {
        if text::is_html(&column.kind) {
            Self::Html
        } else {
            Self::Plain
        }
    }
}

/// The value that ServiceNow would give back.
pub(super) fn normalise(name: &FieldName, value: &Value, texts: Texts) -> Value {
    match (name.as_str(), value) {
        (_, value) if value.is_empty() => Value::Empty,
        (field::SUMMARY, Value::Text(summary)) => {
            let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
            let cut: String = line.chars().take(SUMMARY_MAX_CHARS).collect();
            Value::Text(cut.trim_end().to_owned())
        }
        (_, Value::Rich(document)) => rich(match texts {
            Texts::Plain => text::normalised(document),
            Texts::Html => text::normalised_html(document),
        }),
        (_, Value::Text(plain)) if texts == Texts::Html => {
            rich(text::normalised_html(&Document::from_plain(plain)))
        }
        (_, Value::Number(number)) => Value::number(number.clone()),
        // Times are whole seconds.
        (_, Value::Time(at)) => Value::Time(at.floor_to_second()),
        (_, value) => value.clone(),
    }
}

fn rich(document: Document) -> Value {
    if document.is_empty() {
        Value::Empty
    } else {
        Value::Rich(document)
    }
}
