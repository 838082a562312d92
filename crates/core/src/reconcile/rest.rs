//! Whether a twin is at rest: planning again from the same items would find nothing to do.

use super::facts::{Base, Facts};
use super::outcome::{Outcome, Outcomes, Settled};
use super::plan::{Plan, Standing};
use super::settle::End;
use super::values::same_opt;
use super::views::link;
use crate::contract::Contract;
use crate::effect::Effect;
use crate::item::Item;
use crate::names::{Side, Sides};
use crate::rules::{RuleError, Rules};
use crate::view::View;

/// Cautious: false wherever a later plan could write or settle something, were it only because nobody can tell here.
/// Every write was made and none of them was a comment's; nothing is frozen, waived or waiting; and on both sides the
/// item, as it is now, shows what its new base says and has the comments, and where files cross the files, that were planned
/// with.
pub(super) fn is_at_rest(
    plan: &Plan,
    outcomes: &Outcomes,
    ends: &Sides<End>,
    settled: &Settled,
    contract: &Contract,
) -> bool {
    let waits = plan.standing != Standing::Active
        || plan.more_comments
        || plan.more_attachments
        || !plan.comment_links.is_empty()
        || !plan.attachment_links.is_empty()
        || !settled.held.is_empty()
        || !settled.waived.is_empty();
    !waits
        && all_made(plan, outcomes)
        && Side::BOTH.into_iter().all(|side| {
            let working = plan.working.get(side);
            let before = working.item.as_ref();
            let now = ends.get(side).after.as_ref();
            let (item, view) = match (now, before) {
                (Some((item, view)), _) => (item, view),
                (None, Some(item)) => (item, &working.view),
                (None, None) => return false,
            };
            let base = settled.bases.get(side).as_ref();
            before.is_some_and(|before| {
                has_same_comments(before, item)
                    && (contract.attachments.is_none() || before.attachments == item.attachments)
            }) && base.is_some_and(|base| shows(view, base))
        })
}

/// Whether a side that was shown to its rule as a first sync shows the same when it no longer is one.
pub(super) fn shows_the_same_again(
    plan: &Plan,
    facts: &Facts<'_>,
    rules: &dyn Rules,
    ends: &Sides<End>,
) -> Result<bool, RuleError> {
    let item = |side: Side| plan.working.get(side).item.clone();
    let (Some(left), Some(right)) = (item(Side::Left), item(Side::Right)) else {
        return Ok(true);
    };
    let items = Sides { left, right };
    for side in Side::BOTH {
        if facts.sides.get(side).base.is_some() || ends.get(side).after.is_some() {
            continue;
        }
        let link = link(facts, rules.contract(), &items, side);
        let again = rules.outgoing(side, items.get(side), Some(&link))?;
        if again.view != plan.working.get(side).view {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all_made(plan: &Plan, outcomes: &Outcomes) -> bool {
    plan.effects.iter().enumerate().all(|(index, planned)| {
        matches!(planned.effect, Effect::Update { .. })
            && matches!(outcomes.effects.get(index), Some(Outcome::Done(_)))
            && outcomes.after.get(planned.side).is_some()
    })
}

fn has_same_comments(before: &Item, now: &Item) -> bool {
    before.comments == now.comments
}

/// A field that the view does not show makes no change, whatever the base says; so a field that is pending and not shown
/// waits for nothing that is here.
fn shows(view: &View, base: &Base) -> bool {
    let mut fields = view.fields.iter();
    base.asked.is_empty()
        && fields.all(|(field, value)| same_opt(Some(value), base.fields.get(field)))
}
