//! Fields of a created twin whose value the source still has to send.

use super::facts::Base;
use crate::contract::{Contract, Direction};
use crate::item::{Item, Value};
use crate::names::{ReplicaField, Side, Sides};
use crate::view::View;

/// The two-way fields that the source of a creation sends, now or later, whatever `first` says: all but those that it
/// shows as empty, where the new item's default may well fill it. One that it does not show is among them: what the new
/// item shows there nobody has set.
pub(super) fn owed_by_source<'a>(
    contract: &'a Contract,
    source: &'a View,
) -> impl Iterator<Item = ReplicaField> + 'a {
    let two_way = contract
        .fields
        .iter()
        .filter(|(_, field)| field.direction == Direction::Both);
    let owed = two_way.filter(|(field, _)| {
        let value = source.fields.get(*field);
        value.is_none_or(|value| !Value::is_empty(value))
    });
    owed.map(|(field, _)| field.clone())
}

/// A field stays pending on the source's side, whose value then was `planned`'s: so that a later one is told from it.
pub(super) fn owe(
    base: &mut Base,
    contract: &Contract,
    side: Side,
    field: ReplicaField,
    planned: Option<&Item>,
) {
    let natives = contract.fields[&field].native.get(side).iter();
    let then = planned.into_iter().flat_map(|item| {
        let pairs = natives
            .clone()
            .filter_map(|native| item.fields.get_key_value(native));
        pairs.map(|(native, value)| (native.clone(), value.clone()))
    });
    base.observation.fields.extend(then);
    base.pending.insert(field);
}

/// A field is pending until both bases have it.
pub(super) fn keep_unsettled(bases: &mut Sides<Option<Base>>) {
    let (Some(left), Some(right)) = (&mut bases.left, &mut bases.right) else {
        return;
    };
    left.pending
        .retain(|field| !(left.fields.contains_key(field) && right.fields.contains_key(field)));
    right
        .pending
        .retain(|field| !(left.fields.contains_key(field) && right.fields.contains_key(field)));
}
