//! Item ⇒ replica.

use super::native::{as_text, holds, holds_entry, is_option, shown};
use super::{Map, natives, reading_order};
use crate::model::{
    FieldRules, Literal, NativeSource, NativeValue, ReferencePart, Unmapped, ValueTable,
};
use crate::script::ViaCall;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Item, Value};
use twinline_core::names::{FieldName, ReplicaField};

/// What the map shows of an item.
#[derive(Debug, Default)]
pub(crate) struct MapView {
    pub(crate) fields: BTreeMap<ReplicaField, Value>,
    pub(crate) held: BTreeMap<ReplicaField, String>,
    pub(crate) waived: BTreeMap<ReplicaField, String>,
    /// What the map left out of a set, for the trace.
    pub(crate) notes: Vec<String>,
    /// The fields that a script's export reads.
    pub(crate) vias: Vec<ViaCall>,
}

enum Read {
    Absent,
    Is(Value),
    Held(String),
    Waived(String),
}

/// Evaluates the outgoing half of the map. Both directions of a one-way field are read: its target's view tells drift.
pub(crate) fn outgoing(map: Map<'_>, item: &Item) -> MapView {
    let mut view = MapView::default();
    for (name, field) in &map.rules.fields {
        if let Some(via) = map.via(name, field) {
            if via.natives.iter().all(|native| item.get(native).is_some()) {
                view.vias.push(via);
            }
            continue;
        }
        match read(map, field, item, &mut view.notes) {
            Read::Absent => {}
            Read::Is(value) => {
                view.fields.insert(name.clone(), value);
            }
            Read::Held(reason) => {
                view.held.insert(name.clone(), reason);
            }
            Read::Waived(reason) => {
                view.waived.insert(name.clone(), reason);
            }
        }
    }
    view
}

fn read(map: Map<'_>, field: &FieldRules, item: &Item, notes: &mut Vec<String>) -> Read {
    let natives = match field
        .sources
        .get(map.side)
        .as_ref()
        .map(|source| &source.value)
    {
        None => return Read::Absent,
        Some(NativeSource::Reference(part)) => return Read::Is(reference(*part, item)),
        Some(NativeSource::Fields(_)) => natives(field, map.side, map.catalogue()),
    };
    let values: Option<Vec<&Value>> = natives.iter().map(|id| item.fields.get(id)).collect();
    let Some(values) = values else {
        return Read::Absent;
    };
    match (map.table(field), values.as_slice()) {
        (Some(table), [value]) => match native_elements(map, &natives[0], value) {
            Some(elements) => read_set(map, field, table, &natives[0], &elements, notes),
            None => read_row(map, field, table, &natives, item),
        },
        (Some(table), _) => read_row(map, field, table, &natives, item),
        (None, [value]) => Read::Is(without_ignored(map, field, &natives[0], value)),
        // Several natives need a table or an export: the parser refuses anything else.
        (None, _) => Read::Absent,
    }
}

fn reference(part: ReferencePart, item: &Item) -> Value {
    Value::text(match part {
        ReferencePart::Key => item.reference.key.as_str(),
        ReferencePart::Url => item.reference.url.as_str(),
        ReferencePart::Id => item.reference.item.id.as_str(),
    })
}

/// The elements of a set-like value as single values.
pub(super) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Set(set) => Some(set.iter().cloned().map(Value::Text).collect()),
        Value::Choices(choices) => Some(choices.iter().cloned().map(Value::Choice).collect()),
        _ => None,
    }
}

/// The elements of a side's own field. A tracker may keep the options of a list by their ids, as texts (Redmine's key/value
/// lists): such a text is the option.
pub(super) fn native_elements(
    map: Map<'_>,
    native: &FieldName,
    value: &Value,
) -> Option<Vec<Value>> {
    let options = map.catalogue().options(native);
    let known = |element: Value| {
        let option = match &element {
            Value::Text(id) => options.iter().find(|option| option.id == *id),
            _ => None,
        };
        option.cloned().map_or(element, Value::Choice)
    };
    Some(elements(value)?.into_iter().map(known).collect())
}

/// Whether an element is on the field's ignore list, by name or id.
pub(super) fn is_ignored(field: &FieldRules, element: &Value) -> bool {
    match element {
        Value::Choice(choice) => {
            field.ignore.contains(&choice.name) || field.ignore.contains(&choice.id)
        }
        Value::User(user) => field
            .ignore
            .iter()
            .any(|text| crate::catalogue::is_person(user, text)),
        other => as_text(other).is_some_and(|text| field.ignore.contains(&text)),
    }
}

fn without_ignored(map: Map<'_>, field: &FieldRules, native: &FieldName, value: &Value) -> Value {
    let kept = |element: Value| !is_ignored(field, &element);
    match value {
        // Options cross by name: the other tracker has ids of its own.
        Value::Set(_) => Value::Set(
            native_elements(map, native, value)
                .unwrap_or_default()
                .iter()
                .filter(|element| !is_ignored(field, element))
                .filter_map(as_text)
                .collect(),
        ),
        Value::Choices(choices) => Value::Choices(
            choices
                .iter()
                .filter(|choice| kept(Value::Choice((*choice).clone())))
                .cloned()
                .collect(),
        ),
        Value::Users(users) => Value::Users(
            users
                .iter()
                .filter(|user| kept(Value::User((*user).clone())))
                .cloned()
                .collect(),
        ),
        Value::User(user) if !kept(Value::User(user.clone())) => Value::Empty,
        other => other.clone(),
    }
}

fn read_row(
    map: Map<'_>,
    field: &FieldRules,
    table: &ValueTable,
    natives: &[FieldName],
    item: &Item,
) -> Read {
    let side = map.catalogue();
    for row in reading_order(table, map.side) {
        let entries = row.entries.get(map.side);
        if entries
            .iter()
            .any(|entry| holds_entry(item, natives, &entry.value, side))
        {
            return Read::Is(Value::Text(row.value.value.clone()));
        }
    }
    let values: Vec<&Value> = natives
        .iter()
        .filter_map(|id| item.fields.get(id))
        .collect();
    if values.iter().all(|value| value.is_empty()) {
        return Read::Is(Value::Empty);
    }
    let shown: Vec<String> = values
        .iter()
        .map(|value| format!("\"{}\"", shown(value)))
        .collect();
    let reason = format!(
        "{} has no row in {} on the {}",
        shown.join(", "),
        named(field),
        map.side
    );
    match field.unmapped {
        Unmapped::Hold => Read::Held(reason),
        Unmapped::Skip => Read::Waived(reason),
        Unmapped::Default => default_row(map, field, table, reason),
    }
}

/// The row that the side's default stands in.
fn default_row(map: Map<'_>, field: &FieldRules, table: &ValueTable, reason: String) -> Read {
    let Some(default) = field.default.get(map.side) else {
        return Read::Waived(format!("{reason}, and there is no default for this side"));
    };
    let row = reading_order(table, map.side).find(|row| {
        let mut entries = row.entries.get(map.side).iter();
        entries.any(|entry| same_entry(&entry.value, &default.value))
    });
    row.map_or(Read::Waived(reason), |row| {
        Read::Is(Value::Text(row.value.value.clone()))
    })
}

fn same_entry(left: &NativeValue, right: &NativeValue) -> bool {
    match (left, right) {
        (NativeValue::One(left), NativeValue::One(right)) => left.text() == right.text(),
        (NativeValue::Fields(left), NativeValue::Fields(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, literal)| {
                    right
                        .get(name)
                        .is_some_and(|other| other.value.text() == literal.value.text())
                })
        }
        _ => false,
    }
}

fn read_set(
    map: Map<'_>,
    field: &FieldRules,
    table: &ValueTable,
    native: &FieldName,
    elements: &[Value],
    notes: &mut Vec<String>,
) -> Read {
    let mut replica = BTreeSet::new();
    for element in elements
        .iter()
        .filter(|element| !is_ignored(field, element))
    {
        let row = element_row(map, table, native, element);
        match (row, field.unmapped) {
            (Some(value), _) => {
                replica.insert(value.to_owned());
            }
            (None, unmapped) => {
                let reason = format!(
                    "\"{}\" has no row in {} on the {}",
                    shown(element),
                    named(field),
                    map.side
                );
                if unmapped == Unmapped::Hold {
                    return Read::Held(reason);
                }
                notes.push(reason);
            }
        }
    }
    Read::Is(Value::Set(replica))
}

/// The replica value of one element of a set.
pub(super) fn element_row<'t>(
    map: Map<'_>,
    table: &'t ValueTable,
    native: &FieldName,
    element: &Value,
) -> Option<&'t str> {
    let row = reading_order(table, map.side).find(|row| {
        let mut entries = row.entries.get(map.side).iter();
        entries.any(|entry| match &entry.value {
            NativeValue::One(literal) => element_is(map, native, element, literal),
            NativeValue::Fields(_) => false,
        })
    });
    row.map(|row| row.value.value.as_str())
}

fn element_is(map: Map<'_>, native: &FieldName, element: &Value, literal: &Literal) -> bool {
    match element {
        Value::Choice(choice) => is_option(choice, &literal.text(), native, map.catalogue()),
        other => holds(other, literal, native, map.catalogue()),
    }
}

/// The field's table as the file names it.
pub(super) fn named(field: &FieldRules) -> String {
    field.values.as_ref().map_or_else(
        || "the map".to_owned(),
        |table| format!("[values.{}]", table.value),
    )
}
