//! `[values.NAME]` against the options of the fields that use it, and statuses against the workflow.

use super::Judge;
use super::fields::known;
use crate::catalogue::Catalogue;
use crate::describe::NativeKind;
use crate::finding::{Spot, suggest};
use crate::map::natives;
use crate::model::{FieldRules, Literal, NativeValue, Placed, Unmapped, ValueTable};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::field::STATUS;
use twinline_core::names::{FieldName, ReplicaField, Side};

/// More combinations of options than this are not counted out.
const COMBINATIONS_MAX: usize = 400;

pub(super) fn tables(judge: &mut Judge<'_>) {
    let rules = judge.rules;
    let mut used = BTreeSet::new();
    for (name, field) in &rules.fields {
        used.extend(field.values.as_ref().map(|table| table.value.as_str()));
        for side in Side::BOTH {
            let natives = natives(field, side, judge.catalogues.get(side));
            if natives.is_empty() {
                continue;
            }
            if let Some(default) = field.default.get(side) {
                entry_options(judge, side, &natives, default);
            }
            match judge.table(field, side) {
                Some(table) => table_options(judge, field, side, &natives, table),
                None => counterparts(judge, name, field, side),
            }
        }
    }
    for (name, table) in &rules.values {
        let by_script = Side::BOTH
            .into_iter()
            .any(|side| judge.script_mentions(side, name));
        if !used.contains(name.as_str()) && !by_script {
            let what = format!("nobody uses the table [values.{name}]");
            judge.warn(
                table.spot,
                what,
                "name it by values = \"…\" in a field, or remove it",
            );
        }
        for side in Side::BOTH {
            for (native, literal) in table.rows.iter().flat_map(|row| row.set.get(side)) {
                if known(judge, side, native, literal.spot) {
                    let id = judge.catalogues.get(side).resolve(native);
                    option(judge, side, &id, literal, literal.spot);
                }
            }
        }
    }
}

fn table_options(
    judge: &mut Judge<'_>,
    field: &FieldRules,
    side: Side,
    natives: &[FieldName],
    table: &ValueTable,
) {
    for entry in table.rows.iter().flat_map(|row| row.entries.get(side)) {
        entry_options(judge, side, natives, entry);
    }
    read_twice(judge, side, natives, table);
    unreached(judge, field, side, natives, table);
    if matches!(natives, [native] if native.as_str() == STATUS) {
        super::workflow::transitions(judge, side, table);
        super::screens::demanded(judge, side, table);
    }
}

/// Options that the side does not have.
fn entry_options(
    judge: &mut Judge<'_>,
    side: Side,
    natives: &[FieldName],
    entry: &Placed<NativeValue>,
) {
    match &entry.value {
        NativeValue::One(literal) => {
            let literal = Placed {
                value: literal.clone(),
                spot: entry.spot,
            };
            for native in natives {
                option(judge, side, native, &literal, entry.spot);
            }
        }
        NativeValue::Fields(fields) => {
            for (name, literal) in fields {
                let native = judge.catalogues.get(side).resolve(name);
                option(judge, side, &native, literal, literal.spot);
            }
        }
    }
}

fn option(
    judge: &mut Judge<'_>,
    side: Side,
    native: &FieldName,
    literal: &Placed<Literal>,
    spot: Spot,
) {
    let catalogue = judge.catalogues.get(side);
    let text = literal.value.text();
    if catalogue.options(native).is_empty() || catalogue.option(native, &text).is_some() {
        return;
    }
    let names = catalogue
        .options(native)
        .iter()
        .map(|option| option.name.as_str());
    let way_out = suggest(&text, names);
    let what = format!(
        "'{native}' of {} has no option \"{text}\"",
        judge.node(side)
    );
    judge.error(spot, what, way_out);
}

/// An entry in a form that two spellings of one option share.
fn canonical(
    catalogue: &Catalogue,
    natives: &[FieldName],
    entry: &NativeValue,
) -> BTreeMap<FieldName, String> {
    let id = |native: &FieldName, literal: &Literal| {
        let text = literal.text();
        catalogue
            .option(native, &text)
            .map_or(text, |option| option.id.clone())
    };
    match entry {
        NativeValue::One(literal) => natives
            .iter()
            .map(|native| (native.clone(), id(native, literal)))
            .collect(),
        NativeValue::Fields(fields) => fields
            .iter()
            .map(|(name, literal)| {
                let native = catalogue.resolve(name);
                let id = id(&native, &literal.value);
                (native, id)
            })
            .collect(),
    }
}

/// A native value that two rows read, in whatever spelling: only one of them can be meant. Entries of several fields
/// collide when one item can hold both.
fn read_twice(judge: &mut Judge<'_>, side: Side, natives: &[FieldName], table: &ValueTable) {
    let catalogue = judge.catalogues.get(side);
    let mut read: Vec<(BTreeMap<FieldName, String>, &str)> = Vec::new();
    let leaving = table.rows.iter().filter(|row| row.direction.leaves(side));
    for row in leaving {
        let replica = row.value.value.as_str();
        for entry in row.entries.get(side) {
            let values = canonical(catalogue, natives, &entry.value);
            let first = read.iter().find(|(others, first)| {
                *first != replica && !values.is_empty() && can_be_both(&values, others)
            });
            if let Some((_, first)) = first {
                let what = format!(
                    "{} on the {side} is read by the rows '{first}' and '{replica}'",
                    shown(&entry.value)
                );
                judge.error(
                    entry.spot,
                    what,
                    "keep it in one row, or give one of the rows a dir",
                );
            }
            read.push((values, replica));
        }
    }
}

fn can_be_both(one: &BTreeMap<FieldName, String>, other: &BTreeMap<FieldName, String>) -> bool {
    let mut shared = one.iter().filter(|(native, _)| other.contains_key(*native));
    shared.all(|(native, value)| other.get(native) == Some(value))
}

fn shown(entry: &NativeValue) -> String {
    match entry {
        NativeValue::One(literal) => format!("\"{}\"", literal.text()),
        NativeValue::Fields(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(name, literal)| format!("{name} = \"{}\"", literal.value.text()))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// Options that no row reads: an item that holds one is held, skipped or taken for the default.
fn unreached(
    judge: &mut Judge<'_>,
    field: &FieldRules,
    side: Side,
    natives: &[FieldName],
    table: &ValueTable,
) {
    if field.unmapped == Unmapped::Skip {
        return;
    }
    let catalogue = judge.catalogues.get(side);
    let mut combinations: Vec<BTreeMap<FieldName, (String, String)>> = vec![BTreeMap::new()];
    for native in natives {
        let options = catalogue.options(native);
        if options.is_empty() || combinations.len() * options.len() > COMBINATIONS_MAX {
            return;
        }
        combinations = combinations
            .iter()
            .flat_map(|partial| {
                options.iter().map(|option| {
                    let mut whole = partial.clone();
                    whole.insert(native.clone(), (option.id.clone(), option.name.clone()));
                    whole
                })
            })
            .collect();
    }
    let entries: Vec<_> = table
        .rows
        .iter()
        .flat_map(|row| row.entries.get(side))
        .map(|entry| canonical(catalogue, natives, &entry.value))
        .collect();
    let left_out = combinations.iter().filter(|combination| {
        !entries.iter().any(|entry| {
            entry.iter().all(|(native, id)| {
                combination
                    .get(native)
                    .is_some_and(|(option, _)| option == id)
            })
        })
    });
    let names: Vec<String> = left_out
        .map(|combination| {
            let names: Vec<&str> = combination
                .values()
                .map(|(_, name)| name.as_str())
                .collect();
            format!("\"{}\"", names.join("\" + \""))
        })
        .filter(|name| !field.ignore.contains(name.trim_matches('"')))
        .collect();
    if !names.is_empty() {
        let what = format!("no row reads {} of the {side}", names.join(", "));
        judge.warn(
            table.spot,
            what,
            "add it to a row, or mean it so by unmapped = \"skip\"",
        );
    }
}

/// Two lists of options without a table cross by name: report names that only one of them has.
fn counterparts(judge: &mut Judge<'_>, name: &ReplicaField, field: &FieldRules, side: Side) {
    let other = side.other();
    if !field.direction.leaves(side)
        || field.values.is_some()
        || Side::BOTH
            .into_iter()
            .any(|side| field.via.get(side).is_some())
    {
        return;
    }
    let list = |side: Side| {
        let catalogue = judge.catalogues.get(side);
        match natives(field, side, catalogue).as_slice() {
            [native]
                if matches!(
                    catalogue.kind(native),
                    Some(NativeKind::Choice | NativeKind::Choices)
                ) =>
            {
                Some((native.clone(), catalogue.options(native)))
            }
            _ => None,
        }
    };
    let (Some((_, mine)), Some((native, theirs))) = (list(side), list(other)) else {
        return;
    };
    if theirs.is_empty() {
        return;
    }
    let without: Vec<String> = mine
        .iter()
        .filter(|option| {
            judge
                .catalogues
                .get(other)
                .option(&native, &option.name)
                .is_none()
        })
        .map(|option| format!("\"{}\"", option.name))
        .collect();
    if !without.is_empty() {
        let what = format!(
            "[fields.{name}]: the {other} has no option of the name {}",
            without.join(", ")
        );
        judge.warn(field.spot, what, "add a value table");
    }
}
