//! The stored base in the vocabulary of this rule version (R2).

use super::facts::{Base, Facts};
use super::views::is_written;
use crate::contract::Contract;
use crate::item::{Item, Value};
use crate::names::{FieldName, ReplicaField, Side};
use crate::parents;
use crate::rules::{Link, RuleError, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// One side's base; `now` is its item.
pub(super) fn base(
    facts: &Facts<'_>,
    rules: &dyn Rules,
    link: &Link,
    now: &Item,
) -> Result<Option<Base>, RuleError> {
    let side = link.side;
    let Some(stored) = &facts.sides.get(side).base else {
        return Ok(None);
    };
    let mut base = stored.clone();
    let contract = rules.contract();
    if base.rule_version != contract.version {
        let known = |field: &ReplicaField| contract.fields.contains_key(field);
        base.pending.retain(known);
        base.advanced.retain(|field, _| known(field));
        base.rule_version = contract.version;
        base.fields.retain(|field, _| known(field));
        let left_out = parents::left_out(contract, side, &base.observation, &base.fields);
        match rules.outgoing(side, &base.observation, Some(link)) {
            Ok(shown) => {
                let mut fresh = shown.view.fields;
                fresh.retain(|field, _| base.fields.contains_key(field));
                base.fields = fresh;
            }
            Err(error) if error.rejected => in_parts(&mut base, rules, link, now)?,
            Err(error) => return Err(error),
        }
        for (field, value) in left_out {
            // Other rules may show no parent at all.
            if let Some(Value::Text(_)) = base.fields.get(&field) {
                base.fields.insert(field, value);
            }
        }
    }
    base.asked.retain(|asked| !is_written(facts, side, asked));
    Ok(Some(base))
}

/// The version rejects what the twin was last in step with, while it takes the item as it is now. What a field was then
/// is shown by the present item with only that field as it was. A field that is rejected even so was never in step as
/// this version sees it; this side wins it, since here it was mended.
fn in_parts(base: &mut Base, rules: &dyn Rules, link: &Link, now: &Item) -> Result<(), RuleError> {
    let stored = std::mem::take(&mut base.fields);
    for field in stored.into_keys() {
        let then = as_it_was(rules.contract(), link.side, &field, now, &base.observation);
        match rules.outgoing(link.side, &then, Some(link)) {
            Ok(mut shown) => {
                let value: Option<Value> = shown.view.fields.remove(&field);
                base.fields.extend(value.map(|value| (field, value)));
            }
            Err(error) if error.rejected => drop(base.pending.insert(field)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The item with the native fields of one replica field as they were. Which ones a script reads is not known: a field
/// that only scripts fill takes all that no map entry declares.
fn as_it_was(
    contract: &Contract,
    side: Side,
    field: &ReplicaField,
    now: &Item,
    observation: &Item,
) -> Item {
    let own = contract.fields.get(field).map(|own| own.native.get(side));
    let natives: BTreeSet<&FieldName> = match own {
        Some(own) if !own.is_empty() => own.iter().collect(),
        Some(_) | None => {
            let fields = contract.fields.values();
            let declared: BTreeSet<&FieldName> =
                fields.flat_map(|field| field.native.get(side)).collect();
            let all = now.fields.keys().chain(observation.fields.keys());
            all.filter(|native| !declared.contains(native)).collect()
        }
    };
    let mut fields: BTreeMap<FieldName, Value> = now.fields.clone();
    for native in natives {
        match observation.fields.get(native) {
            Some(value) => fields.insert(native.clone(), value.clone()),
            None => fields.remove(native),
        };
    }
    Item {
        fields,
        ..now.clone()
    }
}
