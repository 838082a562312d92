//! The write of one native field: what it meets on the target.

use super::decide::{Decisions, decide_hidden};
use super::drafts::{CrossingFields, Drafts};
use super::pingpong;
use super::plan::{Cause, Decision, Hold, WriteNote};
use super::texts::{Texts, beyond_limit, far_beyond_limit};
use super::values::{Crossing, cross, same, write_between};
use super::views::{Mark, Scene};
use super::writes::{SideWrites, Verdict, Verdicts};
use crate::contract::{Conflict, Direction};
use crate::effect::FieldWrite;
use crate::item::Value;
use crate::names::{FieldName, ReplicaField, Side};
use crate::richtext::LossKind;
use crate::rules::RuleError;
use std::collections::BTreeSet;

pub(super) struct OneWrite<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) from: Side,
    pub(super) crossing: &'a CrossingFields,
    pub(super) drafts: &'a Drafts,
    pub(super) decisions: &'a Decisions,
    pub(super) native: &'a FieldName,
}

impl OneWrite<'_> {
    pub(super) fn make(
        &self,
        writes: &mut SideWrites,
        verdicts: &mut Verdicts,
    ) -> Result<(), RuleError> {
        let (scene, to) = (self.scene, self.from.other());
        let assigned = &self.drafts.d1.fields[self.native];
        let causes = scene.causes(self.from, self.native, self.crossing, self.drafts)?;
        for field in &causes {
            writes
                .natives
                .entry(field.clone())
                .or_default()
                .insert(self.native.clone());
        }
        if scene.holds(to, self.native, &assigned.value) {
            return Ok(());
        }
        if let Some(hold) = self.cannot_fit(&assigned.value) {
            for field in causes {
                let held = Verdict::Becomes(Decision::Held(hold.clone()));
                verdicts.entry(field).or_insert(held);
            }
            return Ok(());
        }
        let target = scene.items.get(to).fields.get(self.native);
        let d0 = self
            .drafts
            .d0
            .fields
            .get(self.native)
            .map(|assigned| &assigned.value);
        let whole = causes
            .iter()
            .any(|field| self.crossing.get(field) == Some(&true));
        let texts = Texts::between(scene, self.from, self.native, &causes);
        // Elements cross as the target tracker has them: what it shows as "needs_PR" is removed when "needs PR" is.
        let as_there = |value: &Value| match value {
            Value::Set(_) => (scene.side(to).normalise)(self.native, value),
            other => other.clone(),
        };
        let (old, new) = (d0.map(as_there), as_there(&assigned.value));
        let after = match cross(old.as_ref(), target, &new, whole, texts) {
            Crossing::Nothing => return Ok(()),
            Crossing::Becomes(value) => value,
            Crossing::Clash => {
                self.clash(&causes, verdicts);
                return Ok(());
            }
        };
        let overwrites = self.overwrites();
        let merged = !whole && !same(&after, &new);
        if overwrites && !merged {
            self.hidden(&causes, verdicts);
        }
        let write = write_between(target, &after);
        let lost = texts.lost(target, &after);
        self.limits(&after, &lost, &causes, verdicts);
        let hops = causes
            .iter()
            .map(|field| pingpong::hops(scene, self.from, field))
            .max()
            .unwrap_or(0);
        self.ping_pong(&write, hops, &causes, verdicts);
        let note = WriteNote {
            by: assigned.by.clone(),
            caused_by: causes,
            before: target.cloned(),
            after: (scene.side(to).normalise)(self.native, &after),
            overwrites,
            hops,
            lost,
            unshown: texts.unshown(&write),
        };
        writes.fields.insert(self.native.clone(), (write, note));
        Ok(())
    }

    /// A text that is far too long. Not one of which the base was so already: then its edit may cross block by block.
    fn cannot_fit(&self, value: &Value) -> Option<Hold> {
        let to = self.from.other();
        let (chars, limit) = far_beyond_limit(self.scene, to, self.native, value)?;
        let before = self.drafts.d0.fields.get(self.native);
        let long = |value| far_beyond_limit(self.scene, to, self.native, value).is_some();
        let was_long = before.is_some_and(|before| long(&before.value));
        (!was_long).then_some(Hold::TooLong { chars, limit })
    }

    /// What the target cannot take, or what would be lost there where the policy asks first. A person's release overrides
    /// the policy.
    fn limits(
        &self,
        after: &Value,
        lost: &BTreeSet<LossKind>,
        causes: &BTreeSet<ReplicaField>,
        verdicts: &mut Verdicts,
    ) {
        let beyond = beyond_limit(self.scene, self.from.other(), self.native, after);
        for field in causes {
            let contract = self.scene.contract_of(field);
            let asks = contract.direction == Direction::Both
                && contract.conflict == Conflict::Hold
                && !self.decisions.is_released(field);
            let hold = match beyond {
                Some((chars, limit)) => Hold::TooLong { chars, limit },
                None if asks && !lost.is_empty() => Hold::Lossy { what: lost.clone() },
                None => continue,
            };
            let held = Verdict::Becomes(Decision::Held(hold));
            verdicts.entry(field.clone()).or_insert(held);
        }
    }

    /// Whether the target's native value is another than in its base observation (R5).
    fn overwrites(&self) -> bool {
        self.scene
            .is_other_than_base(self.from.other(), self.native)
    }

    /// One block changed on both sides, or lost its form on the target.
    fn clash(&self, causes: &BTreeSet<ReplicaField>, verdicts: &mut Verdicts) {
        for field in causes {
            let merging = self.decisions.fields.get(field) == Some(&Decision::Merges);
            let asks = self.scene.contract_of(field).conflict == Conflict::Hold;
            let verdict = if merging || (asks && !self.overwrites()) {
                Verdict::Becomes(Decision::Held(Hold::Conflict))
            } else {
                Verdict::Whole
            };
            verdicts.entry(field.clone()).or_insert(verdict);
        }
    }

    fn hidden(&self, causes: &BTreeSet<ReplicaField>, verdicts: &mut Verdicts) {
        for field in causes {
            let changed = matches!(
                self.decisions.fields.get(field),
                Some(Decision::Crosses {
                    cause: Cause::Changed,
                    ..
                })
            );
            // Where a view shows the target's change, the field was already decided as a conflict.
            let shown = self.scene.mark(self.from.other(), field) == Mark::Changed;
            if !changed || shown || self.decisions.judged.contains(field) {
                continue;
            }
            let winner = decide_hidden(self.scene, self.from, field, self.native);
            let verdict = Verdict::Hidden {
                from: self.from,
                native: self.native.clone(),
                winner,
            };
            verdicts.entry(field.clone()).or_insert(verdict);
        }
    }

    fn ping_pong(
        &self,
        write: &FieldWrite,
        hops: u32,
        causes: &BTreeSet<ReplicaField>,
        verdicts: &mut Verdicts,
    ) {
        let Some(seen) = pingpong::judge(self.scene, self.from.other(), self.native, write, hops)
        else {
            return;
        };
        for field in causes {
            if !self.decisions.is_released(field) {
                let held = Decision::Held(Hold::PingPong { seen: seen.clone() });
                verdicts
                    .entry(field.clone())
                    .or_insert(Verdict::Becomes(held));
            }
        }
    }
}
