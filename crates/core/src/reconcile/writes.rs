//! From decisions to writes: the final drafts, and what they meet on the target.

use super::decide::Decisions;
use super::drafts::{CrossingFields, Drafts, differing};
use super::one_write::OneWrite;
use super::plan::{Cause, ConflictRecord, Decision, Hold, WriteNote};
use super::views::Scene;
use crate::digest::Digest;
use crate::effect::FieldWrite;
use crate::item::Value;
use crate::names::{FieldName, ReplicaField, Side, Sides};
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

pub(super) type Verdicts = BTreeMap<ReplicaField, Verdict>;

/// What a write met.
pub(super) enum Verdict {
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
        let state = base.and_then(|base| base.advanced.get(*field)?.state.as_ref());
        (
            (*field).clone(),
            state.cloned(),
            scene.base(from, field).cloned(),
            scene.view(from, field).cloned(),
        )
    };
    Digest::of(&fields.iter().map(change).collect::<Vec<_>>())
}
