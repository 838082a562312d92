//! Replica ⇒ what to assign on the target.

use super::along::along;
use super::native::{as_text, holds_entry, shown, written};
use super::outgoing::{element_row, elements, is_ignored, named, native_elements};
use super::people::{Person, bring, people_of};
use super::{Map, kind_of, natives};
use crate::describe::NativeKind;
use crate::model::{FieldRules, NativeValue, Placed, Unmapped, ValueRow, ValueTable};
use crate::rich;
use crate::script::ViaCall;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, Item, Number, Value};
use twinline_core::names::{FieldName, ReplicaField};
use twinline_core::richtext::Document;
use twinline_core::rules::{Incoming, Link};
use twinline_core::time::Timestamp;

/// What the map assigns.
#[derive(Debug, Default)]
pub(crate) struct MapDraft {
    /// The native value, and the replica field that it comes from.
    pub(crate) fields: BTreeMap<FieldName, (Value, ReplicaField)>,
    pub(crate) held: BTreeMap<ReplicaField, String>,
    pub(crate) waived: BTreeMap<ReplicaField, String>,
    pub(crate) cut: BTreeMap<ReplicaField, usize>,
    pub(crate) trace: Vec<String>,
    /// The fields that a script's export writes.
    pub(crate) vias: Vec<ViaCall>,
}

/// One replica field on its way in.
struct Crossing<'a> {
    map: Map<'a>,
    name: &'a ReplicaField,
    field: &'a FieldRules,
    natives: Vec<FieldName>,
    target: &'a Item,
    link: &'a Link,
}

/// Evaluates the incoming half of the map.
pub(crate) fn incoming(map: Map<'_>, input: &Incoming<'_>) -> MapDraft {
    let mut draft = MapDraft::default();
    for (name, field) in &map.rules.fields {
        if !field.direction.leaves(map.side.other()) {
            continue;
        }
        let crossing = Crossing {
            map,
            name,
            field,
            natives: natives(field, map.side, map.catalogue()),
            target: input.target,
            link: input.link,
        };
        if crossing.natives.is_empty() {
            continue;
        }
        if let Some(value) = input.replica.fields.get(name) {
            match map.via(name, field) {
                Some(via) => draft.vias.push(via),
                None => crossing.bring_in(value, &mut draft),
            }
        }
        if input.link.local.is_none() {
            crossing.fill_default(&mut draft);
        }
    }
    draft
}

impl Crossing<'_> {
    fn bring_in(&self, value: &Value, draft: &mut MapDraft) {
        match (self.map.table(self.field), self.natives.as_slice()) {
            (Some(table), [native]) if elements(value).is_some() => {
                self.bring_set_by_table(table, native, value, draft);
            }
            (Some(table), _) => self.bring_row(table, value, draft),
            (None, [native]) => self.bring_plain(native, value, draft),
            // Several natives need a table or an export: the parser refuses anything else.
            (None, _) => {}
        }
    }

    fn assign(&self, native: &FieldName, value: Value, draft: &mut MapDraft) {
        draft
            .fields
            .insert(native.clone(), (value, self.name.clone()));
    }

    fn current(&self, native: &FieldName) -> Option<&Value> {
        self.target.fields.get(native)
    }

    fn bring_row(&self, table: &ValueTable, value: &Value, draft: &mut MapDraft) {
        if value.is_empty() {
            for native in &self.natives {
                self.assign(native, Value::Empty, draft);
            }
            return;
        }
        let text = as_text(value);
        let row = text
            .as_ref()
            .and_then(|text| table.rows.iter().find(|row| row.value.value == *text));
        let side = self.map.side;
        let Some(row) = row else {
            let reason = format!("\"{}\" has no row in {}", shown(value), named(self.field));
            self.unmapped(reason, draft);
            return;
        };
        let entries = row.entries.get(side);
        if !row.direction.leaves(side.other()) {
            let reason = format!(
                "the row '{}' of {} does not cross to the {side}",
                row.value.value,
                named(self.field)
            );
            draft.waived.insert(self.name.clone(), reason);
            return;
        }
        let Some(first) = entries.first() else {
            let reason = format!(
                "the row '{}' of {} has nothing on the {side}",
                row.value.value,
                named(self.field)
            );
            self.unmapped(reason, draft);
            return;
        };
        let catalogue = self.map.catalogue();
        let holding = entries
            .iter()
            .find(|entry| holds_entry(self.target, &self.natives, &entry.value, catalogue));
        if let Some(entry) = holding {
            self.leave_alone(&entry.value, draft);
            return;
        }
        for (native, value) in written(&self.natives, &first.value, self.target, catalogue) {
            self.assign(&native, value, draft);
        }
        self.write_along(row, draft);
    }

    /// Assigns what is there, so that the field counts as assigned and in step.
    fn leave_alone(&self, entry: &NativeValue, draft: &mut MapDraft) {
        let held: Vec<FieldName> = match entry {
            NativeValue::One(_) => self.natives.clone(),
            NativeValue::Fields(fields) => fields
                .keys()
                .map(|name| self.map.catalogue().resolve(name))
                .collect(),
        };
        for native in held {
            if let Some(value) = self.current(&native) {
                self.assign(&native, value.clone(), draft);
            }
        }
    }

    fn write_along(&self, row: &ValueRow, draft: &mut MapDraft) {
        for (native, value) in along(self.map, row, self.target, &self.link.remote) {
            self.assign(&native, value, draft);
        }
    }

    fn unmapped(&self, reason: String, draft: &mut MapDraft) {
        let default = self.field.default.get(self.map.side).as_ref();
        match (self.field.unmapped, default) {
            (Unmapped::Hold, _) => {
                draft.held.insert(self.name.clone(), reason);
            }
            (Unmapped::Default, Some(default)) => self.write_default(default, draft),
            (Unmapped::Skip | Unmapped::Default, _) => {
                draft.waived.insert(self.name.clone(), reason);
            }
        }
    }

    fn write_default(&self, default: &Placed<NativeValue>, draft: &mut MapDraft) {
        let catalogue = self.map.catalogue();
        for (native, value) in written(&self.natives, &default.value, self.target, catalogue) {
            self.assign(&native, value, draft);
        }
    }

    /// `default` on create, when nothing or an empty value was assigned.
    fn fill_default(&self, draft: &mut MapDraft) {
        let Some(default) = self.field.default.get(self.map.side) else {
            return;
        };
        let empty = self.natives.iter().all(|native| {
            let assigned = draft.fields.get(native);
            assigned.is_none_or(|(value, _)| value.is_empty())
        });
        if empty && !draft.held.contains_key(self.name) {
            self.write_default(default, draft);
        }
    }

    fn bring_set_by_table(
        &self,
        table: &ValueTable,
        native: &FieldName,
        value: &Value,
        draft: &mut MapDraft,
    ) {
        let side = self.map.side;
        let wanted: BTreeSet<String> = elements(value)
            .unwrap_or_default()
            .iter()
            .filter_map(as_text)
            .collect();
        let present = self.present(native);
        let mut kept = Vec::new();
        let mut there = BTreeSet::new();
        for element in present {
            match element_row(self.map, table, native, &element) {
                _ if is_ignored(self.field, &element) => kept.push(element),
                // An element that the table cannot show is not the source's to remove.
                None => kept.push(element),
                Some(row) if wanted.contains(row) => {
                    there.insert(row.to_owned());
                    kept.push(element);
                }
                Some(_) => {}
            }
        }
        for text in wanted.difference(&there) {
            let row = table.rows.iter().find(|row| row.value.value == *text);
            let row = row.filter(|row| row.direction.leaves(side.other()));
            match row.and_then(|row| row.entries.get(side).first()) {
                Some(entry) => kept.extend(
                    written(
                        std::slice::from_ref(native),
                        &entry.value,
                        self.target,
                        self.map.catalogue(),
                    )
                    .into_iter()
                    .flat_map(|(_, value)| elements(&value).unwrap_or_else(|| vec![value])),
                ),
                None => {
                    let reason = format!(
                        "\"{text}\" has no row in {} to the {side}",
                        named(self.field)
                    );
                    if self.field.unmapped == Unmapped::Hold {
                        draft.held.insert(self.name.clone(), reason);
                        return;
                    }
                    draft.trace.push(reason);
                }
            }
        }
        let set = self.set_value(native, value, kept);
        self.assign(native, set, draft);
    }

    /// Elements as the native field holds them: options where it is a list of options, else texts.
    fn set_value(&self, native: &FieldName, replica: &Value, elements: Vec<Value>) -> Value {
        let kind = self
            .map
            .catalogue()
            .kind(native)
            .or_else(|| self.current(native).and_then(kind_of))
            .or_else(|| kind_of(replica));
        if kind == Some(NativeKind::Choices) {
            let choices = elements.into_iter().map(|element| match element {
                Value::Choice(choice) => choice,
                other => {
                    let text = as_text(&other).unwrap_or_default();
                    self.option(native, &text).unwrap_or(Choice {
                        id: text.clone(),
                        name: text,
                    })
                }
            });
            return Value::Choices(choices.collect());
        }
        // As the tracker keeps it where it has a list of options: Redmine keeps the ids of key/value lists, and GitHub takes
        // "Bug" for its "bug", and what it then shows would cross back as a change.
        let kept = |element: Value| match element {
            Value::Choice(choice) => Some(choice.id),
            other => as_text(&other).map(|text| match self.option(native, &text) {
                Some(option) => option.id,
                None => text,
            }),
        };
        Value::Set(elements.into_iter().filter_map(kept).collect())
    }

    /// The elements that the target holds.
    fn present(&self, native: &FieldName) -> Vec<Value> {
        let current = self.current(native);
        let elements = current.and_then(|value| native_elements(self.map, native, value));
        elements.unwrap_or_default()
    }

    fn option(&self, native: &FieldName, text: &str) -> Option<Choice> {
        self.map.catalogue().option(native, text).cloned()
    }

    fn bring_plain(&self, native: &FieldName, value: &Value, draft: &mut MapDraft) {
        let current = self.current(native);
        let kind = self
            .map
            .catalogue()
            .kind(native)
            .or_else(|| current.and_then(kind_of))
            .or_else(|| kind_of(value));
        let value = match kind {
            Some(NativeKind::User | NativeKind::Users) => {
                let Some(people) = people_of(value) else {
                    self.unmapped(format!("\"{}\" is not a person", shown(value)), draft);
                    return;
                };
                let several = kind == Some(NativeKind::Users);
                match bring(self.map, self.field, native, &people, current, several) {
                    Person::Is(value, unknown) => {
                        if !unknown.is_empty() {
                            draft.trace.push(format!(
                                "[fields.{}]: the {} does not know {}",
                                self.name,
                                self.map.side,
                                unknown.join(", ")
                            ));
                        }
                        value
                    }
                    Person::Waived(reason) => {
                        draft.waived.insert(self.name.clone(), reason);
                        return;
                    }
                }
            }
            Some(NativeKind::Set | NativeKind::Choices) => self.plain_set(native, value),
            _ if value.is_empty() => Value::Empty,
            Some(kind) => match self.plain_value(native, kind, value) {
                Ok(value) => value,
                Err(reason) => {
                    self.unmapped(reason, draft);
                    return;
                }
            },
            None => value.clone(),
        };
        let value = self.cut(value, draft);
        self.assign(native, value, draft);
    }

    /// A set without a table: the target's ignored elements stay, and the source's ignored ones do not come.
    fn plain_set(&self, native: &FieldName, value: &Value) -> Value {
        let wanted = elements(value).unwrap_or_else(|| {
            let single = (!value.is_empty()).then(|| value.clone());
            single.into_iter().collect()
        });
        let wanted = wanted
            .into_iter()
            .filter(|element| !is_ignored(self.field, element));
        let present = self.present(native);
        let ignored = present
            .into_iter()
            .filter(|element| is_ignored(self.field, element));
        // Choices of the other tracker have its ids: they cross by name.
        let texts = wanted
            .filter_map(|element| as_text(&element))
            .map(Value::Text);
        self.set_value(native, value, texts.chain(ignored).collect())
    }

    fn plain_value(
        &self,
        native: &FieldName,
        kind: NativeKind,
        value: &Value,
    ) -> Result<Value, String> {
        let current = self.current(native);
        if kind == NativeKind::Rich {
            if let Value::Rich(_) = value {
                return Ok(value.clone());
            }
            let text = as_text(value).ok_or_else(|| format!("\"{}\" is no text", shown(value)))?;
            return Ok(match current {
                Some(Value::Rich(document)) if document.plain() == text => {
                    Value::Rich(document.clone())
                }
                _ => Value::Rich(Document::from_plain(&text)),
            });
        }
        if kind == NativeKind::Json {
            return Ok(match value {
                Value::Json(_) => value.clone(),
                other => {
                    as_text(other).map_or_else(|| other.clone(), |text| Value::Json(text.into()))
                }
            });
        }
        let text =
            as_text(value).ok_or_else(|| format!("\"{}\" is no single value", shown(value)))?;
        let fault = |wanted: &str| Err(format!("\"{}\" is no {wanted}", shown(value)));
        match kind {
            NativeKind::Choice => {
                if let Some(Value::Choice(choice)) = current
                    && choice.name == text
                {
                    return Ok(Value::Choice(choice.clone()));
                }
                match self.option(native, &text) {
                    Some(option) => Ok(Value::Choice(option)),
                    None if self.map.catalogue().options(native).is_empty() => {
                        Ok(Value::Choice(Choice {
                            id: text.clone(),
                            name: text,
                        }))
                    }
                    None => Err(format!(
                        "'{native}' on the {} has no option \"{text}\"",
                        self.map.side
                    )),
                }
            }
            NativeKind::Number => match text.parse::<Number>() {
                Ok(number) => Ok(Value::number(number)),
                Err(_) => fault("number"),
            },
            NativeKind::Bool => match text.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => fault("boolean"),
            },
            NativeKind::Date => match text.get(..10).filter(|day| is_day(day)) {
                Some(day) => Ok(Value::Date(day.to_owned())),
                None => fault("date such as 2026-01-31"),
            },
            NativeKind::Time => match Timestamp::parse(&text) {
                Ok(instant) => Ok(Value::Time(instant)),
                Err(error) => Err(error.to_string()),
            },
            NativeKind::Cascade => match value {
                Value::Cascade(_) => Ok(value.clone()),
                _ => fault("cascade"),
            },
            _ => Ok(Value::Text(text)),
        }
    }

    /// The counted cut (`max`).
    fn cut(&self, value: Value, draft: &mut MapDraft) -> Value {
        let Some(max) = *self.field.max_chars.get(self.map.side) else {
            return value;
        };
        let text = match &value {
            Value::Text(text) => text.clone(),
            Value::Rich(document) => rich::to_markdown(document),
            _ => return value,
        };
        let length = text.chars().count();
        if length <= max {
            return value;
        }
        draft.cut.insert(self.name.clone(), length - max);
        let kept: String = text.chars().take(max).collect();
        match value {
            Value::Rich(_) => Value::Rich(rich::from_markdown(&kept)),
            _ => Value::Text(kept),
        }
    }
}

/// Whether a text has the form of a calendar day.
pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
