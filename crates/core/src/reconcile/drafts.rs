//! Running the incoming rules (R3): what one side's values would make of the other side's item.

use super::values::{carry_elements, confirm_elements, same_opt};
use super::views::{Mark, Scene};
use crate::item::Value;
use crate::names::{FieldName, ReplicaField, Side};
use crate::rules::{Assigner, Draft, Incoming, RuleError};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// The fields that cross from one side; `true`: the side won the field, so its value is written whole and measured
/// against a replica without the field.
pub(super) type CrossingFields = BTreeMap<ReplicaField, bool>;

/// Both drafts of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Drafts {
    /// What the rule assigns from the source's base.
    pub(super) d0: Draft,
    /// The same with the crossing fields replaced.
    pub(super) d1: Draft,
}

impl Scene<'_> {
    /// Runs the incoming rule of the side opposite `from` twice.
    pub(super) fn drafts(
        &self,
        from: Side,
        crossing: &CrossingFields,
    ) -> Result<Drafts, RuleError> {
        self.drafts_of(from, crossing, Self::with_additions)
    }

    fn drafts_of(
        &self,
        from: Side,
        crossing: &CrossingFields,
        kept: fn(&Self, Side, &ReplicaField, &Value) -> Option<Value>,
    ) -> Result<Drafts, RuleError> {
        let mut old = self.base_view(from);
        for (field, whole) in crossing {
            if *whole {
                old.fields.remove(field);
            }
        }
        let mut new = old.clone();
        for (field, whole) in crossing {
            if let Some(value) = self.view(from, field) {
                let kept = if *whole {
                    None
                } else {
                    kept(self, from, field, value)
                };
                let sent = kept.unwrap_or_else(|| value.clone());
                new.fields.insert(field.clone(), sent);
            }
        }
        let d1 = self.bring_in(from, &new)?;
        let d0 = match self.bring_in(from, &old) {
            // A newer rule version rejects what the twin was last in step with: the crossing fields are measured against
            // a replica without them.
            Err(error) if error.rejected => {
                old.fields.retain(|field, _| !crossing.contains_key(field));
                self.bring_in(from, &old)?
            }
            other => other?,
        };
        Ok(Drafts { d0, d1 })
    }

    /// A set with those elements that were removed here and added on the other side (their bases differ where a write of
    /// ours fared badly): the addition wins. Sending both edits would swap the sides.
    fn with_additions(&self, from: Side, field: &ReplicaField, value: &Value) -> Option<Value> {
        let other = from.other();
        let (before, theirs) = (self.base(other, field)?, self.view(other, field)?);
        let with = |more: &Value| carry_elements(&Value::Empty, more, value);
        let added = carry_elements(before, theirs, &Value::Empty)?;
        if added.is_empty() {
            return None;
        }
        confirm_elements(value, &with(&added)?, &with(self.base(from, field)?)?)
    }

    /// [`Self::drafts`] for the test of being in step (R4): of the values as they are; and what the rule rejects is not.
    pub(super) fn drafts_if_taken(
        &self,
        from: Side,
        candidates: &CrossingFields,
    ) -> Result<Drafts, RuleError> {
        match self.drafts_of(from, candidates, |_, _, _, _| None) {
            Err(error) if error.rejected => Ok(Drafts::default()),
            other => other,
        }
    }

    fn base_view(&self, from: Side) -> View {
        let base = self.bases.get(from).as_ref();
        View {
            fields: base.map(|base| base.fields.clone()).unwrap_or_default(),
            comments: self.shown.get(from).view.comments.clone(),
            attachments: self.shown.get(from).view.attachments.clone(),
        }
    }

    fn bring_in(&self, from: Side, replica: &View) -> Result<Draft, RuleError> {
        let target = from.other();
        let first_sync = self.bases.get(target).is_none();
        let previous = self.base_view(from);
        let input = Incoming {
            target: self.items.get(target),
            replica,
            previous: (!first_sync).then_some(&previous),
            first_sync,
            link: self.links.get(target),
        };
        self.rules.incoming(target, &input)
    }

    /// Every field that could cross from a side: what the test for being in step (R4) is made with.
    pub(super) fn candidates(&self, from: Side) -> CrossingFields {
        let mut candidates = CrossingFields::new();
        for (field, contract) in &self.contract.fields {
            let stirred = Side::BOTH.iter().any(|side| {
                matches!(self.mark(*side, field), Mark::Unset | Mark::Changed)
                    || self.is_changed_unseen(*side, field)
            });
            let asked =
                self.facts.held.contains_key(field) || self.facts.release.contains_key(field);
            let shown = self.mark(from, field) != Mark::Absent;
            if contract.direction.leaves(from) && shown && (stirred || asked) {
                candidates.insert(field.clone(), false);
            }
        }
        candidates
    }

    /// The native fields of the target that a replica field's value decides: those that the map assigns for it, and
    /// where only scripts handle it those that change with it alone.
    pub(super) fn natives_of(
        &self,
        from: Side,
        field: &ReplicaField,
        drafts: &Drafts,
    ) -> Result<BTreeSet<FieldName>, RuleError> {
        let declared = self.contract_of(field).native.get(from.other());
        let mapped = drafts.d1.fields.iter().filter(|(native, assigned)| {
            assigned.by == Assigner::Map(field.clone()) || declared.contains(*native)
        });
        let mapped: BTreeSet<_> = mapped.map(|(native, _)| native.clone()).collect();
        if !mapped.is_empty() || !declared.is_empty() {
            return Ok(mapped);
        }
        let alone = self.drafts(from, &CrossingFields::from([(field.clone(), true)]))?;
        Ok(differing(&alone))
    }

    /// Whether the rule assigned the field and the target already holds what it assigned (R4), in one direction.
    pub(super) fn is_held_by_target(
        &self,
        from: Side,
        field: &ReplicaField,
        drafts: &Drafts,
    ) -> Result<bool, RuleError> {
        if drafts.d1.fields.is_empty() {
            return Ok(false);
        }
        if drafts.d1.held.contains_key(field) || drafts.d1.waived.contains_key(field) {
            return Ok(false);
        }
        let natives = self.natives_of(from, field, drafts)?;
        let all_hold = natives.iter().all(|native| {
            let wanted = drafts.d1.fields.get(native).map(|assigned| &assigned.value);
            wanted.is_some_and(|wanted| self.holds(from.other(), native, wanted))
        });
        Ok(!natives.is_empty() && all_hold)
    }

    /// The native fields that a script assigned on a side and that no replica field declares.
    pub(super) fn scripted(&self, side: Side, draft: &Draft) -> BTreeSet<FieldName> {
        let scripted = draft
            .fields
            .iter()
            .filter(|(_, assigned)| matches!(assigned.by, Assigner::Script { .. }));
        let is_declared = |native: &FieldName| {
            let mut fields = self.contract.fields.values();
            fields.any(|field| field.native.get(side).contains(native))
        };
        let undeclared = scripted.filter(|(native, _)| !is_declared(native));
        undeclared.map(|(native, _)| native.clone()).collect()
    }

    /// Which crossing fields caused the write of a native field.
    pub(super) fn causes(
        &self,
        from: Side,
        native: &FieldName,
        crossing: &CrossingFields,
        drafts: &Drafts,
    ) -> Result<BTreeSet<ReplicaField>, RuleError> {
        if let Some(Assigner::Map(field)) =
            drafts.d1.fields.get(native).map(|assigned| &assigned.by)
            && crossing.contains_key(field)
        {
            return Ok(BTreeSet::from([field.clone()]));
        }
        let declared = |field: &&ReplicaField| {
            self.contract_of(field)
                .native
                .get(from.other())
                .contains(native)
        };
        let declaring: BTreeSet<_> = crossing.keys().filter(declared).cloned().collect();
        if !declaring.is_empty() || crossing.len() == 1 {
            let all = || crossing.keys().cloned().collect();
            return Ok(if declaring.is_empty() {
                all()
            } else {
                declaring
            });
        }
        let mut causes = BTreeSet::new();
        for (field, whole) in crossing {
            let alone = self.drafts(from, &CrossingFields::from([(field.clone(), *whole)]))?;
            if differing(&alone).contains(native) {
                causes.insert(field.clone());
            }
        }
        // Only the fields together change it.
        Ok(if causes.is_empty() {
            crossing.keys().cloned().collect()
        } else {
            causes
        })
    }
}

/// The native fields where D1 differs from D0.
pub(super) fn differing(drafts: &Drafts) -> BTreeSet<FieldName> {
    let changed = drafts.d1.fields.iter().filter(|(native, assigned)| {
        let old = drafts
            .d0
            .fields
            .get(*native)
            .map(|assigned| &assigned.value);
        !same_opt(old, Some(&assigned.value))
    });
    changed.map(|(native, _)| native.clone()).collect()
}
