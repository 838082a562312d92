//! What follows from a plan's outcomes for the bases (R6, R7).

use super::facts::{Base, Facts, FieldState};
use super::fared::{Advance, Settling};
use super::hybrid::hybrid;
use super::outcome::{Outcome, Outcomes, Settled};
use super::pending::{keep_unsettled, owe, owed_by_source};
use super::plan::Plan;
use super::rest::{is_at_rest, shows_the_same_again};
use super::told;
use super::views::link;
use crate::digest::Digest;
use crate::effect::{Applied, Effect};
use crate::item::Item;
use crate::names::{ReplicaField, Side, Sides};
use crate::rules::{RuleError, Rules};
use crate::view::View;

/// Turns a plan and what became of it into what to store. A plan that wrote nothing is settled at once with
/// `Outcomes::default()`.
///
/// # Errors
/// When an outgoing rule fails on an item after the write; nothing is settled then, and the next plan finds what had
/// arrived (R4).
pub fn settle(
    plan: &Plan,
    facts: &Facts<'_>,
    rules: &dyn Rules,
    outcomes: &Outcomes,
) -> Result<Settled, RuleError> {
    let mut ends = Sides::<End>::default();
    for side in Side::BOTH {
        *ends.get_mut(side) = end(plan, facts, rules, outcomes, side)?;
    }
    let mut settled = Settled {
        held: plan.held(),
        ..Settled::default()
    };
    take_steps(plan, outcomes, &mut settled);
    let mut advances = Sides::<Advance>::default();
    if Side::BOTH.iter().any(|side| {
        let end = ends.get(*side);
        end.is_missing_item() || end.is_unread_birth()
    }) {
        settled.bases = Sides::from_fn(|side| facts.sides.get(side).base.clone());
        return Ok(settled);
    }
    for (field, decision) in &plan.fields {
        let field = Settling {
            plan,
            contract: rules.contract(),
            ends: &ends,
            field,
        };
        field.settle(decision, &mut advances, &mut settled.waived);
    }
    for side in Side::BOTH {
        let mut base = base_after(plan, facts, rules, side, &ends, advances.get(side));
        if let (true, Some(base)) = (ends.get(side.other()).creates, &mut base) {
            let owed = owed_by_source(rules.contract(), &plan.working.get(side).view);
            let undelivered = |field: &ReplicaField| {
                let arrived = Side::BOTH
                    .iter()
                    .all(|side| advances.get(*side).contains_key(field));
                !arrived || settled.waived.contains_key(field)
            };
            for field in owed.filter(undelivered) {
                let planned = plan.working.get(side).item.as_ref();
                owe(base, rules.contract(), side, field, planned);
            }
        }
        *settled.bases.get_mut(side) = base;
    }
    keep_unsettled(&mut settled.bases);
    settled.cut = told::cut(plan, &advances);
    settled.skipped = told::skipped(plan, facts, &settled.bases);
    settled.at_rest = is_at_rest(plan, outcomes, &ends, &settled, rules.contract())
        && shows_the_same_again(plan, facts, rules, &ends)?;
    Ok(settled)
}

/// What the writes that were made mean for the links, and which item was created.
fn take_steps(plan: &Plan, outcomes: &Outcomes, settled: &mut Settled) {
    for (planned, outcome) in plan.effects.iter().zip(&outcomes.effects) {
        let Outcome::Done(applied) = outcome else {
            continue;
        };
        if let Some(step) = &planned.comment {
            let id = applied.comment.as_ref().map(|comment| comment.id.as_str());
            settled.comments.extend(step.settled(id));
        }
        if let Some(step) = &planned.attachment {
            let id = applied.attachment.as_ref().map(|file| file.id.as_str());
            let link = step.settled(id, applied.refused.as_ref());
            settled.attachments.extend(link);
        }
        if matches!(planned.effect, Effect::Create { .. }) {
            let created = applied.created.clone();
            settled.created =
                created.or_else(|| applied.item.as_ref().map(|item| item.reference.clone()));
        }
    }
    settled
        .comments
        .splice(0..0, plan.comment_links.iter().cloned());
    settled
        .attachments
        .splice(0..0, plan.attachment_links.iter().cloned());
}

/// How the field write on one side ended.
#[derive(Debug, Default)]
pub(super) struct End {
    /// The tracker took it.
    pub(super) done: Option<Applied>,
    pub(super) creates: bool,
    /// The item after it, with its view.
    pub(super) after: Option<(Item, View)>,
}

impl End {
    /// The item was to be created, and was not.
    const fn is_missing_item(&self) -> bool {
        self.creates && self.done.is_none()
    }

    /// The item was created, and what became of it is not known yet: no base can tell our values from a person's. The next
    /// plan finds it as one whose creation was answered to nobody.
    const fn is_unread_birth(&self) -> bool {
        self.creates && self.done.is_some() && self.after.is_none()
    }
}

fn end(
    plan: &Plan,
    facts: &Facts<'_>,
    rules: &dyn Rules,
    outcomes: &Outcomes,
    side: Side,
) -> Result<End, RuleError> {
    let mut end = End::default();
    for (index, planned) in plan.effects.iter().enumerate() {
        let writes_fields = matches!(
            planned.effect,
            Effect::Create { .. } | Effect::Update { .. }
        );
        if planned.side != side || !writes_fields {
            continue;
        }
        end.creates = matches!(planned.effect, Effect::Create { .. });
        if let Some(Outcome::Done(applied)) = outcomes.effects.get(index) {
            end.done = Some((**applied).clone());
        }
    }
    let other = plan.working.get(side.other()).item.as_ref();
    let after = outcomes.after.get(side).as_ref();
    if let (Some(_), Some(after), Some(other)) = (&end.done, after, other) {
        let mut items = Sides::from_fn(|_| after.clone());
        *items.get_mut(side.other()) = other.clone();
        let link = link(facts, rules.contract(), &items, side);
        let view = rules.outgoing(side, after, Some(&link))?.view;
        end.after = Some((after.clone(), view));
    }
    Ok(end)
}

fn base_after(
    plan: &Plan,
    facts: &Facts<'_>,
    rules: &dyn Rules,
    side: Side,
    ends: &Sides<End>,
    advance: &Advance,
) -> Option<Base> {
    let working = plan.working.get(side);
    let end = ends.get(side);
    let created = end.creates || ends.get(side.other()).creates;
    if advance.is_empty() && !created {
        let refreshed = if working.refreshed {
            working.base.clone()
        } else {
            None
        };
        return refreshed.or_else(|| facts.sides.get(side).base.clone());
    }
    let newest = end
        .after
        .as_ref()
        .map(|(item, _)| item)
        .or(working.item.as_ref())?;
    let old = working.base.as_ref();
    let mut fields = old.map(|base| base.fields.clone()).unwrap_or_default();
    let pending = old.map(|base| base.pending.clone()).unwrap_or_default();
    let mut advanced = old.map(|base| base.advanced.clone()).unwrap_or_default();
    for (field, (value, _)) in advance {
        let before = advanced.get(field).and_then(|field| field.state.as_ref());
        let state = FieldState {
            state: Some(Digest::of(&(before, &newest.version, value))),
            skipped: None,
        };
        advanced.insert(field.clone(), state);
        fields.insert(field.clone(), value.clone());
    }
    let mut base = Base {
        observation: hybrid(
            rules.contract(),
            side,
            working,
            end,
            advance,
            newest,
            &fields,
        ),
        rule_version: rules.contract().version,
        fields,
        pending,
        advanced,
        asked: working.asked.clone(),
    };
    for (field, reason) in plan.skipped.get(side) {
        base.note_skip(field, reason);
    }
    Some(base)
}
