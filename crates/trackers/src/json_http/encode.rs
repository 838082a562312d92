//! From our words to an API's JSON.

use super::description::{Description, Field, Kind, Parts};
use super::text;
use crate::connector::Impossible;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Choice, User, Value, field};
use twinline_core::names::FieldName;

/// The longest short text that is written where the description names no limit, in characters.
const SUMMARY_MAX_CHARS: usize = 255;

/// A write of fields, sorted.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// What is to be put into the item, by field.
    pub(super) values: BTreeMap<FieldName, Json>,
    /// What the fields should hold then, as it is read.
    pub(super) wanted: BTreeMap<FieldName, Value>,
    /// Fields that are not written, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

impl Writes {
    /// Sorts an update's fields. `held` are the values now: a list is replaced as a whole.
    pub(super) fn of(
        description: &Description,
        fields: &BTreeMap<FieldName, FieldWrite>,
        held: &BTreeMap<FieldName, Value>,
    ) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            writes.add(description, name, &after(write, held.get(name)))?;
        }
        Ok(writes)
    }

    fn add(
        &mut self,
        description: &Description,
        name: &FieldName,
        value: &Value,
    ) -> Result<(), Impossible> {
        let tracker = description.name();
        let Some(field) = description.model.fields.get(name.as_str()) else {
            self.waived
                .insert(name.clone(), format!("{name} does not exist at {tracker}"));
            return Ok(());
        };
        if field.read_only {
            self.waived.insert(
                name.clone(),
                format!("{name} cannot be written at {tracker}"),
            );
            return Ok(());
        }
        let value = normalise(description, name, value);
        if value.is_empty() && (field.required || name.as_str() == field::SUMMARY) {
            return Err(Impossible::value(name, format!("{tracker} needs a value")));
        }
        let written =
            written(description, field, &value).map_err(|why| Impossible::value(name, why))?;
        self.values.insert(name.clone(), written);
        self.wanted.insert(name.clone(), value);
        Ok(())
    }
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
            Value::Set(set)
        }
    }
}

/// The value that the tracker would give back.
pub(super) fn normalise(description: &Description, name: &FieldName, value: &Value) -> Value {
    let Some(field) = description.model.fields.get(name.as_str()) else {
        return value.clone();
    };
    match (field.kind, value) {
        (Kind::Set, value) if value.is_empty() => Value::Set(BTreeSet::new()),
        (Kind::Users, value) if value.is_empty() => Value::Users(BTreeSet::new()),
        (Kind::Choices, value) if value.is_empty() => Value::Choices(BTreeSet::new()),
        (_, value) if value.is_empty() => Value::Empty,
        (Kind::Text, Value::Text(text)) => short(name, field, text),
        (Kind::Text, Value::Choice(choice)) => short(name, field, &choice.name),
        (Kind::Text, Value::Number(number)) => short(name, field, &number.to_string()),
        (Kind::Text, Value::Date(day)) => short(name, field, day),
        (Kind::Rich, Value::Rich(document)) => {
            let marked = text::holds_marker(description.model.marker.as_ref());
            let document = text::normalised(description.model.texts, marked, document);
            if document.is_empty() {
                Value::Empty
            } else {
                Value::Rich(document)
            }
        }
        (Kind::Rich, Value::Text(text)) => Value::Rich(text::read(description.model.texts, text)),
        (Kind::Number, Value::Text(text)) => {
            let number = text.trim().parse::<twinline_core::item::Number>();
            number.map_or_else(|_| value.clone(), Value::number)
        }
        (Kind::Number, Value::Number(number)) => Value::number(number.clone()),
        (Kind::Bool, Value::Text(text)) => text
            .trim()
            .parse()
            .map_or_else(|_| value.clone(), Value::Bool),
        (Kind::Date, Value::Text(text)) => Value::Date(text.trim().to_owned()),
        (Kind::Time, Value::Time(at)) => Value::Time(description.model.time.floor(*at)),
        (Kind::Choice, Value::Choice(choice)) => Value::Choice(known(field, choice)),
        (Kind::Choice, Value::Text(text)) => Value::Choice(named(field, text)),
        (Kind::Choices, Value::Choices(choices)) => {
            Value::Choices(choices.iter().map(|choice| known(field, choice)).collect())
        }
        (Kind::Choices, Value::Set(names)) => {
            Value::Choices(names.iter().map(|name| named(field, name)).collect())
        }
        (Kind::Choices, Value::Text(name)) => Value::Choices(BTreeSet::from([named(field, name)])),
        (Kind::User, Value::Text(text)) => Value::User(called(text)),
        (Kind::Users, Value::User(user)) => Value::Users(BTreeSet::from([user.clone()])),
        (Kind::Set, Value::Text(text)) => Value::set([text.trim()]),
        (Kind::Set, Value::Set(set)) => Value::set(
            set.iter()
                .map(|label| label.trim())
                .filter(|label| !label.is_empty()),
        ),
        _ => value.clone(),
    }
}

/// One line without white space around it, as long as the tracker takes.
fn short(name: &FieldName, field: &Field, text: &str) -> Value {
    let is_summary = name.as_str() == field::SUMMARY;
    let line = match is_summary {
        true => text.replace(['\n', '\r'], " "),
        false => text.to_owned(),
    };
    let limit = field
        .max_chars
        .or(is_summary.then_some(SUMMARY_MAX_CHARS))
        .unwrap_or(usize::MAX);
    let cut: String = line.trim().chars().take(limit).collect();
    let cut = cut.trim_end();
    if cut.is_empty() {
        Value::Empty
    } else {
        Value::text(cut)
    }
}

/// An option with the name that the description has for it.
fn known(field: &Field, choice: &Choice) -> Choice {
    let known = field.options.iter().find(|option| option.id == choice.id);
    known.map_or_else(|| choice.clone(), super::description::OptionOf::choice)
}

/// The option that a rule names, by its id or its name.
fn named(field: &Field, text: &str) -> Choice {
    let text = text.trim();
    let mut options = field.options.iter();
    let by_id = options.clone().find(|option| option.id == text);
    let by_name = options.find(|option| option.choice().name.eq_ignore_ascii_case(text));
    match by_id.or(by_name) {
        Some(option) => option.choice(),
        None => Choice {
            id: text.to_owned(),
            name: text.to_owned(),
        },
    }
}

/// The person whom a text of a rule names; who that is is looked up at the write.
fn called(text: &str) -> User {
    let text = text.trim().to_owned();
    match text.contains('@') {
        true => User {
            email: Some(text),
            ..User::default()
        },
        false => User {
            id: text,
            ..User::default()
        },
    }
}

/// A normal value as JSON; a sentence where the field cannot hold it.
fn written(description: &Description, field: &Field, value: &Value) -> Result<Json, String> {
    let texts = description.model.texts;
    Ok(match (field.kind, value) {
        (Kind::Text | Kind::Rich, Value::Empty) => json!(""),
        (_, Value::Empty) => Json::Null,
        (Kind::Text, Value::Text(text)) => json!(text),
        (Kind::Rich, Value::Rich(document)) => json!(text::write(texts, document)),
        (Kind::Number, Value::Number(number)) => Json::Number(number.clone()),
        (Kind::Bool, Value::Bool(yes)) => json!(yes),
        (Kind::Date, Value::Date(day)) => json!(day),
        (Kind::Time, Value::Time(at)) => description.model.time.write(*at),
        (Kind::User, Value::User(user)) => one(field, &user.id)?,
        (Kind::Users, Value::Users(users)) => list(users.iter().map(|user| one(field, &user.id)))?,
        (Kind::Choice, Value::Choice(choice)) => one(field, offered(field, choice)?)?,
        (Kind::Choices, Value::Choices(choices)) => list(
            choices
                .iter()
                .map(|choice| one(field, offered(field, choice)?)),
        )?,
        (Kind::Set, Value::Set(set)) => list(set.iter().map(|label| one(field, label)))?,
        _ => return Err(format!("a {} is needed", field.kind.name())),
    })
}

fn list(elements: impl Iterator<Item = Result<Json, String>>) -> Result<Json, String> {
    elements.collect::<Result<Vec<_>, _>>().map(Json::Array)
}

/// The id of an option that there is.
fn offered<'a>(field: &Field, choice: &'a Choice) -> Result<&'a str, String> {
    if field.options.is_empty() || field.options.iter().any(|option| option.id == choice.id) {
        return Ok(&choice.id);
    }
    let known: Vec<String> = field
        .options
        .iter()
        .map(|option| option.choice().name)
        .collect();
    Err(format!(
        "there is no option '{}'; there are {}",
        choice.name,
        known.join(", ")
    ))
}

/// An id as it is written: bare, or in an object of the parts that are read.
fn one(field: &Field, id: &str) -> Result<Json, String> {
    let bare = match field.numeric {
        true => json!(
            id.parse::<i64>()
                .map_err(|_| format!("'{id}' is no number"))?
        ),
        false => json!(id),
    };
    Ok(match &field.of {
        Some(Parts { id: path, .. }) if field.write.is_none() => {
            let mut object = Json::Null;
            path.put(&mut object, bare);
            object
        }
        _ => bare,
    })
}
