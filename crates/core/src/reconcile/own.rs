//! Finding our own writes that no base accounts for yet: what they explain is no person's edit.

use super::facts::{Base, Facts, SideFacts};
use super::pending::{keep_unsettled, owed_by_source};
use super::values::{answers, carry_elements, confirm_elements, is_set, same, same_opt, written};
use super::views::{is_untouched, is_workflow};
use crate::contract::Contract;
use crate::item::{Item, Value};
use crate::names::{ReplicaField, Side, Sides};
use crate::rules::{Link, Outgoing, RuleError, Rules, ScriptComment};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a side's item was created by us and no base accounts for it yet: the answer to the creation was lost.
pub(super) fn is_newborn(
    facts: &Facts<'_>,
    items: &Sides<Item>,
    bases: &Sides<Option<Base>>,
    side: Side,
) -> bool {
    facts.created_from == Some(side.other())
        && bases.left.is_none()
        && bases.right.is_none()
        && !facts.sides.get(side).unsettled.is_empty()
        && !items.get(side).reference.item.id.is_empty()
}

/// Finding our unsettled writes on one side's item.
pub(super) struct OwnWrites<'a> {
    pub(super) rules: &'a dyn Rules,
    pub(super) link: &'a Link,
    pub(super) shown: &'a Outgoing,
    pub(super) item: &'a Item,
}

impl OwnWrites<'_> {
    /// The bases of twins whose creation was answered to nobody: the item was born with what we sent, so what it shows
    /// instead, a person made of it. A field that it does not show at all did not arrive, and is the source's to send.
    pub(super) fn born(
        &self,
        facts: &SideFacts<'_>,
        source: &Item,
        source_view: &View,
        asked: Vec<ScriptComment>,
    ) -> Result<Sides<Option<Base>>, RuleError> {
        let side = self.link.side;
        let contract = self.rules.contract();
        let mut born = self.item.clone();
        // What each write in turn made of the item, and which values of the source it was: the last one that the item
        // shows is where both began, and else the last one.
        let mut began = BTreeMap::<ReplicaField, (Value, Value)>::new();
        for unsettled in &facts.unsettled {
            let at_once = unsettled.fields.iter();
            for (native, write) in at_once.filter(|(native, _)| !is_workflow(native)) {
                let value = written(born.fields.get(native), write);
                let value = (facts.normalise)(native, &value);
                born.fields.insert(native.clone(), value);
            }
            let made = self.rules.outgoing(side, &born, Some(self.link))?.view;
            for (field, sent) in &unsettled.sent {
                let shown = self.shown.view.fields.get(field);
                let is_shown = |value: &Value| same_opt(Some(value), shown);
                let Some(made) = made.fields.get(field) else {
                    continue;
                };
                let found = began.get(field).is_some_and(|(made, _)| is_shown(made));
                if !found || is_shown(made) {
                    began.insert(field.clone(), (made.clone(), sent.clone()));
                }
            }
        }
        let base = |observation: Item| Base {
            observation,
            rule_version: contract.version,
            fields: BTreeMap::new(),
            pending: BTreeSet::new(),
            advanced: BTreeMap::new(),
            asked: Vec::new(),
        };
        let (mut here, mut there) = (base(born), base(source.clone()));
        here.asked = asked;
        for (field, (ours, sent)) in began {
            let natives = contract.fields.get(&field).map(|one| one.native.get(side));
            let at_once = natives.is_some_and(|natives| !natives.iter().any(is_workflow));
            let now = self.shown.view.fields.get(&field);
            let shown = now.is_some_and(|now| !now.is_empty());
            let told = !is_untouched(self.item) || same_opt(Some(&ours), now);
            if at_once && shown && told {
                here.fields.insert(field.clone(), ours);
                there.fields.insert(field, sent);
            }
        }
        there.pending.extend(owed_by_source(contract, source_view));
        let mut bases = Sides::default();
        *bases.get_mut(side) = Some(here);
        *bases.get_mut(side.other()) = Some(there);
        keep_unsettled(&mut bases);
        Ok(bases)
    }

    /// Where the item shows just what our unsettled writes would have made of the base, the difference is ours and no
    /// person's: the base follows it. Gives what the other side's base becomes by it: of a set with the elements that
    /// arrived, else the value that had been sent.
    pub(super) fn account(
        &self,
        facts: &SideFacts<'_>,
        base: Option<&mut Base>,
        other: Option<&Base>,
    ) -> Result<BTreeMap<ReplicaField, Value>, RuleError> {
        let mut found = BTreeMap::new();
        let Some(base) = base.filter(|_| !facts.unsettled.is_empty()) else {
            return Ok(found);
        };
        let mut expected = base.observation.clone();
        let writes = || {
            facts
                .unsettled
                .iter()
                .flat_map(|unsettled| &unsettled.fields)
        };
        for (native, write) in writes() {
            let value = written(expected.fields.get(native), write);
            let value = (facts.normalise)(native, &value);
            expected.fields.insert(native.clone(), value);
        }
        let predicted = match self
            .rules
            .outgoing(self.link.side, &expected, Some(self.link))
        {
            Ok(shown) => shown.view.fields,
            // A newer version rejects what we wrote: then it is the item's present state that counts.
            Err(error) if error.rejected => return Ok(found),
            Err(error) => return Err(error),
        };
        let sent: BTreeMap<_, _> = facts
            .unsettled
            .iter()
            .flat_map(|unsettled| &unsettled.sent)
            .collect();
        for (field, value) in &mut base.fields {
            let (Some(ours), Some(now)) = (predicted.get(field), self.shown.view.fields.get(field))
            else {
                continue;
            };
            let arrived = if answers(ours, now) {
                Some(now.clone())
            } else {
                confirm_elements(value, ours, now)
            };
            let Some(arrived) = arrived else { continue };
            let before = std::mem::replace(value, arrived);
            let Some(sent) = sent.get(field) else {
                continue;
            };
            let theirs = other.and_then(|other| other.fields.get(field));
            let by_element = theirs
                .filter(|_| is_set(&before) || is_set(value))
                .and_then(|theirs| carry_elements(&before, value, theirs));
            let whole = || answers(ours, value).then(|| (*sent).clone());
            found.extend(by_element.or_else(whole).map(|sent| (field.clone(), sent)));
        }
        for (native, _) in writes() {
            let both = expected.fields.get(native);
            if let Some((ours, now)) = both.zip(self.item.fields.get(native))
                && answers(ours, now)
            {
                base.observation.fields.insert(native.clone(), now.clone());
            }
        }
        Ok(found)
    }
}

/// What a side had sent, with what our own writes have made of its sets since: both sides of a set may have been written
/// by the same plan, each with the elements that the other had changed.
pub(super) fn with_own_writes(
    sent: &mut BTreeMap<ReplicaField, Value>,
    before: &Base,
    accounted: &Base,
) {
    for (field, value) in sent {
        let (Some(old), Some(new)) = (before.fields.get(field), accounted.fields.get(field)) else {
            continue;
        };
        if !same(old, new)
            && let Some(carried) = carry_elements(old, new, value)
        {
            *value = carried;
        }
    }
}

/// A source's base follows the values that had arrived on the other side. Where the source still shows one, its native
/// values are those that were sent: without them the check for hidden overwrites (R5) would take our own delivery for a
/// person's change. Where it shows another, the field has changed in view, and the observation follows when it settles.
pub(super) fn follow_sent(
    base: &mut Base,
    contract: &Contract,
    side: Side,
    sent: BTreeMap<ReplicaField, Value>,
    shown: &Outgoing,
    item: &Item,
) {
    for (field, value) in sent {
        if same_opt(shown.view.fields.get(&field), Some(&value)) {
            let declared = contract.fields.get(&field);
            let natives = declared
                .into_iter()
                .flat_map(|field| field.native.get(side));
            let now = natives.filter_map(|native| item.fields.get_key_value(native));
            base.observation
                .fields
                .extend(now.map(|(native, now)| (native.clone(), now.clone())));
        }
        base.fields.insert(field, value);
    }
}
