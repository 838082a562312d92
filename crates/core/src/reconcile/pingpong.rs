//! Ping-pong: a tracker's automation that answers our writes, which we answer, without end.
//!
//! Echo is suppressed by state and never by author, so an automation's change crosses like a person's. Two signs tell a
//! loop from work: a chain of changes that each follow our last write within moments and is longer than the cluster, and
//! the same write to the same field again and again. Either freezes that one field.

use super::facts::RecentWrite;
use super::views::Scene;
use crate::digest::Digest;
use crate::effect::FieldWrite;
use crate::names::{FieldName, ReplicaField, Side};
use std::time::Duration;

/// How far back repeated writes count, and so how long the engine keeps [`RecentWrite`]s.
pub const WINDOW: Duration = Duration::from_secs(600);

/// A change that we see this soon after our own write to the same field counts as its answer.
pub const ANSWER_WINDOW: Duration = Duration::from_secs(10);

/// The same write to the same field this often within the window, and one more, is an alternation.
pub const MAX_REPEATS: usize = 4;

/// How many of our writes led to the present value of a field on its source side; 0 when a person's change did.
pub(super) fn hops(scene: &Scene<'_>, from: Side, field: &ReplicaField) -> u32 {
    let natives = scene.contract_of(field).native.get(from);
    let ours = scene.side(from).recent.iter().filter(|write| {
        let answered = scene.facts.now.since(write.at) <= ANSWER_WINDOW;
        answered && (natives.is_empty() || natives.contains(&write.field))
    });
    ours.map(|write| write.hops.saturating_add(1))
        .max()
        .unwrap_or(0)
}

/// What makes a write part of a ping-pong; `None`: it is none.
pub(super) fn judge(
    scene: &Scene<'_>,
    to: Side,
    native: &FieldName,
    write: &FieldWrite,
    hops: u32,
) -> Option<String> {
    if hops > scene.facts.cluster_size {
        return Some(format!(
            "{native} on the {to} side answers our own writes: {hops} in a row, each within {} s",
            ANSWER_WINDOW.as_secs()
        ));
    }
    let digest = Digest::of(write);
    let same = |recent: &&RecentWrite| {
        recent.field == *native
            && recent.write == digest
            && scene.facts.now.since(recent.at) <= WINDOW
    };
    let repeats = scene.side(to).recent.iter().filter(same).count();
    (repeats >= MAX_REPEATS).then(|| {
        format!(
            "{native} on the {to} side was set to the same value {repeats} times within {} s and changed back",
            WINDOW.as_secs()
        )
    })
}
