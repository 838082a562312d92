//! A look at one item, for signs that are worth no more unless that item has changed: the second look at a version of
//! whole seconds, and the echo of our own write.

use super::context::Context;
use super::execute::Executed;
use super::observe::{Observation, observe};
use super::trouble::Trouble;
use crate::host::Inner;
use crate::node::Node;
use crate::rests::Look;
use crate::scheduler::Started;
use std::sync::Arc;
use twinline_core::digest::Digest;
use twinline_core::names::{LinkId, Side, Sides};
use twinline_core::reconcile::Plan;
use twinline_store::host::TwinState;

/// What was seen of the items that the signs name; `None` when the twin rests as it was left. `known`: how it was left.
pub(super) async fn glance(
    host: &Inner,
    started: &Started,
    nodes: &Sides<Arc<Node>>,
    context: &Context,
    known: Option<Sides<Look>>,
) -> Result<Option<Sides<Option<Observation>>>, Trouble> {
    let mut seen = Sides::default();
    let marks = &started.marks;
    let suffices = marks.iter().all(|mark| mark.glance)
        && context.open.is_empty()
        && context.twin.state == TwinState::Live;
    let Some(mut known) = known.filter(|_| suffices) else {
        return Ok(Some(seen));
    };
    let (mut looked, mut rests) = (false, true);
    for side in Side::BOTH {
        let item = context.item(side);
        let Some(item) = item.filter(|item| marks.iter().any(|mark| mark.item == *item)) else {
            continue;
        };
        let look = observe(nodes.get(side), &host.env, &host.metrics, &item).await?;
        let theirs = nodes.get(side).theirs(look.comments_at);
        let again = look
            .seen
            .item()
            .and_then(|item| known.get(side).again(item, theirs));
        match again {
            Some(again) if look.moved.is_none() && look.provisional_until.is_none() => {
                *known.get_mut(side) = again;
            }
            _ => rests = false,
        }
        looked = true;
        *seen.get_mut(side) = Some(look);
    }
    if !looked || !rests {
        return Ok(Some(seen));
    }
    host.metrics.glances.inc();
    host.rests.put(context.twin.link.clone(), known);
    Ok(None)
}

/// Remembers with which observations a twin came to rest.
pub(super) fn remember(
    host: &Inner,
    nodes: &Sides<Arc<Node>>,
    link: &LinkId,
    observed: &Sides<Observation>,
    plan: &Plan,
    executed: &Executed,
) {
    let look = |side: Side| {
        let observation = observed.get(side);
        let theirs = nodes.get(side).theirs(observation.comments_at);
        if let Some(after) = executed.after.get(side) {
            return Some(Look::of(after, Digest::of(after), theirs));
        }
        let digest = plan.valid_for.observations.get(side).clone()?;
        Some(Look::of(observation.seen.item()?, digest, theirs))
    };
    if let (Some(left), Some(right)) = (look(Side::Left), look(Side::Right)) {
        host.rests.put(link.clone(), Sides { left, right });
    }
}
