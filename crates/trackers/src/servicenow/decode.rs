//! From ServiceNow's words to ours.

use super::journal::Entry;
use super::meta::{Column, Meta};
use super::{CORRELATION, Place, TASK, stamp, text, wire};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};

/// Our name and ServiceNow's, where they differ.
pub(super) const RENAMED: &[(&str, &str)] = &[
    (field::SUMMARY, "short_description"),
    (field::STATUS, "state"),
    (field::ASSIGNEE, "assigned_to"),
    (field::REPORTER, "opened_by"),
    (field::TYPE, "sys_class_name"),
    (field::CREATED, "sys_created_on"),
    (field::UPDATED, "sys_updated_on"),
];

/// What a column's name gets before it that would be taken for one of ours: `type` of a change request.
const OWN: &str = "column.";

/// Columns that are none of an item's fields: what identifies it, and where our marker lies.
const NO_FIELDS: &[&str] = &[
    CORRELATION,
    "sys_id",
    "sys_created_by",
    "sys_updated_by",
    "sys_mod_count",
    "sys_domain",
    "sys_domain_path",
    "sys_tags",
];

/// Types of columns that hold no value that could cross: journals, files, secrets, what is computed from other records.
const NO_KINDS: &[&str] = &[
    "journal",
    "journal_input",
    "journal_list",
    "collection",
    "password",
    "password2",
    "related_tags",
    "user_image",
    "image",
    "video",
    "file_attachment",
    "variables",
    "glide_var",
    "template_value",
    "compressed",
];

/// Whether a column is a field of an item.
pub(super) fn is_field(name: &str, column: &Column) -> bool {
    !NO_FIELDS.contains(&name) && !NO_KINDS.contains(&column.kind.as_str())
}

/// Our name of a column.
pub(super) fn ours(theirs: &str) -> FieldName {
    let renamed = RENAMED.iter().find(|(_, column)| *column == theirs);
    match renamed {
        Some((ours, _)) => FieldName::from(*ours),
        None if RENAMED.iter().any(|(ours, _)| *ours == theirs) => {
            FieldName::new(format!("{OWN}{theirs}"))
        }
        None => FieldName::from(theirs),
    }
}

/// The column of a field of ours.
pub(super) fn theirs(ours: &str) -> &str {
    let renamed = RENAMED.iter().find(|(name, _)| *name == ours);
    renamed.map_or_else(
        || ours.strip_prefix(OWN).unwrap_or(ours),
        |(_, column)| column,
    )
}

/// A record's version. The update count tells; whole seconds alone would not.
pub(super) fn version(record: &wire::Record) -> Option<Version> {
    version_of(record.text("sys_mod_count"), record.text("sys_updated_on"))
}

/// The version of an update count and a time.
pub(super) fn version_of(count: &str, updated: &str) -> Option<Version> {
    Some(Version {
        revision: Some(count.parse().ok()?),
        updated: stamp::read(updated)?,
        resolution_ms: 1000,
        token: None,
    })
}

/// A record as seen from one node. `base` is the instance's address without a trailing slash.
pub(super) fn reference(
    node: &NodeName,
    base: &str,
    place: Place<'_>,
    number: &str,
    is_task: bool,
) -> ItemRef {
    let Place { table, sys_id } = place;
    let key = match (is_task, number) {
        (true, number) if !number.is_empty() => number.to_owned(),
        (false, number) if !number.is_empty() => format!("{table}:{number}"),
        _ => place.to_string(),
    };
    ItemRef {
        item: ItemId {
            node: node.clone(),
            id: place.to_string(),
        },
        key,
        url: format!("{base}/{table}.do?sys_id={sys_id}"),
    }
}

/// The marker that a record holds.
pub(super) fn marker(record: &wire::Record) -> Option<Marker> {
    Marker::parse(record.text(CORRELATION))
}

/// The people that records refer to, by `sys_id`.
pub(super) fn people(meta: &Meta, records: &[wire::Record]) -> BTreeSet<String> {
    let columns = meta
        .columns
        .iter()
        .filter(|(_, column)| refers_to_people(column));
    let values = columns.flat_map(|(name, _)| records.iter().map(move |record| record.text(name)));
    let ids = values.flat_map(|value| value.split(','));
    ids.filter(|id| super::is_sys_id(id))
        .map(str::to_owned)
        .collect()
}

pub(super) fn refers_to_people(column: &Column) -> bool {
    column.reference.as_deref() == Some("sys_user")
}

/// An item without its comments; `None` when the record lacks what every one has.
pub(super) fn item(
    meta: &Meta,
    record: &wire::Record,
    reference: ItemRef,
    people: &BTreeMap<String, User>,
) -> Option<Item> {
    let table = meta.lineage.first().cloned().unwrap_or_default();
    Some(Item {
        reference,
        fields: fields(meta, record, people),
        comments: None,
        attachments: None,
        version: version(record)?,
        marker: marker(record),
        scope: BTreeMap::from([("table".to_owned(), table)]),
    })
}

/// Every field that the record shows.
pub(super) fn fields(
    meta: &Meta,
    record: &wire::Record,
    people: &BTreeMap<String, User>,
) -> BTreeMap<FieldName, Value> {
    let shown = meta
        .columns
        .iter()
        .filter(|(name, column)| is_field(name, column));
    shown
        .filter_map(|(name, column)| {
            let actual = record.value(name)?;
            Some((
                ours(name),
                value(name, column, actual, record.shown(name), people),
            ))
        })
        .collect()
}

/// A column's value. `shown` is what a person sees of it.
pub(super) fn value(
    name: &str,
    column: &Column,
    actual: &str,
    shown: &str,
    people: &BTreeMap<String, User>,
) -> Value {
    let choice = || {
        Value::Choice(Choice {
            id: actual.to_owned(),
            name: shown.to_owned(),
        })
    };
    if actual.is_empty() {
        return Value::Empty;
    }
    match column.kind.as_str() {
        "reference" if name == field::PARENT && is_task_parent(column) => Value::text(shown),
        "reference" if refers_to_people(column) => Value::User(person(actual, shown, people)),
        "reference" | "sys_class_name" => choice(),
        "glide_list" => list(column, actual, shown, people),
        "boolean" => Value::Bool(actual == "true"),
        "glide_date" => Value::Date(actual.to_owned()),
        "glide_date_time" | "due_date" => {
            stamp::read(actual).map_or_else(|| Value::text(actual), Value::Time)
        }
        kind if text::is_html(kind) => text::read_html(actual),
        _ if column.choice => choice(),
        "integer" | "longint" | "decimal" | "float" | "percent_complete" => number(actual),
        _ if name == field::DESCRIPTION => text::read_description(actual),
        _ => Value::text(actual),
    }
}

/// Whether a parent is a task, which is known by its number alone.
pub(super) fn is_task_parent(column: &Column) -> bool {
    column.reference.as_deref() == Some(TASK)
}

fn number(text: &str) -> Value {
    let number = text.parse::<serde_json::Number>();
    number.map_or_else(|_| Value::text(text), Value::number)
}

fn list(column: &Column, actual: &str, shown: &str, people: &BTreeMap<String, User>) -> Value {
    let parts = actual
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    if column.reference.is_none() {
        return Value::set(parts);
    }
    let ids: Vec<&str> = parts.collect();
    let names: Vec<&str> = shown.split(", ").collect();
    // Names with commas in them cannot be told from two names.
    let name = |at: usize| {
        if names.len() == ids.len() {
            names[at]
        } else {
            ""
        }
    };
    if refers_to_people(column) {
        let each = ids
            .iter()
            .enumerate()
            .map(|(at, id)| person(id, name(at), people));
        return Value::Users(each.collect());
    }
    let each = ids.iter().enumerate().map(|(at, id)| Choice {
        id: (*id).to_owned(),
        name: name(at).to_owned(),
    });
    Value::Choices(each.collect())
}

fn person(id: &str, shown: &str, people: &BTreeMap<String, User>) -> User {
    people.get(id).cloned().unwrap_or_else(|| User {
        id: id.to_owned(),
        name: Some(shown.to_owned()).filter(|name| !name.is_empty()),
        ..User::default()
    })
}

/// A person's record.
pub(super) fn user(record: &wire::Record) -> User {
    let filled = |name: &str| Some(record.text(name).to_owned()).filter(|text| !text.is_empty());
    User {
        id: record.text("sys_id").to_owned(),
        name: filled("name"),
        email: filled("email"),
        login: filled("user_name"),
    }
}

/// An entry of a journal. `people` are by login.
pub(super) fn comment(entry: &Entry, people: &BTreeMap<String, User>) -> Comment {
    let author = people.get(&entry.by).cloned().unwrap_or_else(|| User {
        login: Some(entry.by.clone()).filter(|login| !login.is_empty()),
        ..User::default()
    });
    Comment {
        id: entry.sys_id.clone(),
        author,
        created: entry.created,
        edited: None,
        body: text::read_entry(&entry.text),
        channel: entry.channel.clone(),
        marker: None,
    }
}
