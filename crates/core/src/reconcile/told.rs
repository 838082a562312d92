//! What settling tells of losses, each once for every change.

use super::facts::Facts;
use super::fared::Advance;
use super::plan::{Decision, Plan};
use crate::names::{ReplicaField, Side, Sides};
use crate::reconcile::Base;
use std::collections::BTreeMap;

/// What `max` took from values that have arrived, by the side that it is lost on.
pub(super) fn cut(plan: &Plan, advance: &Sides<Advance>) -> Sides<BTreeMap<ReplicaField, usize>> {
    let mut cut = Sides::<BTreeMap<_, _>>::default();
    for (field, decision) in &plan.fields {
        for from in Side::BOTH
            .into_iter()
            .filter(|from| leaves(decision, *from))
        {
            let arrived = advance.get(from).contains_key(field);
            if let Some(lost) = plan.cut.get(from.other()).get(field).filter(|_| arrived) {
                cut.get_mut(from.other()).insert(field.clone(), *lost);
            }
        }
    }
    cut
}

fn leaves(decision: &Decision, side: Side) -> bool {
    match decision {
        Decision::Crosses { from, .. } => *from == side,
        Decision::Merges => true,
        Decision::InStep | Decision::Waived { .. } | Decision::Held(_) | Decision::Rests => false,
    }
}

/// The fields that the outgoing rules leave out and that no base knows of. While a side has no base nothing is told: it
/// could not be remembered.
pub(super) fn skipped(
    plan: &Plan,
    facts: &Facts<'_>,
    bases: &Sides<Option<Base>>,
) -> Sides<BTreeMap<ReplicaField, String>> {
    Sides::from_fn(|side| {
        let mut skipped = plan.skipped.get(side).clone();
        let before = facts.sides.get(side).base.as_ref();
        skipped.retain(|field, reason| {
            bases.get(side).is_some() && !before.is_some_and(|base| base.knows_skip(field, reason))
        });
        skipped
    })
}
