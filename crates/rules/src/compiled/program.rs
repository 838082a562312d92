//! What one side's script is made of.

use crate::catalogue::Catalogue;
use crate::model::{Literal, NativeValue, RuleSet};
use crate::script::{FieldSpec, Program, TableSpec};
use crate::source::RuleSources;
use serde_json::Value as Json;
use twinline_core::names::Side;

/// The side's program; `None` when it has neither a script nor a `when`, and so never needs a worker.
pub(crate) fn program(
    rules: &RuleSet,
    sources: &RuleSources,
    catalogue: &Catalogue,
    side: Side,
) -> Option<Program> {
    let own = rules.sides.get(side);
    let script = sources.scripts.get(side).as_ref();
    let script = script.filter(|_| own.script.is_some());
    if script.is_none() && own.when.is_none() {
        return None;
    }
    let fields = rules.fields.iter().map(|(name, field)| {
        let kind = field.kind.map(|kind| kind.name().to_owned());
        (name.as_str().to_owned(), FieldSpec { kind })
    });
    let described = &catalogue.description().fields;
    let tables = rules.values.iter().map(|(name, table)| {
        let rows = table.rows.iter().map(|row| {
            let entries = row.entries.get(side).iter();
            let entries = entries.map(|entry| entry_json(&entry.value)).collect();
            (row.value.value.clone(), entries)
        });
        (
            name.clone(),
            TableSpec {
                rows: rows.collect(),
            },
        )
    });
    let program = Program {
        digest: None,
        side,
        script: script.map(|file| (file.name.clone(), file.text.clone())),
        when: own
            .when
            .as_ref()
            .map(|when| (when.value.clone(), rules.file.clone(), when.spot)),
        fields: fields.collect(),
        names: described
            .iter()
            .map(|(id, info)| (info.name.clone(), id.as_str().to_owned()))
            .collect(),
        known: described.keys().map(|id| id.as_str().to_owned()).collect(),
        tables: tables.collect(),
    };
    Some(program.sealed())
}

fn entry_json(entry: &NativeValue) -> Json {
    let plain = |literal: &Literal| match literal {
        Literal::Text(text) => Json::from(text.as_str()),
        Literal::Integer(number) => Json::from(*number),
        Literal::Bool(yes) => Json::from(*yes),
    };
    match entry {
        NativeValue::One(literal) => plain(literal),
        NativeValue::Fields(fields) => fields
            .iter()
            .map(|(name, literal)| (name.clone(), plain(&literal.value)))
            .collect(),
    }
}
