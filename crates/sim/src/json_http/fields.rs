//! Setting an item's fields: the same rules for both APIs and for people.

use super::store::{AREAS, Item, PRIORITIES, STATES};
use crate::seeds::PEOPLE;
use serde_json::Value;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

/// The longest title, in characters.
const TITLE_MAX_CHARS: usize = 120;

/// A value that a field does not take: the field's neutral name, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) why: String,
}

fn wrong(field: &'static str, why: impl Into<String>) -> Wrong {
    Wrong {
        field,
        why: why.into(),
    }
}

/// Sets one field by its neutral name. The value is scalar, a list of scalars, or null.
pub(super) fn set(item: &mut Item, field: &str, value: &Value) -> Result<(), Wrong> {
    match field {
        "title" => item.title = title(value)?,
        "text" => item.text = text("text", value)?,
        "state" => {
            let wanted = text("state", value)?;
            let known = STATES
                .iter()
                .find(|(id, name, _)| *id == wanted || *name == wanted);
            let (id, ..) =
                known.ok_or_else(|| wrong("state", format!("there is no state '{wanted}'")))?;
            (*id).clone_into(&mut item.state);
        }
        "priority" => item.priority = one_of("priority", value, &PRIORITIES)?,
        "labels" => item.labels = texts("labels", value)?,
        "areas" => {
            let wanted = texts("areas", value)?;
            if let Some(unknown) = wanted
                .iter()
                .find(|area| !AREAS.iter().any(|(id, _)| id == area))
            {
                return Err(wrong("areas", format!("there is no area '{unknown}'")));
            }
            item.areas = wanted;
        }
        "owner" => item.owner = person(value)?,
        "points" => {
            item.points = match value {
                Value::Null => None,
                Value::Number(number) => Some(number.clone()),
                _ => return Err(wrong("points", "is no number")),
            }
        }
        "due" => item.due = day(value)?,
        "remind" => {
            item.remind = match value {
                Value::Null => None,
                Value::String(text) => Some(
                    Timestamp::parse(text).map_err(|error| wrong("remind", error.to_string()))?,
                ),
                Value::Number(number) => number.as_i64().map(Timestamp::from_millis),
                _ => return Err(wrong("remind", "is no time")),
            }
        }
        "urgent" => item.urgent = value.as_bool().unwrap_or_default(),
        "origin" => item.origin = text("origin", value)?,
        _ => return Err(wrong("field", format!("there is no field '{field}'"))),
    }
    Ok(())
}

fn title(value: &Value) -> Result<String, Wrong> {
    let title = text("title", value)?.trim().to_owned();
    if title.is_empty() {
        return Err(wrong("title", "the title cannot be blank"));
    }
    if title.chars().count() > TITLE_MAX_CHARS {
        return Err(wrong(
            "title",
            format!("the title is longer than {TITLE_MAX_CHARS} characters"),
        ));
    }
    Ok(title)
}

fn text(field: &'static str, value: &Value) -> Result<String, Wrong> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(wrong(field, "is no text")),
    }
}

fn texts(field: &'static str, value: &Value) -> Result<BTreeSet<String>, Wrong> {
    let list = match value {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Array(list) => list,
        _ => return Err(wrong(field, "is no list")),
    };
    list.iter().map(|element| text(field, element)).collect()
}

fn one_of(
    field: &'static str,
    value: &Value,
    known: &[(&str, &str)],
) -> Result<Option<String>, Wrong> {
    let wanted = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(wrong(field, "is no option")),
    };
    let found = known.iter().any(|(id, _)| *id == wanted);
    match found {
        true => Ok(Some(wanted)),
        false => Err(wrong(field, format!("there is no {field} '{wanted}'"))),
    }
}

fn person(value: &Value) -> Result<Option<String>, Wrong> {
    let Some(login) = value.as_str().filter(|login| !login.is_empty()) else {
        return Ok(None);
    };
    match PEOPLE.iter().any(|person| person.login == login) {
        true => Ok(Some(login.to_owned())),
        false => Err(wrong("owner", format!("there is nobody called '{login}'"))),
    }
}

fn day(value: &Value) -> Result<Option<String>, Wrong> {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match Timestamp::parse(&format!("{text}T00:00:00Z")) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(_) => Err(wrong(
            "due",
            format!("'{text}' is no day such as 2026-01-31"),
        )),
    }
}
