//! The contract that a rules file makes.

use crate::catalogue::Catalogue;
use crate::map::{Map, closed_status, natives};
use crate::model::{FieldRules, RuleSet};
use std::collections::BTreeSet;
use twinline_core::contract::{
    AttachmentContract, ChannelPair, CommentContract, Contract, FieldContract,
};
use twinline_core::item::field;
use twinline_core::names::{FieldName, Side, Sides};

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
            .map(|(name, rule)| (name.clone(), field_contract(rules, rule, catalogues)))
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
        attachments: rules.attachments.as_ref().map(|files| AttachmentContract {
            direction: files.direction,
            max_bytes: u64::from(files.max_mib) * 1024 * 1024,
            deny: files.deny.iter().map(|kind| kind.to_lowercase()).collect(),
            link_over: files.link_over,
            deletes: files.deletes,
        }),
        leave: rules.policy.leave,
        deleted: rules.policy.deleted.value,
        closed_status: Sides::from_fn(|side| {
            closed_status(Map {
                rules,
                catalogues,
                side,
            })
        }),
        max_writes_per_10min: rules.policy.max_writes_per_10min,
    }
}

fn field_contract(
    rules: &RuleSet,
    rule: &FieldRules,
    catalogues: &Sides<Catalogue>,
) -> FieldContract {
    let native: Sides<BTreeSet<FieldName>> = Sides::from_fn(|side| {
        let natives = natives(rule, side, catalogues.get(side));
        natives.into_iter().collect()
    });
    FieldContract {
        direction: rule.direction,
        conflict: rule.conflict.value,
        tie: rule.tie,
        first: rule.first,
        drift: rule.drift,
        max_chars: rule.max_chars.clone(),
        parent: is_parent(rules, rule, &native),
        native,
    }
}

/// Whether a field is the parent on both sides, as their trackers have it. Within one node its key names the same item on
/// both sides; a table or an export says itself what crosses.
fn is_parent(rules: &RuleSet, rule: &FieldRules, native: &Sides<BTreeSet<FieldName>>) -> bool {
    let parent = BTreeSet::from([field::PARENT.into()]);
    let as_it_is =
        rule.values.is_none() && Side::BOTH.iter().all(|side| rule.via.get(*side).is_none());
    let apart = rules.sides.left.node.value != rules.sides.right.node.value;
    as_it_is && apart && Side::BOTH.iter().all(|side| *native.get(*side) == parent)
}
