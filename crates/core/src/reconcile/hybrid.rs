//! The base observation: an item whose native values belong to the base's replica values.
//!
//! It starts as the old base observation. Fields that advanced bring their native values along, from the observation that
//! was planned from or from the one after the write; fields that did not keep their old ones, so that R2 and R5 still see
//! what the base values came from. Native values that no field declares follow the newest observation once all fields do:
//! a later rule version may read them.

use super::fared::Advance;
use super::plan::Working;
use super::settle::End;
use super::values::{answers, same_opt};
use crate::contract::Contract;
use crate::item::{Item, Value};
use crate::names::{FieldName, ReplicaField, Side};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// Which observation an advanced field's native values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advanced {
    /// The one that was planned from.
    Planned,
    /// The one after our write.
    After,
    /// What our write was to make of the item: somebody changed the value right after it.
    Draft,
}

/// The observation of a base with these values.
pub(super) fn hybrid(
    contract: &Contract,
    side: Side,
    working: &Working,
    end: &End,
    advance: &Advance,
    newest: &Item,
    values: &BTreeMap<ReplicaField, Value>,
) -> Item {
    let planned = working.item.as_ref().map(|item| &item.fields);
    let after = end.after.as_ref().map(|(item, _)| &item.fields).or(planned);
    let declared = declared(contract, side);
    let mut fields = match &working.base {
        Some(base) => base.observation.fields.clone(),
        None => undeclared(&newest.fields, &declared),
    };
    for (field, (_, from)) in advance {
        let source = match from {
            Advanced::Planned => planned,
            Advanced::After => after,
            Advanced::Draft => working.draft.as_ref().map(|item| &item.fields),
        };
        let Some(source) = source else { continue };
        let natives = natives_of(contract, side, field, source, &declared, working);
        for native in natives {
            match source.get(&native) {
                Some(value) => fields.insert(native, value.clone()),
                None => fields.remove(&native),
            };
        }
    }
    let view = end.after.as_ref().map_or(&working.view, |(_, view)| view);
    if is_in_step(view, values) {
        take_undeclared(&mut fields, newest, &declared, working);
    }
    take_confirmed_writes(&mut fields, working, end);
    Item {
        reference: newest.reference.clone(),
        fields,
        comments: newest.comments.clone(),
        attachments: newest.attachments.clone(),
        version: newest.version.clone(),
        marker: newest.marker.clone(),
        scope: newest.scope.clone(),
    }
}

/// Whether an observation shows just the base's values.
fn is_in_step(view: &View, values: &BTreeMap<ReplicaField, Value>) -> bool {
    let mut fields = view.fields.iter();
    view.fields.len() == values.len()
        && fields.all(|(field, value)| same_opt(Some(value), values.get(field)))
}

/// What a script assigns here and we did not write keeps its old value, so that a person's change of it is still found
/// when it is about to be overwritten (R5).
fn take_undeclared(
    fields: &mut BTreeMap<FieldName, Value>,
    newest: &Item,
    declared: &BTreeSet<FieldName>,
    working: &Working,
) {
    for (native, now) in &newest.fields {
        let old = fields.get(native);
        if !declared.contains(native)
            && !working.scripted.contains(native)
            && !same_opt(old, Some(now))
        {
            fields.insert(native.clone(), now.clone());
        }
    }
}

fn declared(contract: &Contract, side: Side) -> BTreeSet<FieldName> {
    let fields = contract.fields.values();
    fields
        .flat_map(|field| field.native.get(side).iter().cloned())
        .collect()
}

fn undeclared(
    fields: &BTreeMap<FieldName, Value>,
    declared: &BTreeSet<FieldName>,
) -> BTreeMap<FieldName, Value> {
    let mut fields = fields.clone();
    fields.retain(|native, _| !declared.contains(native));
    fields
}

/// The native fields behind a replica field. Which ones a script reads is not known: a field that only scripts fill
/// brings along all that no map entry declares, except what a script assigned here and we did not write.
fn natives_of(
    contract: &Contract,
    side: Side,
    field: &ReplicaField,
    source: &BTreeMap<FieldName, Value>,
    declared: &BTreeSet<FieldName>,
    working: &Working,
) -> Vec<FieldName> {
    let own = contract
        .fields
        .get(field)
        .map(|field| field.native.get(side));
    match own {
        Some(own) if !own.is_empty() => own.iter().cloned().collect(),
        Some(_) | None => source
            .keys()
            .filter(|native| !declared.contains(*native) && !working.scripted.contains(*native))
            .cloned()
            .collect(),
    }
}

/// A native field that we wrote outside every map entry, and that holds what we wrote, is accounted for.
fn take_confirmed_writes(fields: &mut BTreeMap<FieldName, Value>, working: &Working, end: &End) {
    let (Some(_), Some((after, _)), Some(draft)) = (&end.done, &end.after, &working.draft) else {
        return;
    };
    for native in working.writes.keys() {
        let (Some(now), Some(wanted)) = (after.fields.get(native), draft.fields.get(native)) else {
            continue;
        };
        if answers(wanted, now) {
            fields.insert(native.clone(), now.clone());
        }
    }
}
