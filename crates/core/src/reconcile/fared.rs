//! How each field of a plan fared, and what advances by it (R6, R7).

use super::hybrid::Advanced;
use super::plan::{Decision, Plan, Working};
use super::settle::End;
use super::values::{
    answers, carry_elements, confirm_elements, is_set, may_answer, respelled, same_opt,
};
use super::views::{is_untouched, is_workflow};
use crate::contract::{Contract, Drift};
use crate::effect::Applied;
use crate::item::Value;
use crate::names::{ReplicaField, Side, Sides};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What advances on one side: the new base values, and where their native values come from.
pub(super) type Advance = BTreeMap<ReplicaField, (Value, Advanced)>;

/// How one field fared on its way to a side.
enum Fared {
    /// Nothing had to be written, or it was written: the target's base becomes this, where it shows the field.
    Arrived(Option<Value>, Advanced),
    /// The tracker cannot take it (R7).
    Waived(String),
    /// Not written.
    Missed,
}

pub(super) struct Settling<'a> {
    pub(super) plan: &'a Plan,
    pub(super) contract: &'a Contract,
    pub(super) ends: &'a Sides<End>,
    pub(super) field: &'a ReplicaField,
}

impl Settling<'_> {
    pub(super) fn settle(
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
            Decision::Crosses { from, .. } => self.crossed(*from, advance, waived),
            Decision::Merges => self.merged(advance, waived),
            Decision::Waived { from, reason } => {
                self.waive(*from, reason.clone(), advance, waived);
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
        advance
            .get_mut(side)
            .insert(self.field.clone(), (value, from));
    }

    fn crossed(
        &self,
        from: Side,
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
            Fared::Waived(reason) => self.waive(from, reason, advance, waived),
            Fared::Missed => {}
        }
    }

    /// Seen, and not applicable (R7). A target that was never in step stands by what it shows from now on: left unset, it
    /// would be asked at every look, and `first` could take its default for a value to send back. So does one whose own
    /// change was to be taken back: that was tried, and would be again at every look.
    fn waive(
        &self,
        from: Side,
        reason: String,
        advance: &mut Sides<Advance>,
        waived: &mut BTreeMap<ReplicaField, String>,
    ) {
        waived.insert(self.field.clone(), reason);
        self.follow_view(from, advance);
        let to = from.other();
        let taken_back = self
            .contract
            .fields
            .get(self.field)
            .is_some_and(|field| field.drift == Drift::Restore && !field.direction.leaves(to));
        // Its own change has lost against the one that is waived: it does not cross at the next look after all.
        let lost = self.base(to).is_some() && !same_opt(self.base(to), self.view(to));
        if self.base(to).is_some() && !taken_back && !lost {
            return;
        }
        let end = self.ends.get(to);
        let after = end.after.as_ref();
        if let Some(value) = after.and_then(|(_, after)| after.fields.get(self.field)) {
            self.put(to, value.clone(), Advanced::After, advance);
        } else if !end.creates {
            self.follow_view(to, advance);
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
        let mut shown = view;
        let predicted = self.predicted(side);
        if let (Fared::Arrived(_, origin), Some(predicted)) = (fared.get(side), &predicted) {
            value = carry_elements(view, predicted, &value).unwrap_or(value);
            from = *origin;
            shown = predicted;
        }
        let value = self.agreed(side, &value, shown).unwrap_or(value);
        self.put(side, value, from, advance);
    }

    /// A base with those of the other side's element edits that are shown here: what was here already needed no write,
    /// and has arrived.
    fn agreed(&self, side: Side, base: &Value, shown: &Value) -> Option<Value> {
        let other = side.other();
        let theirs = carry_elements(self.base(other)?, self.view(other)?, base)?;
        confirm_elements(base, &theirs, shown)
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
        self.compare(to, after.fields.get(self.field), applied)
    }

    /// Whether the field is reached through a workflow, which takes steps of its own after a creation.
    fn is_workflow(&self, to: Side) -> bool {
        let natives = self.working(to).natives.get(self.field);
        natives.is_some_and(|natives| natives.iter().any(is_workflow))
    }

    /// Whether somebody wrote after us, where the tracker tells our write's own version: then a value that is as it was
    /// before was put back. Else the tracker may have dropped it without a word.
    fn has_changed_since(&self, to: Side, applied: &Applied) -> bool {
        let after = self.ends.get(to).after.as_ref();
        let now = after.map(|(item, _)| &item.version);
        now.zip(applied.version.as_ref())
            .is_some_and(|(now, ours)| now.order(ours) == Ordering::Greater)
    }

    /// What the field was expected to show after the writes to a side, its elements as the tracker spells them since.
    fn predicted(&self, side: Side) -> Option<Value> {
        let predicted = self.working(side).predicted.fields.get(self.field)?;
        let after = self.ends.get(side).after.as_ref();
        let after = after.and_then(|(_, view)| view.fields.get(self.field));
        let as_taken = after.and_then(|after| respelled(predicted, self.view(side), after));
        Some(as_taken.unwrap_or_else(|| predicted.clone()))
    }

    /// Compares the value after the write with the prediction.
    fn compare(&self, to: Side, after: Option<&Value>, applied: &Applied) -> Fared {
        let creates = self.ends.get(to).creates;
        let before = self.view(to);
        let predicted = self.predicted(to);
        let predicted = predicted.as_ref();
        if is_answer(predicted, after, before) || (applied.adjacent && !creates) {
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
        if same_opt(Some(after), before) && !self.has_changed_since(to, applied) {
            return Fared::Missed;
        }
        if is_set(predicted) && self.base(to).is_some() {
            // The elements that we wrote advance; those that somebody changed meanwhile cross.
            let base = self.base(to).unwrap_or(predicted);
            let value = carry_elements(before.unwrap_or(&Value::Empty), predicted, base);
            return Fared::Arrived(value, Advanced::Draft);
        }
        // Our write was taken, and somebody made this of it: with the prediction as its base it crosses, even where it was
        // put back to what it was before.
        Fared::Arrived(Some(predicted.clone()), Advanced::Draft)
    }
}

/// Whether the value after our write is what was predicted. A person whose id was not known at the write is told by what
/// the tracker shows; where it hides that, by being somebody else than before.
fn is_answer(predicted: Option<&Value>, after: Option<&Value>, before: Option<&Value>) -> bool {
    match (predicted, after) {
        (Some(predicted), Some(after)) => {
            answers(predicted, after)
                || (may_answer(predicted, after) && !same_opt(Some(after), before))
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
