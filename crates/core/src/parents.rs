//! Parents cross by their twins.
//!
//! An item knows its parent by the key that its own tracker gave it; on another node that key is some other item's or
//! nobody's. So what crosses is the left side's key of the parent's cluster, which both sides can tell: [`Translated`]
//! puts that between the trackers' keys and the rules. A parent whose cluster does not reach the other side yet is a
//! value of its own, *alone*. It is waived there, and as it is another value once the parent has its twin, it crosses then.
//!
//! Nothing else makes a change without one of the child: when the parent's twin ends, the child shows what it did before.

use crate::contract::Contract;
use crate::item::{Item, ItemRef, Value, field};
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::{Assigner, Draft, Incoming, Link, Outgoing, RuleError, Rules};
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
#[path = "parents_tests.rs"]
mod tests;

/// The parents that a plan may meet: what both sides call those whose clusters are on both, and what was shown before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents {
    /// The shared key by each side's own.
    shared: Sides<BTreeMap<String, String>>,
    /// Each side's own key by the shared one.
    own: Sides<BTreeMap<String, String>>,
    /// Each side's parent when it was last looked at, and what was shown of it then in each field.
    before: Sides<Option<Before>>,
    /// The sides whose item now has a parent that is alone.
    alone: BTreeSet<Side>,
    hidden: BTreeSet<Side>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Before {
    key: String,
    shown: BTreeMap<ReplicaField, Value>,
}

impl Parents {
    /// A side's parent, whose cluster has these items on the left and on the right: a cluster may have several items on a
    /// node, of which these are the ones that count.
    pub fn add(&mut self, side: Side, key: String, cluster: Sides<String>) {
        let shared = cluster.left.clone();
        self.shared.get_mut(side).insert(key, shared.clone());
        for side in Side::BOTH {
            // Known also where it has yet to be written: what is shown then is predicted.
            let own = cluster.get(side).clone();
            self.shared
                .get_mut(side)
                .insert(own.clone(), shared.clone());
            self.own.get_mut(side).insert(shared.clone(), own);
        }
    }

    /// What a side's parent was, and what its base has of it.
    pub fn remember(&mut self, side: Side, key: String, shown: BTreeMap<ReplicaField, Value>) {
        *self.before.get_mut(side) = Some(Before { key, shown });
    }

    /// A side's item has this parent now.
    pub fn now(&mut self, side: Side, key: &str) {
        if !self.shared.get(side).contains_key(key) {
            self.alone.insert(side);
        }
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

    /// A side's parent in the replica.
    fn show(&self, side: Side, key: &str, field: &ReplicaField) -> Value {
        let alone = Value::text(alone(side, key));
        let before = self.before.get(side).as_ref();
        let before = before.filter(|before| before.key == key);
        let before = before.and_then(|before| before.shown.get(field));
        match (self.shared.get(side).get(key), before) {
            // Both sides have a parent that the other could not be told. One of them is known now: that takes nothing from
            // the other, which may be the later one.
            (Some(_), Some(before)) if *before == alone && self.alone.contains(&side.other()) => {
                alone
            }
            (Some(shared), _) => Value::text(shared),
            (None, Some(before)) => before.clone(),
            (None, None) => alone,
        }
    }
}

/// A parent that one side alone has.
fn alone(side: Side, key: &str) -> String {
    format!("{key} ({side} only)")
}

/// What of a base must not be shown anew by other rules: that a parent was alone. Its twin may have come since, and then it
/// would seem to have been known before.
pub fn left_out(
    contract: &Contract,
    side: Side,
    observation: &Item,
    fields: &BTreeMap<ReplicaField, Value>,
) -> BTreeMap<ReplicaField, Value> {
    let Some(Value::Text(key)) = observation.get(field::PARENT) else {
        return BTreeMap::new();
    };
    let alone = Value::text(alone(side, key));
    let mut parents = shown(contract, fields);
    parents.retain(|_, value| *value == alone);
    parents
}

/// Of a view's fields those that are parents.
pub fn shown(
    contract: &Contract,
    fields: &BTreeMap<ReplicaField, Value>,
) -> BTreeMap<ReplicaField, Value> {
    let is_parent =
        |name: &ReplicaField| contract.fields.get(name).is_some_and(|field| field.parent);
    let parents = fields.iter().filter(|(name, _)| is_parent(name));
    parents
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
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

    fn shows(&self, side: Side, field: &ReplicaField) -> bool {
        self.rules.shows(side, field)
    }

    fn closing(
        &self,
        side: Side,
        item: &Item,
        remote: &ItemRef,
    ) -> Option<BTreeMap<FieldName, Value>> {
        self.rules.closing(side, item, remote)
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
                && let Value::Text(key) = &*value
            {
                *value = self.parents.show(side, key, name);
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
            if let Some(key) = self.parents.own.get(side).get(shared) {
                shared.clone_from(key);
            } else {
                let reason = format!("no twin of the parent yet: {shared}");
                draft.fields.remove(&native);
                draft.waived.insert(name.clone(), reason);
            }
        }
        Ok(draft)
    }
}
