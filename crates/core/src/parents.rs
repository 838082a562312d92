//! Parents cross by their twins.
//!
//! An item knows its parent by the key that its own tracker gave it; on another node that key is some other item's or
//! nobody's. So what crosses is the left side's key of the parent's cluster, which both sides can tell: [`Translated`]
//! puts that between the trackers' keys and the rules. A parent whose cluster does not reach the other side yet is a
//! value of its own. It is waived there, and as it is another value once the parent has its twin, it crosses then.

use crate::contract::Contract;
use crate::item::{Item, Value, field};
use crate::names::{FieldName, ReplicaField, Side};
use crate::rules::{Assigner, Draft, Incoming, Link, Outgoing, RuleError, Rules};
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
#[path = "parents_tests.rs"]
mod tests;

/// The parents that a plan may meet and whose clusters are on both sides: what they are called there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents {
    to_right: BTreeMap<String, String>,
    to_left: BTreeMap<String, String>,
    hidden: BTreeSet<Side>,
}

impl Parents {
    /// One cluster's keys on the left and on the right.
    pub fn add(&mut self, left: String, right: String) {
        self.to_left.insert(right.clone(), left.clone());
        self.to_right.insert(left, right);
    }

    /// A side shows no parent, and that may be for want of permission: it is absent, not removed.
    pub fn hide(&mut self, side: Side) {
        self.hidden.insert(side);
    }

    /// Rules whose parents cross by their twins.
    pub fn translate<'a>(&'a self, rules: &'a dyn Rules) -> Translated<'a> {
        Translated {
            rules,
            parents: self,
        }
    }

    /// A parent as both sides know it; one that is not on both, as only this side does.
    fn shared(&self, side: Side, key: &str) -> String {
        let shared = match side {
            Side::Left => self.to_right.contains_key(key).then_some(key),
            Side::Right => self.to_left.get(key).map(String::as_str),
        };
        shared.map_or_else(|| alone(side, key), str::to_owned)
    }

    /// What a side calls a parent that both know.
    fn native(&self, side: Side, shared: &str) -> Option<String> {
        let right = self.to_right.get(shared)?;
        Some(match side {
            Side::Left => shared.to_owned(),
            Side::Right => right.clone(),
        })
    }
}

/// A parent that one side alone has.
fn alone(side: Side, key: &str) -> String {
    format!("{key} ({side} only)")
}

/// The parents in a view's fields, by the left side's keys where both sides know them.
pub fn keys_of(contract: &Contract, fields: &BTreeMap<ReplicaField, Value>) -> Vec<String> {
    let parents = contract.fields.iter().filter(|(_, field)| field.parent);
    let values = parents.filter_map(|(name, _)| fields.get(name));
    let keys = values.filter_map(|value| match value {
        Value::Text(key) => Some(key.clone()),
        _ => None,
    });
    keys.collect()
}

/// Rules whose parents cross by their twins.
#[derive(Clone, Copy)]
pub struct Translated<'a> {
    rules: &'a dyn Rules,
    parents: &'a Parents,
}

impl Translated<'_> {
    fn fields(&self) -> impl Iterator<Item = &ReplicaField> {
        let fields = self.rules.contract().fields.iter();
        fields
            .filter(|(_, field)| field.parent)
            .map(|(name, _)| name)
    }
}

impl Rules for Translated<'_> {
    fn contract(&self) -> &Contract {
        self.rules.contract()
    }

    fn admits(&self, side: Side, item: &Item) -> Result<bool, RuleError> {
        self.rules.admits(side, item)
    }

    fn outgoing(
        &self,
        side: Side,
        item: &Item,
        link: Option<&Link>,
    ) -> Result<Outgoing, RuleError> {
        let mut outgoing = self.rules.outgoing(side, item, link)?;
        for name in self.fields() {
            // A script may show another value than the item's own parent: that one is its own business.
            let own = item.get(field::PARENT);
            if own == Some(&Value::Empty) && self.parents.hidden.contains(&side) {
                outgoing.view.fields.remove(name);
            } else if let Some(value) = outgoing.view.fields.get_mut(name)
                && own == Some(&*value)
                && let Value::Text(key) = value
            {
                *key = self.parents.shared(side, key);
            }
        }
        Ok(outgoing)
    }

    fn incoming(&self, side: Side, input: &Incoming<'_>) -> Result<Draft, RuleError> {
        let mut draft = self.rules.incoming(side, input)?;
        let native = FieldName::from(field::PARENT);
        for name in self.fields() {
            let by_map = Assigner::Map(name.clone());
            let Some(assigned) = draft
                .fields
                .get_mut(&native)
                .filter(|assigned| assigned.by == by_map)
            else {
                continue;
            };
            let Value::Text(shared) = &mut assigned.value else {
                continue;
            };
            if let Some(key) = self.parents.native(side, shared) {
                *shared = key;
            } else {
                let reason = format!("no twin of the parent yet: {shared}");
                draft.fields.remove(&native);
                draft.waived.insert(name.clone(), reason);
            }
        }
        Ok(draft)
    }
}
