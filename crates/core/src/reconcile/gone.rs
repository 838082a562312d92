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
    let standing = Standing::Ended {
        side: gone,
        evidence: evidence.to_owned(),
    };
    let mut plan = empty(facts, rules, standing);
    let other = gone.other();
    let Some(item) = facts.sides.get(other).seen.item() else {
        return plan;
    };
    let contract = rules.contract();
    match contract.deleted {
        Deleted::Unlink => {}
        Deleted::Close => {
            let status = contract.closed_status.get(other).as_ref();
            plan.effects
                .extend(status.and_then(|status| close(other, item, status)));
        }
        Deleted::Delete => {
            if facts.sides.get(other).capabilities.item_delete {
                plan.effects.push(Planned {
                    side: other,
                    effect: Effect::Delete {
                        item: item.reference.item.clone(),
                    },
                    fields: BTreeMap::new(),
                    sent: BTreeMap::new(),
                    comment: None,
                });
            }
        }
    }
    plan
}

fn close(side: Side, item: &Item, status: &str) -> Option<Planned> {
    let native = FieldName::from(field::STATUS);
    let before = item.fields.get(&native);
    let closed = match before {
        Some(Value::Choice(now)) => now.id == status || now.name == status,
        Some(Value::Text(now)) => now == status,
        _ => false,
    };
    if closed {
        return None;
    }
    let after = match before {
        Some(Value::Text(_)) => Value::text(status),
        _ => Value::Choice(Choice {
            id: status.to_owned(),
            name: status.to_owned(),
        }),
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
