//! `[fields.NAME]`, and what its keys refer to.

use super::DIRECTIONS;
use super::reader::{Reader, Table};
use super::sections::{CONFLICTS, FIRSTS, SIDES, UNMAPPED, key_of};
use super::values::native_value;
use crate::describe::NativeKind;
use crate::finding::suggest;
use crate::model::{FieldRules, NativeSource, NativeValue, Placed, Policy, ReferencePart, RuleSet};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;
use twinline_core::contract::{Direction, Drift};
use twinline_core::names::{Side, Sides};

pub(super) fn field(table: &Table<'_, '_>, policy: &Policy) -> Option<FieldRules> {
    let sources = Sides::from_fn(|side| {
        let (_, value) = table.get(key_of(side))?;
        source(table, key_of(side), value)
    });
    let via = Sides {
        left: table.string("left_via"),
        right: table.string("right_via"),
    };
    let mut max_chars = Sides::default();
    if let Some(sides) = table.table("max") {
        for side in Side::BOTH {
            let limit = sides.number(key_of(side), 1, 10_000_000);
            *max_chars.get_mut(side) = limit.and_then(|limit| usize::try_from(limit).ok());
        }
        sides.finish();
    }
    let mut default = Sides::default();
    if let Some(sides) = table.table("default") {
        for side in Side::BOTH {
            if let Some((_, value)) = sides.get(key_of(side)) {
                *default.get_mut(side) = native_value(&sides, key_of(side), value);
            }
        }
        sides.finish();
    }
    let values = table.string("values");
    let people = table.string("people");
    let direction = table.choice("dir", &DIRECTIONS);
    let conflict = table.choice("conflict", &CONFLICTS);
    let tie = table.choice("tie", &SIDES);
    let first = table.choice("first", &FIRSTS);
    let unmapped = table.choice("unmapped", &UNMAPPED);
    let drift = table.choice(
        "drift",
        &[("keep", Drift::Keep), ("restore", Drift::Restore)],
    );
    let ignore = table.strings("ignore").unwrap_or_default();
    let kind = table.choice("type", &NativeKind::NAMES);
    table.finish();
    let field = FieldRules {
        spot: table.spot,
        sources,
        via,
        max_chars,
        values,
        people,
        default,
        direction: direction.map_or(Direction::Both, |word| word.value),
        conflict: conflict.unwrap_or_else(|| policy.conflict.clone()),
        tie: tie.map_or(policy.tie, |word| word.value),
        first: first.map_or(policy.first, |word| word.value),
        unmapped: unmapped.map_or(policy.unmapped.value, |word| word.value),
        drift: drift.map_or(Drift::Keep, |word| word.value),
        ignore: ignore.into_iter().map(|text| text.value).collect(),
        kind: kind.map(|word| word.value),
    };
    consistent(table, &field);
    Some(field)
}

const PARTS: [(&str, ReferencePart); 3] = [
    ("key", ReferencePart::Key),
    ("url", ReferencePart::Url),
    ("id", ReferencePart::Id),
];

fn source(
    table: &Table<'_, '_>,
    key: &'static str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Placed<NativeSource>> {
    let spot = table.reader.spot(&value.span());
    if value.get_ref().is_table() {
        let from = table.table_of(&Placed { value: key, spot }, value)?;
        let part = from.choice("from", &PARTS);
        if part.is_none() && from.get("from").is_none() {
            from.missing("from", "write { from = \"key\" }");
        }
        from.finish();
        return Some(Placed {
            value: NativeSource::Reference(part?.value),
            spot,
        });
    }
    if !value.get_ref().is_str() && !value.get_ref().is_array() {
        table.wrong_type(
            key,
            value,
            "a native field's name, a list of names, or { from = \"key\" }",
        );
        return None;
    }
    let fields = table.strings_of(key, value);
    (!fields.is_empty()).then_some(Placed {
        value: NativeSource::Fields(fields),
        spot,
    })
}

/// What one section says must fit together.
fn consistent(table: &Table<'_, '_>, field: &FieldRules) {
    let reader = table.reader;
    let path = &table.path;
    if let (Some(_), Some(people)) = (&field.values, &field.people) {
        let what = format!("{path} has both 'values' and 'people'");
        reader.error(people.spot, what, "keep one of them");
    }
    for side in Side::BOTH {
        let key = key_of(side);
        let source = field.sources.get(side).as_ref();
        if let Some(via) = field.via.get(side)
            && source.is_none()
        {
            let what = format!("{path} has '{key}_via' but no '{key}'");
            reader.error(
                via.spot,
                what,
                format!("say which native field '{}' converts", via.value),
            );
        }
        let Some(source) = source else { continue };
        match &source.value {
            NativeSource::Reference(_) if !writes_away(field.direction, side) => {
                let arrow = if side == Side::Left { "->" } else { "<-" };
                let what =
                    format!("{path} would write '{key}', which is a part of the item's reference");
                reader.error(source.spot, what, format!("write dir = \"{arrow}\""));
            }
            NativeSource::Fields(names)
                if names.len() > 1 && field.values.is_none() && field.via.get(side).is_none() =>
            {
                let what =
                    format!("{path} reads several native fields on the {side} without a table");
                let way_out = format!(
                    "add values = \"…\" or {key}_via = \"…\", which make one value of them"
                );
                reader.error(source.spot, what, way_out);
            }
            _ => {}
        }
        if let (Some(default), NativeSource::Fields(names)) =
            (field.default.get(side), &source.value)
        {
            shape(reader, path, names, default);
        }
    }
}

const fn writes_away(direction: Direction, side: Side) -> bool {
    !direction.leaves(side.other())
}

/// A native value must name the source's fields when there are several, and only then.
fn shape(reader: &Reader<'_>, path: &str, names: &[Placed<String>], value: &Placed<NativeValue>) {
    match &value.value {
        NativeValue::One(literal) if names.len() > 1 => {
            let list: Vec<String> = names
                .iter()
                .map(|name| format!("{} = …", name.value))
                .collect();
            let what = format!(
                "{path} has the plain value \"{}\" for several native fields",
                literal.text()
            );
            reader.error(value.spot, what, format!("write {{ {} }}", list.join(", ")));
        }
        NativeValue::Fields(given) => {
            for (name, literal) in given {
                if !names.iter().any(|known| known.value == *name) {
                    let what = format!("{path} has a value for '{name}', which it does not map");
                    let known = names.iter().map(|name| name.value.as_str());
                    reader.error(literal.spot, what, suggest(name, known));
                }
            }
        }
        NativeValue::One(_) => {}
    }
}

/// Reports tables that are not there, and rows that do not fit the fields that use them.
pub(super) fn references(reader: &Reader<'_>, rules: &RuleSet) {
    for (name, field) in &rules.fields {
        let path = format!("[fields.{name}]");
        missing_table(
            reader,
            &path,
            "values",
            field.values.as_ref(),
            &rules.values,
        );
        missing_table(
            reader,
            &path,
            "people",
            field.people.as_ref(),
            &rules.people,
        );
        for side in Side::BOTH {
            if let Some(via) = field.via.get(side)
                && rules.sides.get(side).script.is_none()
            {
                let what = format!(
                    "{path} names the export '{}', but the {side} has no script",
                    via.value
                );
                reader.error(via.spot, what, format!("add script = \"…\" to [{side}]"));
            }
        }
        let Some(table) = field
            .values
            .as_ref()
            .and_then(|table| rules.values.get(&table.value))
        else {
            continue;
        };
        for side in Side::BOTH {
            let source = field.sources.get(side).as_ref().map(|source| &source.value);
            if let (Some(NativeSource::Fields(names)), None) = (source, field.via.get(side)) {
                for entry in table.rows.iter().flat_map(|row| row.entries.get(side)) {
                    shape(reader, &path, names, entry);
                }
            }
        }
    }
}

fn missing_table<T>(
    reader: &Reader<'_>,
    path: &str,
    key: &str,
    name: Option<&Placed<String>>,
    tables: &BTreeMap<String, T>,
) {
    if let Some(name) = name
        && !tables.contains_key(&name.value)
    {
        let what = format!(
            "{path} names the table [{key}.{}], which is not there",
            name.value
        );
        let way_out = suggest(&name.value, tables.keys().map(String::as_str));
        reader.error(name.spot, what, way_out);
    }
}
