//! Deliveries that were refused, by node, until the host that has the node knows: it sweeps for what they told.
//!
//! A tracker that is told to come later may not come. So whatever is refused leaves a mark at its node, and the owner of the
//! node's group is told with its next pull, as soon as deliveries are taken again. It says that it has heard, and the mark
//! goes, unless something was refused since. Marks are in memory. On disk there is a word that says that there is none: an
//! edge that ends in good order leaves it, and one that begins takes it away. Who finds none, or finds that nobody listened
//! for too long, cannot know what was not taken, and marks every node that has webhooks.
//!
//! A node that is in no group yet has nobody to hear: its mark stays until it is in one, and keeps nobody waiting till then.

use crate::Shared;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::inbox::Route;
use twinline_store::{Epoch, GroupId, StoreError};

/// A node that refuses no more for so long is taken to accept again: its host sweeps once, and not for each delivery.
const QUIET: Duration = Duration::from_secs(2);
/// One of which something is refused all the time is told after so long all the same.
const TOLD_AFTER: Duration = Duration::from_secs(30);
/// How often is looked for what is to be told.
const PERIOD: Duration = Duration::from_millis(500);
/// Callers that found nobody for so long may have given up.
const UNANSWERED_MAX: Duration = Duration::from_secs(5);

/// What was refused of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Since when; `None`: nobody knows.
    pub(crate) since: Option<Timestamp>,
    /// Until when. Rises with each refusal, so that it tells what was heard of from what came later.
    pub(crate) until: Timestamp,
}

struct Mark {
    refused: Refused,
    first: Instant,
    last: Instant,
    /// Whether the node is in a group that somebody can own: else nobody can be told, and whoever begins to work on it sweeps.
    is_placed: bool,
}

/// The marks of all nodes. Bounded by the directory: only nodes that there are have one.
#[derive(Default)]
pub(crate) struct Refusals {
    marks: Mutex<BTreeMap<NodeName, Mark>>,
    /// Deliveries that are not answered yet.
    open: AtomicUsize,
}

impl Refusals {
    /// A delivery of the node was refused.
    pub(crate) fn note(&self, node: &NodeName, now: Timestamp, at: Instant) {
        if self.count() == 0 {
            tracing::warn!(%node, "deliveries are refused; hosts sweep for them as soon as they are taken again");
        }
        self.mark(node, Some(now), now, at);
    }

    fn mark(&self, node: &NodeName, since: Option<Timestamp>, now: Timestamp, at: Instant) {
        let mut marks = self.lock();
        let mark = marks.entry(node.clone()).or_insert_with(|| Mark {
            refused: Refused { since, until: now },
            first: at,
            last: at,
            is_placed: true,
        });
        let after = mark.refused.until.plus(Duration::from_millis(1));
        mark.refused.until = after.max(now);
        mark.last = at;
    }

    /// What is to be told.
    fn due(&self, at: Instant) -> Vec<(NodeName, Refused)> {
        let marks = self.lock();
        let is_due = |mark: &Mark| {
            let is_over = at.duration_since(mark.last) >= QUIET;
            mark.is_placed && (is_over || at.duration_since(mark.first) >= TOLD_AFTER)
        };
        let due = marks.iter().filter(|(_, mark)| is_due(mark));
        due.map(|(node, mark)| (node.clone(), mark.refused))
            .collect()
    }

    /// The node's host knows of everything up to an instant. What came later is told as what began now: a host that had to
    /// hear of it at once, while something is refused all the time, would do nothing but hear and sweep.
    pub(crate) fn heard(&self, node: &NodeName, until: Timestamp, at: Instant) {
        let mut marks = self.lock();
        let Some(mark) = marks.get_mut(node) else {
            return;
        };
        if mark.refused.until <= until {
            marks.remove(node);
        } else if mark.refused.since < Some(until) {
            mark.refused.since = Some(until);
            mark.first = at;
        }
    }

    /// Nobody has to hear of nodes that there are no more: who begins to work on one of that name sweeps.
    fn forget(&self, is_gone: impl Fn(&NodeName) -> bool) {
        self.lock().retain(|node, _| !is_gone(node));
    }

    /// Notes which nodes nobody can be told of.
    fn note_unplaced(&self, unplaced: &BTreeSet<NodeName>) {
        for (node, mark) in self.lock().iter_mut() {
            mark.is_placed = !unplaced.contains(node);
        }
    }

    /// How many nodes have a mark that somebody is to hear of.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().filter(|mark| mark.is_placed).count()
    }

    fn has_none(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, Mark>> {
        self.marks.lock().expect("no code panics with this lock")
    }

    /// A delivery is about to be answered; it is not as long as this is held.
    pub(crate) fn open(&self) -> Open<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }

    /// Whether everybody was answered and all that was refused was heard of, as far as there is somebody to hear.
    fn is_settled(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0 && self.count() == 0
    }
}

/// A delivery that is not answered yet.
pub(crate) struct Open<'a>(&'a Refusals);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Marks all nodes that have webhooks, where the edge before this one may not have taken what came. `has_refused`: this one
/// did not, while it could not open its inbox.
pub(crate) async fn begin(shared: &Shared, has_refused: bool) {
    let now = shared.clock.now();
    let rested = match shared.inbox.rested().await {
        Ok(rested) => rested,
        Err(error) => {
            tracing::warn!(%error, "it cannot be read how the last edge ended");
            None
        }
    };
    let listened = rested.is_some_and(|at| now.since(at) <= UNANSWERED_MAX);
    let is_first = rested.is_none() && shared.inbox.is_new();
    if has_refused || !(listened || is_first) {
        let since = rested.map(|at| at.to_string());
        tracing::warn!(
            since,
            "deliveries may have been refused before this edge began: hosts sweep for them"
        );
        let at = Instant::now();
        for node in shared.routes.hooked() {
            shared.refusals.mark(node, rested, now, at);
        }
        if let Err(error) = routes(shared).await {
            tracing::warn!(%error, "which nodes are in no group yet cannot be read; trying again");
        }
    }
}

/// The routes as they are now; notes which nodes are in no group yet, and forgets those that are none any more: that have no
/// route here, and are provably not published.
async fn routes(shared: &Shared) -> Result<Vec<Route>, StoreError> {
    let routes = shared.inbox.routes().await?;
    let unplaced = routes
        .iter()
        .filter(|route| shared.unplaced.as_ref() == Some(&route.group));
    let unplaced = unplaced.map(|route| route.node.clone()).collect();
    shared.refusals.note_unplaced(&unplaced);
    let routed: BTreeSet<&NodeName> = routes.iter().map(|route| &route.node).collect();
    let is_gone =
        |node: &NodeName| !routed.contains(node) && shared.mapper.proves_absent(node.as_str());
    shared.refusals.forget(is_gone);
    Ok(routes)
}

/// Takes the last edge's word away, then wakes the pulls of those who are to be told, until `shutdown`.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut is_begun = false;
    let mut told = BTreeMap::new();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = period.tick() => {}
        }
        let look = async {
            // On a disk that takes nothing it is tried again.
            is_begun = is_begun || shared.inbox.set_rested(None).await.is_ok();
            if let Err(error) = wake(&shared, &mut told).await {
                tracing::debug!(%error, "the owners of refused deliveries cannot be looked up; trying again");
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = look => {}
        }
    }
}

/// Wakes the pulls of groups that have something new to hear. `told`: what they were woken for.
async fn wake(shared: &Shared, told: &mut BTreeMap<NodeName, Timestamp>) -> Result<(), StoreError> {
    if shared.refusals.has_none() {
        told.clear();
        return Ok(());
    }
    let routes = routes(shared).await?;
    let due = due(shared).into_iter();
    let fresh: BTreeMap<NodeName, Timestamp> = due
        .map(|(node, refused)| (node, refused.until))
        .filter(|(node, until)| told.get(node) != Some(until))
        .collect();
    for route in routes {
        if fresh.contains_key(&route.node) {
            shared.arrivals.ring(&route.group);
        }
    }
    for node in fresh.keys() {
        if let Some((_, group)) = shared.mapper.unrouted(node.as_str()) {
            shared.arrivals.ring(&group);
        }
    }
    told.extend(fresh);
    Ok(())
}

/// What can be told now: nothing, while deliveries are not taken.
fn due(shared: &Shared) -> Vec<(NodeName, Refused)> {
    if shared.inbox.health().accepts_writes() {
        shared.refusals.due(Instant::now())
    } else {
        Vec::new()
    }
}

/// What the owner of a group is to be told now.
pub(crate) async fn of_group(
    shared: &Shared,
    group: &GroupId,
    epoch: Epoch,
) -> Result<Vec<(NodeName, Refused)>, StoreError> {
    let mut due = due(shared);
    if !due.is_empty() {
        let nodes = nodes_of(shared, group, epoch).await?;
        due.retain(|(node, _)| nodes.contains(node));
    }
    Ok(due)
}

/// The nodes of a group, for its present owner: also those that this edge has no route to.
///
/// # Errors
/// As [`twinline_store::inbox::Inbox::nodes_of`].
pub(crate) async fn nodes_of(
    shared: &Shared,
    group: &GroupId,
    epoch: Epoch,
) -> Result<BTreeSet<NodeName>, StoreError> {
    let routed = shared.inbox.nodes_of(group.clone(), epoch).await?;
    let unrouted = shared.mapper.unrouted_of(group);
    Ok(routed.into_iter().chain(unrouted).collect())
}

/// Leaves the word that nothing was refused that nobody knows of, if that is so. The edge has ended: it takes no more.
pub(crate) async fn end(shared: &Shared) {
    let ended = async {
        if !shared.refusals.has_none() {
            routes(shared).await?;
        }
        if shared.refusals.is_settled() {
            let now = shared.clock.now();
            shared.inbox.set_rested(Some(now)).await?;
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = ended.await {
        tracing::warn!(%error, "it cannot be noted that this edge ended in good order: hosts sweep when the next begins");
    }
}

#[cfg(test)]
#[path = "refusals_tests.rs"]
mod tests;
