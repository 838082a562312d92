//! What happens because time has passed.

use super::event::{Effect, Why};
use super::gate::{Context, EXPIRES_AFTER, Gate, ask, validate};
use super::state::{Change, Kind, Pause, Stage};
use super::validation::Check;
use crate::time::Timestamp;
use std::collections::BTreeSet;

impl Gate {
    pub(super) fn pass_time(
        &mut self,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) {
        for (change, _) in self.changes.extract_if(.., |_, it| expires(it, now)) {
            effects.push(Effect::Expired { change });
        }
        for change in self.changes.values_mut() {
            lapse(change, now, effects);
            renew(change, now, context, effects);
            overrun(change, now, effects);
            let due = (change.validation.as_mut())
                .filter(|it| change.stage == Stage::Verifying && it.until.is_over(now));
            if let Some(validation) = due {
                let missing = std::mem::take(&mut validation.open);
                validation.failed.extend(missing);
                let failed = validation.failed.clone();
                complain(change, failed, effects);
                validate(change, now, context, effects);
            }
        }
    }
}

/// Whether it was planned, and nobody started it.
fn expires(change: &Change, now: Timestamp) -> bool {
    match change.kind {
        Kind::Planned { until, .. } => !change.is_under_way() && now >= until.plus(EXPIRES_AFTER),
        Kind::Noticed { .. } => false,
    }
}

fn lapse(change: &mut Change, now: Timestamp, effects: &mut Vec<Effect>) {
    let here = change.presence.as_ref();
    if change.stage != Stage::Running || here.is_some_and(|(_, wait)| !wait.is_over(now)) {
        return;
    }
    let (id, why) = (change.id, Pause::PresenceLapsed);
    change.stage = Stage::Paused(why);
    effects.push(Effect::Paused { change: id, why });
    effects.push(Effect::Page {
        change: id,
        why: Why::PresenceLapsed,
    });
}

/// Asks again, in time, who is there; all who are on call, where whoever was there is not any more.
pub(super) fn renew(
    change: &mut Change,
    now: Timestamp,
    context: &Context,
    effects: &mut Vec<Effect>,
) {
    if change.stage != Stage::Running {
        return;
    }
    let due = change.renew.take_if(|wait| wait.is_over(now));
    let Some((person, _)) = change.presence.clone().filter(|_| due.is_some()) else {
        return;
    };
    if context.on_call.contains(&person) {
        ask(change, &person, now, effects);
        return;
    }
    for person in &context.on_call {
        ask(change, person, now, effects);
    }
}

fn overrun(change: &mut Change, now: Timestamp, effects: &mut Vec<Effect>) {
    if let Kind::Planned { until, .. } = change.kind
        && change.is_under_way()
        && !change.overran
        && now >= until
    {
        change.overran = true;
        effects.push(Effect::Overran { change: change.id });
    }
}

/// Calls somebody, once until it is proven: the probes say the rest.
pub(super) fn complain(change: &mut Change, failed: BTreeSet<Check>, effects: &mut Vec<Effect>) {
    if !std::mem::replace(&mut change.paged, true) {
        effects.push(Effect::Page {
            change: change.id,
            why: Why::NotProven { failed },
        });
    }
}
