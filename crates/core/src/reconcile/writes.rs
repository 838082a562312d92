//! From decisions to writes: the final drafts, and what they meet on the target.

use super::decide::{Decisions, decide_hidden};
use super::drafts::{CrossingFields, Drafts, differing};
use super::pingpong;
use super::plan::{Cause, ConflictRecord, Decision, Hold, WriteNote};
use super::texts::{Texts, beyond_limit, far_beyond_limit};
use super::values::{Crossing, cross, same, write_between};
use super::views::{Mark, Scene};
use crate::contract::{Conflict, Direction};
use crate::digest::Digest;
use crate::effect::FieldWrite;
use crate::item::Value;
use crate::names::{FieldName, ReplicaField, Side, Sides};
use crate::richtext::LossKind;
use crate::rules::{RuleError, ScriptComment};
use std::collections::{BTreeMap, BTreeSet};

/// What is written to one side.
#[derive(Debug, Default)]
pub(super) struct SideWrites {
    pub(super) fields: BTreeMap<FieldName, (FieldWrite, WriteNote)>,
    /// The native fields of each crossing replica field.
    pub(super) natives: BTreeMap<ReplicaField, BTreeSet<FieldName>>,
    /// What a script assigned and nothing declares.
    pub(super) scripted: BTreeSet<FieldName>,
    /// What the script asks for, each with the digest of the causing change.
    pub(super) comments: Vec<(ScriptComment, Digest)>,
    pub(super) cut: BTreeMap<ReplicaField, usize>,
    pub(super) trace: Vec<String>,
}

/// Makes the writes of both directions. Where a write meets something that changes a decision (a rule's hold, a clash, a
/// hidden change, a ping-pong) the decision is changed and the drafts are made again. Each round settles at least one
/// field for good, so the rounds are bounded by the number of fields.
pub(super) fn write(
    scene: &Scene<'_>,
    decisions: &mut Decisions,
) -> Result<Sides<SideWrites>, RuleError> {
    let rounds = 4 * scene.contract.fields.len() + 1;
    for _ in 0..rounds {
        let mut writes = Sides::<SideWrites>::default();
        let mut verdicts = Verdicts::new();
        for from in Side::BOTH {
            *writes.get_mut(from.other()) = write_to(scene, from, decisions, &mut verdicts)?;
        }
        if verdicts.is_empty() {
            return Ok(writes);
        }
        for (field, verdict) in verdicts {
            verdict.apply(scene, &field, decisions);
        }
    }
    unreachable!("every round settles a field for good")
}

type Verdicts = BTreeMap<ReplicaField, Verdict>;

/// What a write met.
enum Verdict {
    /// The field is decided otherwise.
    Becomes(Decision),
    /// The target cannot take the change block by block: it is written whole.
    Whole,
    /// The target changed where no view shows it (R5), and the winner is this; `None`: it is held.
    Hidden {
        from: Side,
        native: FieldName,
        winner: Option<Side>,
    },
}

impl Verdict {
    fn apply(self, scene: &Scene<'_>, field: &ReplicaField, decisions: &mut Decisions) {
        let decision = match self {
            Self::Becomes(decision) => {
                match &decision {
                    Decision::Held(Hold::Conflict) => decisions.record(scene, field, None),
                    // Nobody has won after all, and the next look judges anew.
                    Decision::Held(hold) if !hold.is_sticky() => decisions.withdraw(field),
                    _ => {}
                }
                decision
            }
            Self::Whole => {
                decisions.whole.insert(field.clone());
                return;
            }
            Self::Hidden {
                from,
                native,
                winner,
            } => {
                decisions.judged.insert(field.clone());
                record_hidden(scene, from, field, &native, winner, decisions);
                match winner {
                    Some(winner) if winner == from => return,
                    Some(winner) => yield_to(scene, winner, field),
                    None => Decision::Held(Hold::Conflict),
                }
            }
        };
        decisions.fields.insert(field.clone(), decision);
    }
}

fn record_hidden(
    scene: &Scene<'_>,
    from: Side,
    field: &ReplicaField,
    native: &FieldName,
    winner: Option<Side>,
    decisions: &mut Decisions,
) {
    let mut values = Sides::<Option<Value>>::default();
    *values.get_mut(from) = scene.view(from, field).cloned();
    *values.get_mut(from.other()) = scene.items.get(from.other()).fields.get(native).cloned();
    decisions.conflicts.push(ConflictRecord {
        field: field.clone(),
        values,
        native: Some(native.clone()),
        winner,
    });
}

/// The target won with a change that no view shows: its value crosses back where it can.
fn yield_to(scene: &Scene<'_>, winner: Side, field: &ReplicaField) -> Decision {
    let can_cross = scene.contract_of(field).direction.leaves(winner);
    if can_cross && scene.view(winner, field).is_some() {
        return Decision::Crosses {
            from: winner,
            cause: Cause::Won,
        };
    }
    Decision::Waived {
        from: winner.other(),
        reason: format!("the {winner} side's own change wins"),
    }
}

fn write_to(
    scene: &Scene<'_>,
    from: Side,
    decisions: &Decisions,
    verdicts: &mut Verdicts,
) -> Result<SideWrites, RuleError> {
    let crossing = decisions.crossing(from);
    if crossing.is_empty() {
        return Ok(SideWrites::default());
    }
    let drafts = scene.drafts(from, &crossing)?;
    heed_the_rule(from, &crossing, &drafts, decisions, verdicts);
    let mut writes = SideWrites {
        comments: new_comments(scene, from, &crossing, &drafts)?,
        cut: drafts.d1.cut.clone(),
        trace: drafts.d1.trace.clone(),
        scripted: scene.scripted(from.other(), &drafts.d1),
        ..SideWrites::default()
    };
    writes.cut.retain(|field, _| crossing.contains_key(field));
    for native in differing(&drafts) {
        let one = OneWrite {
            scene,
            from,
            crossing: &crossing,
            drafts: &drafts,
            decisions,
            native: &native,
        };
        one.make(&mut writes, verdicts)?;
    }
    Ok(writes)
}

/// Holds and waivers by the incoming rule, for fields that cross. A person's release overrides a rule's hold.
fn heed_the_rule(
    from: Side,
    crossing: &CrossingFields,
    drafts: &Drafts,
    decisions: &Decisions,
    verdicts: &mut Verdicts,
) {
    for field in crossing.keys() {
        let held = drafts
            .d1
            .held
            .get(field)
            .filter(|_| !decisions.is_released(field));
        let verdict = if let Some(reason) = held {
            Decision::Held(Hold::Rule {
                reason: reason.clone(),
            })
        } else if let Some(reason) = drafts.d1.waived.get(field) {
            Decision::Waived {
                from,
                reason: reason.clone(),
            }
        } else {
            continue;
        };
        verdicts.insert(field.clone(), Verdict::Becomes(verdict));
    }
}

/// The comments that the script asks for because of the crossing fields.
fn new_comments(
    scene: &Scene<'_>,
    from: Side,
    crossing: &CrossingFields,
    drafts: &Drafts,
) -> Result<Vec<(ScriptComment, Digest)>, RuleError> {
    let asks = |drafts: &Drafts, comment: &ScriptComment| {
        drafts.d1.comments.contains(comment) && !drafts.d0.comments.contains(comment)
    };
    let mut new = Vec::new();
    for comment in &drafts.d1.comments {
        if !asks(drafts, comment) {
            continue;
        }
        let mut causes = BTreeSet::new();
        for (field, whole) in crossing {
            let alone = CrossingFields::from([(field.clone(), *whole)]);
            if crossing.len() > 1 && asks(&scene.drafts(from, &alone)?, comment) {
                causes.insert(field);
            }
        }
        // Only the fields together ask for it.
        if causes.is_empty() {
            causes.extend(crossing.keys());
        }
        new.push((comment.clone(), changes(scene, from, &causes)));
    }
    Ok(new)
}

/// The changes that make a script's comment unique: from which state of their fields, and to which value. While such a
/// field's write fails this stays the same, whatever becomes of other fields.
fn changes(scene: &Scene<'_>, from: Side, fields: &BTreeSet<&ReplicaField>) -> Digest {
    let base = scene.bases.get(from).as_ref();
    let change = |field: &&ReplicaField| {
        let state = base.and_then(|base| base.advanced.get(*field));
        (
            (*field).clone(),
            state.cloned(),
            scene.base(from, field).cloned(),
            scene.view(from, field).cloned(),
        )
    };
    Digest::of(&fields.iter().map(change).collect::<Vec<_>>())
}

struct OneWrite<'a> {
    scene: &'a Scene<'a>,
    from: Side,
    crossing: &'a CrossingFields,
    drafts: &'a Drafts,
    decisions: &'a Decisions,
    native: &'a FieldName,
}

impl OneWrite<'_> {
    fn make(&self, writes: &mut SideWrites, verdicts: &mut Verdicts) -> Result<(), RuleError> {
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
        let texts = Texts::between(scene, self.from);
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
        let overwrites = self.overwrites(target);
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
    fn overwrites(&self, target: Option<&Value>) -> bool {
        let base = self.scene.bases.get(self.from.other()).as_ref();
        let then = base.and_then(|base| base.observation.fields.get(self.native));
        match (then, target) {
            (Some(then), Some(now)) => !same(then, now),
            (None, _) | (_, None) => false,
        }
    }

    /// One block changed on both sides, or lost its form on the target.
    fn clash(&self, causes: &BTreeSet<ReplicaField>, verdicts: &mut Verdicts) {
        let target = self
            .scene
            .items
            .get(self.from.other())
            .fields
            .get(self.native);
        for field in causes {
            let merging = self.decisions.fields.get(field) == Some(&Decision::Merges);
            let asks = self.scene.contract_of(field).conflict == Conflict::Hold;
            let verdict = if merging || (asks && !self.overwrites(target)) {
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
