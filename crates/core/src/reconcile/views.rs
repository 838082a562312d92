//! From facts to views and bases: what each side shows now, and what it showed when the twins were last in step.

use super::facts::{Base, Facts, SideFacts};
use super::own::{OwnWrites, follow_sent, is_newborn, with_own_writes};
use super::texts::far_beyond_limit;
use super::values::{answers, same};
use super::vocabulary::base;
use crate::comments::script_origin;
use crate::contract::{Contract, FieldContract};
use crate::digest::Digest;
use crate::item::{Item, ItemId, ItemRef, Value, Version, field};
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::{Link, Outgoing, RuleError, Rules, ScriptComment};
use std::collections::BTreeMap;

/// Both items of a twin in the contract's vocabulary: what every later stage reads.
pub(super) struct Scene<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) rules: &'a dyn Rules,
    pub(super) contract: &'a Contract,
    pub(super) links: Sides<Link>,
    pub(super) items: Sides<Item>,
    pub(super) shown: Sides<Outgoing>,
    pub(super) bases: Sides<Option<Base>>,
}

/// How one side's view of a field stands to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not in the view: never a change (R8).
    Absent,
    /// In the view, and never in step.
    Unset,
    /// As in the base.
    Same,
    /// Other than in the base.
    Changed,
}

impl<'a> Scene<'a> {
    /// Runs both outgoing rules and brings both bases into this rule version (R2).
    pub(super) fn set(
        facts: &'a Facts<'a>,
        rules: &'a dyn Rules,
        items: Sides<Item>,
    ) -> Result<Self, RuleError> {
        let contract = rules.contract();
        let links = Sides::from_fn(|side| link(facts, contract, &items, side));
        let mut shown = Sides::<Outgoing>::default();
        let mut bases = Sides::<Option<Base>>::default();
        for side in Side::BOTH {
            *shown.get_mut(side) = show(facts, rules, links.get(side), items.get(side))?;
            *bases.get_mut(side) = base(facts, rules, links.get(side), items.get(side))?;
        }
        let before = bases.clone();
        let mut arrived = Sides::<BTreeMap<ReplicaField, Value>>::default();
        for side in Side::BOTH {
            if let Some(base) = bases.get_mut(side) {
                for (field, reason) in left_out(shown.get(side)) {
                    base.note_skip(field, reason);
                }
            }
            let own = OwnWrites {
                rules,
                link: links.get(side),
                shown: shown.get(side),
                item: items.get(side),
            };
            if is_newborn(facts, &items, &bases, side) {
                let source = items.get(side.other());
                let asked = super::create::asked(facts, rules, side.other(), source)?;
                let source_view = &shown.get(side.other()).view;
                bases = own.born(facts.sides.get(side), source, source_view, asked)?;
                break;
            }
            let theirs = before.get(side.other()).as_ref();
            *arrived.get_mut(side) =
                own.account(facts.sides.get(side), bases.get_mut(side).as_mut(), theirs)?;
        }
        // Only when both sides are accounted for: what a side had sent is no part of its base observation yet, by which its
        // own writes are found.
        for side in Side::BOTH {
            if let Some(base) = bases.get_mut(side) {
                let mut sent = std::mem::take(arrived.get_mut(side.other()));
                if let Some(before) = before.get(side) {
                    with_own_writes(&mut sent, before, base);
                }
                follow_sent(base, contract, side, sent, shown.get(side), items.get(side));
            }
        }
        Ok(Self {
            facts,
            rules,
            contract,
            links,
            items,
            shown,
            bases,
        })
    }

    pub(super) fn view(&self, side: Side, field: &ReplicaField) -> Option<&Value> {
        self.shown.get(side).view.fields.get(field)
    }

    pub(super) fn base(&self, side: Side, field: &ReplicaField) -> Option<&Value> {
        self.bases.get(side).as_ref()?.fields.get(field)
    }

    pub(super) fn side(&self, side: Side) -> &SideFacts<'a> {
        self.facts.sides.get(side)
    }

    pub(super) fn mark(&self, side: Side, field: &ReplicaField) -> Mark {
        match (self.view(side, field), self.base(side, field)) {
            (None, _) => Mark::Absent,
            (Some(_), None) => Mark::Unset,
            (Some(view), Some(base)) if same(view, base) => Mark::Same,
            (Some(_), Some(_)) => Mark::Changed,
        }
    }

    /// Whether a native field is another than in the base observation.
    pub(super) fn is_other_than_base(&self, side: Side, native: &FieldName) -> bool {
        let base = self.bases.get(side).as_ref();
        let then = base.and_then(|base| base.observation.fields.get(native));
        let now = self.items.get(side).fields.get(native);
        then.zip(now).is_some_and(|(then, now)| !same(then, now))
    }

    /// Whether a field's native values changed although the view shows the same.
    pub(super) fn is_changed_unseen(&self, side: Side, field: &ReplicaField) -> bool {
        let mut natives = self.contract_of(field).native.get(side).iter();
        self.mark(side, field) == Mark::Same
            && natives.any(|native| self.is_other_than_base(side, native))
    }

    pub(super) fn contract_of(&self, field: &ReplicaField) -> &'a FieldContract {
        let contract = self.contract;
        contract
            .fields
            .get(field)
            .expect("only fields of the contract are planned")
    }

    /// Whether a native value is what the tracker would make of `wanted`.
    pub(super) fn holds(&self, side: Side, native: &FieldName, wanted: &Value) -> bool {
        let Some(now) = self.items.get(side).fields.get(native) else {
            return false;
        };
        answers(wanted, now)
            || (far_beyond_limit(self, side, native, wanted).is_none()
                && same(now, &(self.side(side).normalise)(native, wanted)))
    }
}

/// The fields that an outgoing rule knowingly leaves out, with the reason. Not one that a script shows all the same.
pub(super) fn left_out(shown: &Outgoing) -> impl Iterator<Item = (&ReplicaField, &String)> {
    let fields = &shown.view.fields;
    shown
        .waived
        .iter()
        .filter(|(field, _)| !fields.contains_key(*field))
}

/// Runs a side's outgoing rule on its item as it is now.
fn show(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    link: &Link,
    item: &Item,
) -> Result<Outgoing, RuleError> {
    let side = link.side;
    let now = Link {
        first_sync: facts.sides.get(side).base.is_none(),
        ..link.clone()
    };
    // While the other item is not there, there is no twin that a rule could be told of.
    let twin = (!now.remote.item.id.is_empty()).then_some(&now);
    let mut shown = rules.outgoing(side, item, twin)?;
    // What a person releases crosses although the rule holds it.
    for (field, _) in facts.release.iter().filter(|(_, take)| **take == side) {
        if let Some(value) = shown.withheld.remove(field) {
            shown.held.remove(field);
            shown.view.fields.insert(field.clone(), value);
        }
    }
    Ok(shown)
}

/// The twin as rules see it from one side, once it is in step: what a base or a prediction is made with.
pub(super) fn link(
    facts: &Facts<'_>,
    contract: &Contract,
    items: &Sides<Item>,
    side: Side,
) -> Link {
    let own = &items.get(side).reference;
    Link {
        id: facts.link.clone(),
        connection: contract.connection.clone(),
        side,
        local: (!own.item.id.is_empty()).then(|| own.clone()),
        remote: items.get(side.other()).reference.clone(),
        since: facts.since,
        first_sync: false,
    }
}

/// An item without anything: the target of a create.
pub(super) fn blank(node: &crate::names::NodeName, scope: &BTreeMap<String, String>) -> Item {
    let item = ItemId {
        node: node.clone(),
        id: String::new(),
    };
    Item {
        reference: ItemRef {
            item,
            key: String::new(),
            url: String::new(),
        },
        fields: BTreeMap::new(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: scope.clone(),
    }
}

/// Whether a comment that the script asked for at the creation has its link on the side's item; `false` while there are
/// not both items.
pub(super) fn is_written(facts: &Facts<'_>, side: Side, asked: &ScriptComment) -> bool {
    let item = |side| {
        let seen = facts.sides.get(side).seen.item();
        seen.map(|item| &item.reference.item)
    };
    let (Some(here), Some(other)) = (item(side), item(side.other())) else {
        return false;
    };
    let origin = script_origin(&facts.link, other, &asked.key, &at_creation());
    let mut links = facts.comments.iter();
    links.any(|link| link.origin.identity() == origin.identity() && link.item == *here)
}

/// The causing change of the comments that a script asks for when the item is created: there is one creation to a link.
pub(super) fn at_creation() -> Digest {
    Digest::of_parts(&["created"])
}

/// Whether a native field is reached through a workflow: then a creation does not set it in one step.
pub(super) fn is_workflow(native: &FieldName) -> bool {
    matches!(native.as_str(), field::STATUS | field::RESOLUTION)
}

/// Whether nobody can have changed the item since its creation: then a value that is not the one that it was created with
/// is the tracker's default, for a field that a creation cannot set. Whole-second times cannot tell, and their trackers'
/// connectors report what was dropped.
pub(super) fn is_untouched(item: &Item) -> bool {
    match item.get(field::CREATED) {
        Some(Value::Time(created)) => {
            item.version.resolution_ms <= 1 && item.version.updated <= *created
        }
        _ => true,
    }
}
