//! The contract that a rules file makes.

use crate::catalogue::Catalogue;
use crate::map::natives;
use crate::model::{FieldRules, NativeValue, RuleSet};
use twinline_core::contract::{ChannelPair, CommentContract, Contract, FieldContract};
use twinline_core::item::field;
use twinline_core::names::{Side, Sides};

pub(super) fn contract(rules: &RuleSet, catalogues: &Sides<Catalogue>, version: u32) -> Contract {
    Contract {
        connection: rules.name.value.clone(),
        version,
        nodes: Sides::from_fn(|side| rules.sides.get(side).node.value.clone()),
        scopes: Sides::from_fn(|side| {
            let scope = rules.sides.get(side).scope.iter();
            scope
                .map(|(key, text)| (key.clone(), text.value.clone()))
                .collect()
        }),
        triggers: Sides::from_fn(|side| {
            let trigger = rules.sides.get(side).trigger.as_ref();
            trigger.map(|text| text.value.clone())
        }),
        fields: rules
            .fields
            .iter()
            .map(|(name, rule)| (name.clone(), field_contract(rule, catalogues)))
            .collect(),
        comments: rules.comments.as_ref().map(|comments| CommentContract {
            channels: comments
                .channels
                .iter()
                .map(|pair| ChannelPair {
                    names: pair.value.names.clone(),
                    direction: pair.value.direction,
                })
                .collect(),
            header: comments.header.clone(),
            edits: comments.edits,
            deletes: comments.deletes,
            append_corrections: comments.append_corrections,
        }),
        leave: rules.policy.leave,
        deleted: rules.policy.deleted.value,
        closed_status: Sides::from_fn(|side| closed_status(rules, catalogues.get(side), side)),
        max_writes_per_10min: rules.policy.max_writes_per_10min,
    }
}

fn field_contract(rule: &FieldRules, catalogues: &Sides<Catalogue>) -> FieldContract {
    FieldContract {
        direction: rule.direction,
        conflict: rule.conflict.value,
        tie: rule.tie,
        first: rule.first,
        drift: rule.drift,
        native: Sides::from_fn(|side| {
            natives(rule, side, catalogues.get(side))
                .into_iter()
                .collect()
        }),
        max_chars: rule.max_chars.clone(),
    }
}

/// The status that closes an item: the first that the connection's own table writes and that counts as done, else the
/// first of the side that does.
pub(crate) fn closed_status(rules: &RuleSet, catalogue: &Catalogue, side: Side) -> Option<String> {
    let status = field::STATUS.into();
    let uses_status = |rule: &&FieldRules| natives(rule, side, catalogue).contains(&status);
    let rule = rules.fields.values().find(uses_status);
    let table = rule
        .and_then(|rule| rule.values.as_ref())
        .and_then(|name| rules.values.get(&name.value));
    let written = table
        .into_iter()
        .flat_map(|table| &table.rows)
        .filter_map(|row| row.entries.get(side).first())
        .filter_map(|entry| match &entry.value {
            NativeValue::One(literal) => catalogue.option(&status, &literal.text()),
            NativeValue::Fields(_) => None,
        });
    let closed = written
        .into_iter()
        .find(|choice| catalogue.is_closed(choice))
        .or_else(|| catalogue.closed_status());
    closed.map(|choice| choice.name.clone())
}
