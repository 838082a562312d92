//! Native values against the plain values of a rules file.

use crate::catalogue::Catalogue;
use crate::describe::NativeKind;
use crate::model::{Literal, NativeValue};
use crate::rich;
use std::collections::BTreeSet;
use twinline_core::item::{Choice, Item, Number, Value, canonical};
use twinline_core::names::FieldName;

/// The kind of a value.
pub(crate) const fn kind_of(value: &Value) -> Option<NativeKind> {
    Some(match value {
        Value::Empty => return None,
        Value::Bool(_) => NativeKind::Bool,
        Value::Number(_) => NativeKind::Number,
        Value::Text(_) => NativeKind::Text,
        Value::Rich(_) => NativeKind::Rich,
        Value::Date(_) => NativeKind::Date,
        Value::Time(_) => NativeKind::Time,
        Value::User(_) => NativeKind::User,
        Value::Users(_) => NativeKind::Users,
        Value::Choice(_) => NativeKind::Choice,
        Value::Choices(_) => NativeKind::Choices,
        Value::Set(_) => NativeKind::Set,
        Value::Cascade(_) => NativeKind::Cascade,
        Value::Json(_) => NativeKind::Json,
    })
}

/// A single value as the text that tables compare; `None` for sets, people and raw JSON.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => canonical(number.clone()).to_string(),
        Value::Text(text) | Value::Date(text) => text.clone(),
        Value::Rich(document) => document.plain(),
        Value::Time(instant) => instant.to_string(),
        Value::Choice(choice) => choice.name.clone(),
        Value::Cascade(path) => {
            let names: Vec<&str> = path.iter().map(|choice| choice.name.as_str()).collect();
            names.join(" / ")
        }
        Value::Json(serde_json::Value::String(text)) => text.clone(),
        Value::Empty => String::new(),
        Value::User(_) | Value::Users(_) | Value::Choices(_) | Value::Set(_) | Value::Json(_) => {
            return None;
        }
    })
}

/// Whether an option is the one that a text names: by the pinned id where the option is known, else by id or name.
pub(super) fn is_option(choice: &Choice, text: &str, field: &FieldName, side: &Catalogue) -> bool {
    match side.option(field, text) {
        Some(option) => option.id == choice.id,
        None => choice.id == text || choice.name == text,
    }
}

/// The text that a field holds for an option given by id or name, where texts are what it holds.
fn option_id(text: &str, field: &FieldName, side: &Catalogue) -> String {
    let option = side.option(field, text);
    option.map_or_else(|| text.to_owned(), |option| option.id.clone())
}

/// Whether a native value is what a literal says.
pub(super) fn holds(value: &Value, literal: &Literal, field: &FieldName, side: &Catalogue) -> bool {
    match value {
        Value::Choice(choice) => is_option(choice, &literal.text(), field, side),
        Value::Text(held) => {
            let text = literal.text();
            *held == text || option_id(&text, field, side) == *held
        }
        other => as_text(other).is_some_and(|text| text == literal.text()),
    }
}

/// Whether the item holds an entry of a table: every native field that the entry names.
pub(super) fn holds_entry(
    item: &Item,
    natives: &[FieldName],
    entry: &NativeValue,
    side: &Catalogue,
) -> bool {
    let is = |field: &FieldName, literal: &Literal| {
        item.fields
            .get(field)
            .is_some_and(|value| holds(value, literal, field, side))
    };
    match entry {
        NativeValue::One(literal) => natives.iter().all(|field| is(field, literal)),
        NativeValue::Fields(fields) => fields
            .iter()
            .all(|(name, literal)| is(&side.resolve(name), &literal.value)),
    }
}

/// The native values that an entry writes.
pub(super) fn written(
    natives: &[FieldName],
    entry: &NativeValue,
    item: &Item,
    side: &Catalogue,
) -> Vec<(FieldName, Value)> {
    match entry {
        NativeValue::One(literal) => natives
            .iter()
            .map(|field| (field.clone(), value_for(literal, field, item, side)))
            .collect(),
        NativeValue::Fields(fields) => fields
            .iter()
            .map(|(name, literal)| {
                let field = side.resolve(name);
                let value = value_for(&literal.value, &field, item, side);
                (field, value)
            })
            .collect(),
    }
}

/// The native value that a literal means in a field, by the field's kind, else by what it holds now.
pub(super) fn value_for(
    literal: &Literal,
    field: &FieldName,
    item: &Item,
    side: &Catalogue,
) -> Value {
    let text = literal.text();
    let kind = side
        .kind(field)
        .or_else(|| item.fields.get(field).and_then(kind_of));
    let choice = || {
        side.option(field, &text)
            .cloned()
            .unwrap_or_else(|| Choice {
                id: text.clone(),
                name: text.clone(),
            })
    };
    match kind {
        Some(NativeKind::Choice) => Value::Choice(choice()),
        Some(NativeKind::Choices) => Value::Choices(BTreeSet::from([choice()])),
        Some(NativeKind::Set) => Value::set([option_id(&text, field, side)]),
        Some(NativeKind::Cascade) => Value::Cascade(vec![choice()]),
        Some(NativeKind::Rich) => Value::Rich(rich::from_markdown(&text)),
        Some(NativeKind::Date) => Value::Date(text),
        Some(NativeKind::User) => side
            .person(&text)
            .map_or(Value::Text(text), |user| Value::User(user.clone())),
        Some(NativeKind::Number) => text
            .parse::<Number>()
            .map_or(Value::Text(text), Value::number),
        Some(NativeKind::Bool) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Text(text),
        },
        _ => match literal {
            Literal::Text(text) => Value::Text(option_id(text, field, side)),
            Literal::Integer(number) => Value::Number(Number::from(*number)),
            Literal::Bool(yes) => Value::Bool(*yes),
        },
    }
}

/// A value as a person reads it in a reason: shortened to 60 characters.
pub(super) fn shown(value: &Value) -> String {
    let text = as_text(value).unwrap_or_else(|| match value {
        Value::User(user) => user.label().to_owned(),
        other => serde_json::to_string(other).unwrap_or_default(),
    });
    if text.chars().count() <= 60 {
        return text;
    }
    let short: String = text.chars().take(59).collect();
    format!("{short}…")
}
