//! Who changed a field later, by the trackers' own field histories.

use super::facts::SideFacts;
use super::views::Scene;
use crate::effect::FieldChange;
use crate::names::{FieldName, Side, Sides};
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// Two changes closer together than this are not told apart: `tie` decides. Covers whole-second histories and the error
/// of a measured clock skew.
pub const TOLERANCE: Duration = Duration::from_secs(2);

/// How much longer than our own record an attempt of ours may have taken on the tracker's clock.
const ATTEMPT_MARGIN: Duration = Duration::from_secs(2);

/// The side that changed its native fields later; `None` when a history says nothing, or within the tolerance.
pub(super) fn later_side(scene: &Scene<'_>, natives: &Sides<BTreeSet<FieldName>>) -> Option<Side> {
    let left = last_change(scene.side(Side::Left), natives.get(Side::Left))?;
    let right = last_change(scene.side(Side::Right), natives.get(Side::Right))?;
    let apart = left.since(right).max(right.since(left));
    if apart <= TOLERANCE {
        return None;
    }
    Some(if left > right {
        Side::Left
    } else {
        Side::Right
    })
}

/// When a person last changed one of these fields, by our clock.
pub(super) fn last_change(
    side: &SideFacts<'_>,
    natives: &BTreeSet<FieldName>,
) -> Option<Timestamp> {
    let changes = side
        .history
        .iter()
        .filter(|change| natives.contains(&change.field));
    let by_people = changes.filter(|change| !is_ours(side, change));
    by_people.map(|change| our_time(side, change)).max()
}

fn our_time(side: &SideFacts<'_>, change: &FieldChange) -> Timestamp {
    Timestamp::from_millis(change.at.as_millis().saturating_sub(side.skew_ms))
}

/// Whether a row of the history is the trace of an attempt of ours. Our account alone does not say so: a person may use
/// it, and its automations are a person's will too.
fn is_ours(side: &SideFacts<'_>, change: &FieldChange) -> bool {
    let at = our_time(side, change);
    side.accounts.contains(&change.by)
        && side.own_attempts.iter().any(|attempt| {
            attempt.fields.contains(&change.field)
                && at >= attempt.from.minus(ATTEMPT_MARGIN)
                && at <= attempt.to.plus(ATTEMPT_MARGIN)
        })
}
