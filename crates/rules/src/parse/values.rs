//! `[values.NAME]` and `[people.NAME]`.

use super::DIRECTIONS;
use super::reader::Table;
use super::sections::key_of;
use crate::model::{
    Fallback, Literal, NativeValue, PeopleMatch, PeopleTable, Placed, ValueRow, ValueTable,
};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;
use twinline_core::contract::Direction;
use twinline_core::names::{Side, Sides};

pub(super) fn value_table(table: &Table<'_, '_>) -> ValueTable {
    let rows = table.entries().into_iter().filter_map(|(name, value)| {
        let row = table.table_of(&name, value)?;
        Some(value_row(&name, &row))
    });
    ValueTable {
        spot: table.spot,
        rows: rows.collect(),
    }
}

fn value_row(name: &Placed<&str>, row: &Table<'_, '_>) -> ValueRow {
    let entries = Sides::from_fn(|side| {
        let key = key_of(side);
        let Some((_, value)) = row.get(key) else {
            return Vec::new();
        };
        match value.get_ref().as_array() {
            Some(list) => list
                .iter()
                .filter_map(|element| native_value(row, key, element))
                .collect(),
            None => native_value(row, key, value).into_iter().collect(),
        }
    });
    let set = Sides::from_fn(|side| {
        let table = match side {
            Side::Left => row.table("left_set"),
            Side::Right => row.table("right_set"),
        };
        table.map(|table| literals(&table)).unwrap_or_default()
    });
    let direction = row.choice("dir", &DIRECTIONS);
    row.finish();
    if entries.left.is_empty() && entries.right.is_empty() {
        row.missing("left", "say what each side reads, as in left = [\"High\"]");
    }
    ValueRow {
        value: Placed {
            value: name.value.to_owned(),
            spot: name.spot,
        },
        entries,
        set,
        direction: direction.map_or(Direction::Both, |word| word.value),
    }
}

fn literals(table: &Table<'_, '_>) -> BTreeMap<String, Placed<Literal>> {
    let read = table.entries().into_iter().filter_map(|(name, value)| {
        let literal = table.literal_of(name.value, value)?;
        Some((name.value.to_owned(), literal))
    });
    read.collect()
}

/// A plain value, or a table of native fields and their values.
pub(super) fn native_value(
    table: &Table<'_, '_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Placed<NativeValue>> {
    let spot = table.reader.spot(&value.span());
    let Some(fields) = value.get_ref().as_table() else {
        let literal = table.literal_of(key, value)?;
        return Some(Placed {
            value: NativeValue::One(literal.value),
            spot,
        });
    };
    let path = format!("{} {key}", table.path);
    let fields = Table::new(table.reader, path, spot, fields);
    Some(Placed {
        value: NativeValue::Fields(literals(&fields)),
        spot,
    })
}

const MATCHES: [(&str, PeopleMatch); 3] = [
    ("table", PeopleMatch::Table),
    ("email", PeopleMatch::Email),
    ("login", PeopleMatch::Login),
];

pub(super) fn people_table(table: &Table<'_, '_>) -> PeopleTable {
    let matching = match table.strings("match") {
        Some(words) => words
            .iter()
            .filter_map(|word| table.word("match", word, &MATCHES))
            .map(|word| word.value)
            .collect(),
        None => vec![PeopleMatch::Table, PeopleMatch::Email],
    };
    let mut pairs = Vec::new();
    if let Some((name, value)) = table.get("table") {
        match value.get_ref().as_array() {
            Some(list) => {
                for element in list {
                    let place = Placed {
                        value: "table",
                        spot: table.reader.spot(&element.span()),
                    };
                    pairs.extend(table.table_of(&place, element).and_then(|row| pair(&row)));
                }
            }
            None => table.wrong_type(name.value, value, "a list of { left = …, right = … }"),
        }
    }
    let mut fallback = Sides {
        left: Fallback::Keep,
        right: Fallback::Keep,
    };
    if let Some(sides) = table.table("fallback") {
        for side in Side::BOTH {
            if let Some(word) = sides.string(key_of(side)) {
                *fallback.get_mut(side) = match word.value.as_str() {
                    "none" => Fallback::Nobody,
                    "keep" => Fallback::Keep,
                    "create" => Fallback::Create,
                    person => Fallback::Person(person.to_owned()),
                };
            }
        }
        sides.finish();
    }
    table.finish();
    PeopleTable {
        spot: table.spot,
        matching,
        table: pairs,
        fallback,
    }
}

fn pair(row: &Table<'_, '_>) -> Option<Sides<String>> {
    let left = row.string("left");
    let right = row.string("right");
    for (key, value) in [("left", &left), ("right", &right)] {
        if value.is_none() && row.get(key).is_none() {
            row.missing(key, "name the person by e-mail address, login or id");
        }
    }
    row.finish();
    Some(Sides {
        left: left?.value,
        right: right?.value,
    })
}
