//! The policy of one field: one exhaustive match over how both sides stand to their bases.

use super::drafts::{CrossingFields, Drafts};
use super::latest::{last_change, later_side};
use super::plan::{Cause, ConflictRecord, Decision, Hold};
use super::values::both_sets;
use super::views::{Mark, Scene};
use crate::contract::{Conflict, Direction, Drift, First};
use crate::item::Value;
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::rules::RuleError;
use std::collections::{BTreeMap, BTreeSet};

/// The decisions of one plan while they are being made.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    pub(super) fields: BTreeMap<ReplicaField, Decision>,
    pub(super) conflicts: Vec<ConflictRecord>,
    /// Fields whose value is written whole although nobody won them: their target cannot be merged block by block.
    pub(super) whole: BTreeSet<ReplicaField>,
    /// Fields whose hidden overwrite (R5) was already judged.
    pub(super) judged: BTreeSet<ReplicaField>,
    /// Owed fields whose target was created and shows something else, of which no history tells yet: by the target.
    asks: BTreeMap<ReplicaField, Side>,
    /// What scripts would assign on each side if all took its value, and no field declares.
    pub(super) scripted: Sides<BTreeSet<FieldName>>,
}

impl Decisions {
    /// The fields that cross from a side.
    pub(super) fn crossing(&self, from: Side) -> CrossingFields {
        let crossing = self
            .fields
            .iter()
            .filter_map(|(field, decision)| match decision {
                Decision::Crosses {
                    from: source,
                    cause,
                } if *source == from => {
                    let won = !matches!(cause, Cause::Changed);
                    Some((field.clone(), won || self.whole.contains(field)))
                }
                Decision::Merges => Some((field.clone(), false)),
                Decision::Crosses { .. }
                | Decision::InStep
                | Decision::Waived { .. }
                | Decision::Held(_)
                | Decision::Rests => None,
            });
        crossing.collect()
    }

    /// Whether a person released the field.
    pub(super) fn is_released(&self, field: &ReplicaField) -> bool {
        let decision = self.fields.get(field);
        matches!(
            decision,
            Some(Decision::Crosses {
                cause: Cause::Released,
                ..
            })
        )
    }

    /// The sides whose history decides what is about to be written.
    pub(super) fn asked_since_birth(&self) -> Sides<bool> {
        let crosses = |field| {
            let decision = self.fields.get(field);
            matches!(
                decision,
                Some(Decision::Crosses {
                    cause: Cause::First,
                    ..
                })
            )
        };
        Sides::from_fn(|side| {
            self.asks
                .iter()
                .any(|(field, made)| *made == side && crosses(field))
        })
    }

    pub(super) fn record(&mut self, scene: &Scene<'_>, field: &ReplicaField, winner: Option<Side>) {
        self.conflicts.push(ConflictRecord {
            field: field.clone(),
            values: Sides::from_fn(|side| scene.view(side, field).cloned()),
            native: None,
            winner,
        });
    }

    /// The conflict of a field is not decided after all.
    pub(super) fn withdraw(&mut self, field: &ReplicaField) {
        self.conflicts.retain(|conflict| conflict.field != *field);
    }
}

/// Decides every field of the contract that is not simply unchanged.
pub(super) fn decide(scene: &Scene<'_>) -> Result<Decisions, RuleError> {
    let mut drafts = Sides::<Drafts>::default();
    for from in Side::BOTH {
        let candidates = scene.candidates(from);
        if !candidates.is_empty() {
            *drafts.get_mut(from) = scene.drafts_if_taken(from, &candidates)?;
        }
    }
    let mut decisions = Decisions {
        scripted: Sides::from_fn(|side| scene.scripted(side, &drafts.get(side.other()).d1)),
        ..Decisions::default()
    };
    for field in scene.contract.fields.keys() {
        let judge = Judge {
            scene,
            drafts: &drafts,
            field,
        };
        if let Some(decision) = judge.decide(&mut decisions)? {
            decisions.fields.insert(field.clone(), decision);
        }
    }
    Ok(decisions)
}

struct Judge<'a> {
    scene: &'a Scene<'a>,
    drafts: &'a Sides<Drafts>,
    field: &'a ReplicaField,
}

const fn crosses(from: Side, cause: Cause) -> Decision {
    Decision::Crosses { from, cause }
}

impl Judge<'_> {
    fn decide(&self, decisions: &mut Decisions) -> Result<Option<Decision>, RuleError> {
        if let Some(decision) = self.frozen()? {
            return Ok(Some(decision));
        }
        let marks = (
            self.scene.mark(Side::Left, self.field),
            self.scene.mark(Side::Right, self.field),
        );
        Ok(match marks {
            (Mark::Same | Mark::Absent, Mark::Same | Mark::Absent) => self.unseen()?,
            (Mark::Unset, Mark::Absent) => self.lone(Side::Left),
            (Mark::Absent, Mark::Unset) => self.lone(Side::Right),
            (Mark::Unset, Mark::Unset | Mark::Same | Mark::Changed)
            | (Mark::Same | Mark::Changed, Mark::Unset) => Some(self.never_in_step(decisions)?),
            (Mark::Changed, Mark::Same | Mark::Absent) => {
                Some(self.one_changed(Side::Left, decisions)?)
            }
            (Mark::Same | Mark::Absent, Mark::Changed) => {
                Some(self.one_changed(Side::Right, decisions)?)
            }
            (Mark::Changed, Mark::Changed) => Some(self.both_changed(decisions)?),
        })
    }

    /// Released, held by a rule, or held by an earlier plan.
    fn frozen(&self) -> Result<Option<Decision>, RuleError> {
        let direction = self.scene.contract_of(self.field).direction;
        if let Some(take) = self.scene.facts.release.get(self.field).copied() {
            let possible = direction.leaves(take) && self.scene.view(take, self.field).is_some();
            if possible {
                let in_step = self.in_step()?;
                return Ok(Some(if in_step {
                    Decision::InStep
                } else {
                    crosses(take, Cause::Released)
                }));
            }
        }
        for side in Side::BOTH {
            if let Some(reason) = self.scene.shown.get(side).held.get(self.field) {
                let reason = reason.clone();
                return Ok(Some(Decision::Held(Hold::Rule { reason })));
            }
        }
        match self.scene.facts.held.get(self.field) {
            Some(hold) if hold.is_sticky() => {
                let in_step = self.in_step()?;
                Ok(Some(if in_step {
                    Decision::InStep
                } else {
                    Decision::Held(hold.clone())
                }))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// R4, in at least one direction.
    fn in_step(&self) -> Result<bool, RuleError> {
        let direction = self.scene.contract_of(self.field).direction;
        for from in Side::BOTH {
            let drafts = self.drafts.get(from);
            if direction.leaves(from)
                && self.scene.view(from, self.field).is_some()
                && self.scene.is_held_by_target(from, self.field, drafts)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// No view shows a change. Where one is hidden behind the views and the sides are in step with it, it is part of the
    /// state that both start from: later it is no rival of the other side's next change (R4 before R5).
    fn unseen(&self) -> Result<Option<Decision>, RuleError> {
        let hidden = |side: &Side| self.scene.is_changed_unseen(*side, self.field);
        let settled = Side::BOTH.iter().any(hidden) && self.in_step()?;
        Ok(settled.then_some(Decision::InStep))
    }

    /// Whether what the other side last sent was cut here.
    fn is_cut_on(&self, side: Side) -> bool {
        let drafts = self.drafts.get(side.other());
        drafts.d0.cut.contains_key(self.field)
    }

    /// Never in step, and shown by one side only.
    fn lone(&self, shown: Side) -> Option<Decision> {
        let contract = self.scene.contract_of(self.field);
        if !contract.direction.leaves(shown) {
            return None;
        }
        let wins = match contract.first {
            First::Left => shown == Side::Left,
            First::Right => shown == Side::Right,
            First::Filled | First::Hold => false,
        };
        let one_way = contract.direction != Direction::Both;
        let wins = match self.born_on() {
            // What a created item shows of itself is no value that anybody gave it.
            Some(born) => born == shown,
            None => wins,
        };
        if one_way || wins {
            return Some(crosses(shown, Cause::First));
        }
        Some(Decision::Waived {
            from: shown,
            reason: format!("the {} side does not show this field", shown.other()),
        })
    }

    /// The side whose value was to cross when the twin was created, and has not yet.
    fn born_on(&self) -> Option<Side> {
        let pending = |side: &Side| {
            let base = self.scene.bases.get(*side).as_ref();
            base.is_some_and(|base| base.pending.contains(self.field))
        };
        let unsettled = |side: &Side| self.scene.bases.get(*side).is_none();
        let born = if Side::BOTH.iter().all(pending) {
            // The twin closes a ring: neither item is made from the other, so only being filled sets one above the other.
            self.only_filled_side()
        } else {
            Side::BOTH.into_iter().find(pending)
        };
        born.or_else(|| self.scene.facts.created_from.filter(unsettled))
    }

    fn never_in_step(&self, decisions: &mut Decisions) -> Result<Decision, RuleError> {
        if self.in_step()? {
            return Ok(Decision::InStep);
        }
        let contract = self.scene.contract_of(self.field);
        let winner = match (contract.direction, self.born_on()) {
            (Direction::ToRight, _) => Some(Side::Left),
            (Direction::ToLeft, _) => Some(Side::Right),
            (Direction::Both, Some(born)) => self.since_birth(born, decisions),
            (Direction::Both, None) => match contract.first {
                First::Left => Some(Side::Left),
                First::Right => Some(Side::Right),
                First::Filled => self.only_filled_side(),
                First::Hold => None,
            },
        };
        let empty = |side: Side| {
            self.scene
                .view(side, self.field)
                .is_none_or(Value::is_empty)
        };
        if !empty(Side::Left) && !empty(Side::Right) {
            decisions.record(self.scene, self.field, winner);
        }
        Ok(winner.map_or(Decision::Held(Hold::First), |winner| {
            crosses(winner, Cause::First)
        }))
    }

    /// Whose value a created item takes: its source's, unless a person has changed it there since. Then that crosses back,
    /// and is a conflict where the source has changed as well.
    fn since_birth(&self, source: Side, decisions: &mut Decisions) -> Option<Side> {
        let made = source.other();
        let native = &self.scene.contract_of(self.field).native;
        let target = self.scene.side(made);
        let told = |native: &FieldName| target.capabilities.field_history.contains(native.as_str());
        if !target.since_birth && native.get(made).iter().any(told) {
            decisions.asks.insert(self.field.clone(), made);
            return Some(source);
        }
        if last_change(target, native.get(made)).is_none() {
            return Some(source);
        }
        let mut sources = native.get(source).iter();
        if sources.any(|native| self.scene.is_other_than_base(source, native)) {
            return by_policy(self.scene, self.field, native);
        }
        Some(made)
    }

    /// The one side that is not empty; the left one when both are empty; none when both are filled.
    fn only_filled_side(&self) -> Option<Side> {
        let filled = |side: Side| {
            self.scene
                .view(side, self.field)
                .is_some_and(|value| !value.is_empty())
        };
        match (filled(Side::Left), filled(Side::Right)) {
            (true, true) => None,
            (_, false) => Some(Side::Left),
            (false, true) => Some(Side::Right),
        }
    }

    fn one_changed(&self, side: Side, decisions: &mut Decisions) -> Result<Decision, RuleError> {
        let contract = self.scene.contract_of(self.field);
        if contract.direction.leaves(side) {
            if self.is_cut_on(side) && !self.in_step()? {
                return Ok(Decision::Held(Hold::Cut));
            }
            return Ok(crosses(side, Cause::Changed));
        }
        if self.in_step()? {
            return Ok(Decision::InStep);
        }
        let source = side.other();
        match contract.drift {
            Drift::Keep => Ok(Decision::Rests),
            Drift::Restore if self.scene.view(source, self.field).is_none() => Ok(Decision::Rests),
            Drift::Restore => {
                decisions.record(self.scene, self.field, Some(source));
                Ok(crosses(source, Cause::Restored))
            }
        }
    }

    fn both_changed(&self, decisions: &mut Decisions) -> Result<Decision, RuleError> {
        if self.in_step()? {
            return Ok(Decision::InStep);
        }
        let contract = self.scene.contract_of(self.field);
        let (left, right) = (
            self.scene.view(Side::Left, self.field),
            self.scene.view(Side::Right, self.field),
        );
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(Decision::Rests);
        };
        let two_way = contract.direction == Direction::Both;
        if two_way && both_sets(left, right) {
            return Ok(Decision::Merges);
        }
        let winner = match (contract.direction, contract.conflict) {
            (Direction::ToRight, _) => Some(Side::Left),
            (Direction::ToLeft, _) => Some(Side::Right),
            (Direction::Both, conflict) => {
                let texts = matches!((left, right), (Value::Rich(_), Value::Rich(_)));
                let is_cut = Side::BOTH.iter().any(|side| self.is_cut_on(*side));
                if conflict == Conflict::Merge && texts && !is_cut {
                    return Ok(Decision::Merges);
                }
                by_policy(self.scene, self.field, &contract.native)
            }
        };
        decisions.record(self.scene, self.field, winner);
        Ok(match winner {
            None => Decision::Held(Hold::Conflict),
            Some(winner) if self.is_cut_on(winner) => Decision::Held(Hold::Cut),
            Some(winner) => crosses(winner, Cause::Won),
        })
    }
}

/// Decides a native field that changed on the target since its base although no view shows it (R5), where `from`'s value
/// is about to overwrite it.
pub(super) fn decide_hidden(
    scene: &Scene<'_>,
    from: Side,
    field: &ReplicaField,
    native: &FieldName,
) -> Option<Side> {
    let contract = scene.contract_of(field);
    if contract.direction != Direction::Both {
        return Some(from);
    }
    let mut natives = contract.native.clone();
    *natives.get_mut(from.other()) = BTreeSet::from([native.clone()]);
    by_policy(scene, field, &natives)
}

/// Whom a two-way field's policy lets win, where these native fields changed on both sides; `None`: nobody.
fn by_policy(
    scene: &Scene<'_>,
    field: &ReplicaField,
    natives: &Sides<BTreeSet<FieldName>>,
) -> Option<Side> {
    let contract = scene.contract_of(field);
    match contract.conflict {
        Conflict::Left => Some(Side::Left),
        Conflict::Right => Some(Side::Right),
        Conflict::Latest => Some(later_side(scene, natives).unwrap_or(contract.tie)),
        Conflict::Merge | Conflict::Hold => None,
    }
}
