//! What follows from a deletion, of which there is positive evidence.

use super::facts::Facts;
use super::plan::{Plan, Planned, Standing, WriteNote};
use super::run::empty;
use crate::contract::Deleted;
use crate::effect::{Effect, FieldWrite};
use crate::item::{Choice, Item, Value, field};
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
        Deleted::Close => match contract.closed_status.get(other) {
            Some(status) => (close(other, item, status), None),
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
            };
            (Some(deletion), None)
        }
        Deleted::Delete => (None, Some("its tracker cannot delete items")),
    }
}

fn close(side: Side, item: &Item, status: &Choice) -> Option<Planned> {
    let native = FieldName::from(field::STATUS);
    let before = item.fields.get(&native);
    let closed = match before {
        Some(Value::Choice(now)) => now == status,
        Some(Value::Text(now)) => *now == status.name,
        _ => false,
    };
    if closed {
        return None;
    }
    let after = match before {
        Some(Value::Text(_)) => Value::text(status.name.as_str()),
        _ => Value::Choice(status.clone()),
    };
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
    Some(Planned {
        side,
        effect: Effect::Update {
            item: item.reference.item.clone(),
            fields: BTreeMap::from([(native.clone(), FieldWrite::Replace(after))]),
            planned_from: item.version.clone(),
        },
        fields: BTreeMap::from([(native, note)]),
        sent: BTreeMap::new(),
        comment: None,
    })
}
