//! What follows from a deletion, of which there is positive evidence.

use super::facts::Facts;
use super::plan::{Plan, Planned, Standing, WriteNote};
use super::run::empty;
use super::views::blank;
use crate::contract::Deleted;
use crate::effect::{Effect, FieldWrite};
use crate::item::{Item, ItemRef, Value};
use crate::names::{FieldName, Side};
use crate::rules::{Assigner, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// The twin ends; the other item stays, is closed or is deleted, as the policy says.
pub(super) fn ended(facts: &Facts<'_>, rules: &dyn Rules, gone: Side, evidence: &str) -> Plan {
    let other = gone.other();
    let (effect, impossible) = facts
        .sides
        .get(other)
        .seen
        .item()
        .map_or_else(|| (None, None), |item| follow(facts, rules, other, item));
    // The twin ends all the same: what the policy wanted would be as impossible the next time.
    let evidence = match impossible {
        Some(reason) => format!("{evidence}; the item on the {other} stays as it is: {reason}"),
        None => evidence.to_owned(),
    };
    let standing = Standing::Ended {
        side: gone,
        evidence,
    };
    let mut plan = empty(facts, rules, standing);
    plan.effects.extend(effect);
    plan
}

/// What the policy does to the item that is left, or why it cannot.
fn follow(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    other: Side,
    item: &Item,
) -> (Option<Planned>, Option<&'static str>) {
    let contract = rules.contract();
    match contract.deleted {
        Deleted::Unlink => (None, None),
        Deleted::Close => match rules.closing(other, item, &deleted(facts, other.other())) {
            Some(fields) => (close(other, item, fields), None),
            None => (None, Some("no status is known there that counts as done")),
        },
        Deleted::Delete if facts.sides.get(other).capabilities.item_delete => {
            let deletion = Planned {
                side: other,
                effect: Effect::Delete {
                    item: item.reference.item.clone(),
                },
                fields: BTreeMap::new(),
                sent: BTreeMap::new(),
                comment: None,
                attachment: None,
            };
            (Some(deletion), None)
        }
        Deleted::Delete => (None, Some("its tracker cannot delete items")),
    }
}

/// What the deleted item was called when the twins were last in step.
fn deleted(facts: &Facts<'_>, side: Side) -> ItemRef {
    let gone = facts.sides.get(side);
    match &gone.base {
        Some(base) => base.observation.reference.clone(),
        None => blank(&gone.node, &BTreeMap::new()).reference,
    }
}

/// Writes what the item does not hold yet; `None`: it is closed.
fn close(side: Side, item: &Item, closing: BTreeMap<FieldName, Value>) -> Option<Planned> {
    let mut fields = BTreeMap::new();
    let mut notes = BTreeMap::new();
    for (native, after) in closing {
        let before = item.fields.get(&native);
        // A tracker that shows its status as a text takes the name.
        let after = match (before, after) {
            (Some(Value::Text(_)), Value::Choice(choice)) => Value::text(choice.name),
            (_, after) => after,
        };
        if before == Some(&after) {
            continue;
        }
        let note = WriteNote {
            by: Assigner::Policy,
            caused_by: BTreeSet::new(),
            before: before.cloned(),
            after: after.clone(),
            overwrites: false,
            hops: 0,
            lost: BTreeSet::new(),
            unshown: BTreeSet::new(),
        };
        notes.insert(native.clone(), note);
        fields.insert(native, FieldWrite::Replace(after));
    }
    (!fields.is_empty()).then(|| Planned {
        side,
        effect: Effect::Update {
            item: item.reference.item.clone(),
            fields,
            planned_from: item.version.clone(),
        },
        fields: notes,
        sent: BTreeMap::new(),
        comment: None,
        attachment: None,
    })
}
