//! What follows from a plan's outcomes for the bases (R6, R7).

use super::facts::{Base, Facts};
use super::hybrid::{Advanced, hybrid};
use super::outcome::{Outcome, Outcomes, Settled};
use super::plan::{Cause, Decision, Plan, Working};
use super::rest::is_at_rest;
use super::values::{carry_elements, is_set, same, same_opt};
use super::views::{is_untouched, is_workflow, link};
use crate::digest::Digest;
use crate::effect::{Applied, Effect};
use crate::item::{Item, Value};
use crate::names::{ReplicaField, Side, Sides};
use crate::rules::{RuleError, Rules};
use crate::view::View;
use std::collections::BTreeMap;

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
    for (planned, outcome) in plan.effects.iter().zip(&outcomes.effects) {
        let Outcome::Done(applied) = outcome else {
            continue;
        };
        if let Some(step) = &planned.comment {
            let id = applied.comment.as_ref().map(|comment| comment.id.as_str());
            settled.comments.extend(step.settled(id));
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
    let mut advance = Sides::<Advance>::default();
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
            ends: &ends,
            field,
        };
        field.settle(decision, &mut advance, &mut settled.waived);
    }
    for side in Side::BOTH {
        let base = base_after(plan, facts, rules, side, ends.get(side), advance.get(side));
        *settled.bases.get_mut(side) = base;
    }
    settled.at_rest = is_at_rest(plan, outcomes, &ends, &settled);
    Ok(settled)
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

/// What advances on one side: the new base values, and where their native values come from.
#[derive(Debug, Default)]
pub(super) struct Advance {
    pub(super) values: BTreeMap<ReplicaField, (Value, Advanced)>,
    /// Fields that this side sent at the creation and that did not arrive.
    pub(super) pending: Vec<ReplicaField>,
    /// Fields that are no longer pending.
    pub(super) arrived: Vec<ReplicaField>,
}

/// How one field fared on its way to a side.
enum Fared {
    /// Nothing had to be written, or it was written: the target's base becomes this, where it shows the field.
    Arrived(Option<Value>, Advanced),
    /// The write was taken, and then somebody changed the value: the target keeps its base, so that this crosses.
    Shifted,
    /// The tracker cannot take it (R7).
    Waived(String),
    /// Not written.
    Missed,
}

struct Settling<'a> {
    plan: &'a Plan,
    ends: &'a Sides<End>,
    field: &'a ReplicaField,
}

impl Settling<'_> {
    fn settle(
        &self,
        decision: &Decision,
        advance: &mut Sides<Advance>,
        waived: &mut BTreeMap<ReplicaField, String>,
    ) {
        match decision {
            Decision::InStep => {
                for side in Side::BOTH {
                    self.follow_view(side, advance);
                }
            }
            Decision::Crosses { from, cause } => self.crossed(*from, *cause, advance, waived),
            Decision::Merges => self.merged(advance, waived),
            Decision::Waived { from, reason } => {
                waived.insert(self.field.clone(), reason.clone());
                self.follow_view(*from, advance);
            }
            Decision::Held(_) | Decision::Rests => {}
        }
    }

    fn working(&self, side: Side) -> &Working {
        self.plan.working.get(side)
    }

    fn view(&self, side: Side) -> Option<&Value> {
        self.working(side).view.fields.get(self.field)
    }

    fn base(&self, side: Side) -> Option<&Value> {
        self.working(side).base.as_ref()?.fields.get(self.field)
    }

    /// The side's base becomes the view that was planned from.
    fn follow_view(&self, side: Side, advance: &mut Sides<Advance>) {
        if let Some(value) = self.view(side) {
            self.put(side, value.clone(), Advanced::Planned, advance);
        }
    }

    fn put(&self, side: Side, value: Value, from: Advanced, advance: &mut Sides<Advance>) {
        let advance = advance.get_mut(side);
        advance.arrived.push(self.field.clone());
        advance.values.insert(self.field.clone(), (value, from));
    }

    fn crossed(
        &self,
        from: Side,
        cause: Cause,
        advance: &mut Sides<Advance>,
        waived: &mut BTreeMap<ReplicaField, String>,
    ) {
        let to = from.other();
        match self.fared(to) {
            Fared::Arrived(value, origin) => {
                self.follow_view(from, advance);
                if let Some(value) = value {
                    self.put(to, value, origin, advance);
                }
            }
            Fared::Shifted => self.follow_view(from, advance),
            Fared::Waived(reason) => {
                waived.insert(self.field.clone(), reason);
                self.follow_view(from, advance);
            }
            Fared::Missed if cause == Cause::Created => {
                advance.get_mut(from).pending.push(self.field.clone());
            }
            Fared::Missed => {}
        }
    }

    /// Both sides' changes crossed: sets advance by the elements that did, texts when both ways succeeded.
    fn merged(&self, advance: &mut Sides<Advance>, waived: &mut BTreeMap<ReplicaField, String>) {
        let fared = Sides::from_fn(|side| self.fared(side));
        for side in Side::BOTH {
            if let Fared::Waived(reason) = fared.get(side) {
                waived.insert(self.field.clone(), reason.clone());
            }
        }
        let by_element = Side::BOTH
            .iter()
            .any(|side| self.view(*side).is_some_and(is_set));
        if by_element {
            for side in Side::BOTH {
                self.advance_elements(side, &fared, advance);
            }
            return;
        }
        if let (Fared::Arrived(left, left_from), Fared::Arrived(right, right_from)) =
            (fared.left, fared.right)
        {
            let sides = [
                (Side::Left, left, left_from),
                (Side::Right, right, right_from),
            ];
            for (side, value, from) in sides {
                if let Some(value) = value {
                    self.put(side, value, from, advance);
                }
            }
        }
    }

    fn advance_elements(&self, side: Side, fared: &Sides<Fared>, advance: &mut Sides<Advance>) {
        let (Some(view), Some(base)) = (self.view(side), self.base(side)) else {
            return;
        };
        let mut value = base.clone();
        if !matches!(fared.get(side.other()), Fared::Missed) {
            value = carry_elements(base, view, &value).unwrap_or(value);
        }
        let mut from = Advanced::Planned;
        if let (Fared::Arrived(_, origin), Some(predicted)) = (
            fared.get(side),
            self.working(side).predicted.fields.get(self.field),
        ) {
            value = carry_elements(view, predicted, &value).unwrap_or(value);
            from = *origin;
        }
        self.put(side, value, from, advance);
    }

    /// How the field fared on its way to `to`.
    fn fared(&self, to: Side) -> Fared {
        let (working, end) = (self.working(to), self.ends.get(to));
        let natives = working.natives.get(self.field);
        let written: Vec<_> = natives
            .into_iter()
            .flatten()
            .filter(|native| working.writes.contains_key(*native))
            .collect();
        if written.is_empty() && !end.creates {
            return Fared::Arrived(self.view(to).cloned(), Advanced::Planned);
        }
        let Some(applied) = &end.done else {
            return Fared::Missed;
        };
        let reason = written
            .iter()
            .find_map(|native| applied.waived.get(*native));
        if let Some(reason) = reason {
            return Fared::Waived(reason.clone());
        }
        let Some((_, after)) = &end.after else {
            return Fared::Missed;
        };
        self.compare(
            to,
            after.fields.get(self.field),
            applied.adjacent,
            end.creates,
        )
    }

    /// Whether the field is reached through a workflow, which takes steps of its own after a creation.
    fn is_workflow(&self, to: Side) -> bool {
        let natives = self.working(to).natives.get(self.field);
        natives.is_some_and(|natives| natives.iter().any(is_workflow))
    }

    /// Compares the value after the write with the prediction.
    fn compare(&self, to: Side, after: Option<&Value>, adjacent: bool, creates: bool) -> Fared {
        let before = self.view(to);
        let predicted = self.working(to).predicted.fields.get(self.field);
        if same_opt(after, predicted) || (adjacent && !creates) {
            return Fared::Arrived(after.cloned(), Advanced::After);
        }
        let (Some(predicted), Some(after)) = (predicted, after) else {
            // The side does not show the field: nothing to compare, and nothing that could cross back.
            return Fared::Arrived(None, Advanced::After);
        };
        if creates {
            let untouched = self
                .ends
                .get(to)
                .after
                .as_ref()
                .is_none_or(|(item, _)| is_untouched(item));
            return if after.is_empty() || untouched || self.is_workflow(to) {
                Fared::Missed
            } else {
                // The item was born with our value: what it shows instead, a person made of it, and it crosses.
                Fared::Arrived(Some(predicted.clone()), Advanced::Draft)
            };
        }
        if same_opt(Some(after), before) {
            return Fared::Missed;
        }
        if is_set(predicted) && self.base(to).is_some() {
            // The elements that we wrote advance; those that somebody changed meanwhile cross.
            let base = self.base(to).unwrap_or(predicted);
            let value = carry_elements(before.unwrap_or(&Value::Empty), predicted, base);
            return Fared::Arrived(value, Advanced::Draft);
        }
        match self.base(to) {
            // With the old base, what somebody put back would not cross: the whole value, or a block of a text.
            Some(base) if matches!(predicted, Value::Rich(_)) || same(base, after) => {
                Fared::Arrived(Some(predicted.clone()), Advanced::Draft)
            }
            Some(_) => Fared::Shifted,
            // It has no base to keep: with the prediction as its base, what somebody made of it crosses.
            None => Fared::Arrived(Some(predicted.clone()), Advanced::Draft),
        }
    }
}

fn base_after(
    plan: &Plan,
    facts: &Facts<'_>,
    rules: &dyn Rules,
    side: Side,
    end: &End,
    advance: &Advance,
) -> Option<Base> {
    let working = plan.working.get(side);
    let changed = !advance.values.is_empty() || !advance.pending.is_empty() || end.creates;
    if !changed {
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
    let mut pending = old.map(|base| base.pending.clone()).unwrap_or_default();
    let mut advanced = old.map(|base| base.advanced.clone()).unwrap_or_default();
    for field in &advance.arrived {
        pending.remove(field);
    }
    pending.extend(advance.pending.iter().cloned());
    for (field, (value, _)) in &advance.values {
        let stamp = Digest::of(&(advanced.get(field), &newest.version, value));
        advanced.insert(field.clone(), stamp);
        fields.insert(field.clone(), value.clone());
    }
    Some(Base {
        observation: hybrid(rules.contract(), side, working, end, advance, newest),
        rule_version: rules.contract().version,
        fields,
        pending,
        advanced,
        asked: working.asked.clone(),
    })
}
