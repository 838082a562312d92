//! Asking a tracker what an item is.

use super::trouble::Trouble;
use crate::env::Env;
use crate::metrics::Metrics;
use crate::node::Node;
use twinline_core::item::{Comment, Fetched, ItemId, ItemRef};
use twinline_core::reconcile::Seen;
use twinline_core::time::Timestamp;

/// A transfer that leads on and on is followed this many times.
const MOVES_MAX: usize = 4;

/// What a tracker said an item is.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) seen: Seen,
    /// The new reference, when the item was moved.
    pub(crate) moved: Option<ItemRef>,
    /// When it was asked for, by our clock; where the comments are the last job's, when these were.
    pub(crate) comments_at: Timestamp,
    /// Set when a change made after this observation could carry the same version: fetch again then.
    pub(crate) provisional_until: Option<Timestamp>,
}

impl Observation {
    /// Of an item that is not there yet.
    pub(crate) fn not_created(env: &Env) -> Self {
        Self {
            seen: Seen::NotCreated,
            moved: None,
            provisional_until: None,
            comments_at: env.now(),
        }
    }
}

/// Fetches an item and follows transfers. The fetch begins after every write that the caller has awaited, so what it
/// shows is never older than those.
pub(crate) async fn observe(
    node: &Node,
    env: &Env,
    metrics: &Metrics,
    item: &ItemId,
) -> Result<Observation, Trouble> {
    let comments_at = env.now();
    let mut item = item.clone();
    let mut moved = None;
    for _ in 0..=MOVES_MAX {
        metrics.fetches.inc();
        let fetched = node.request(node.tracker().fetch(&item)).await;
        let seen = match fetched {
            Ok(Fetched::Moved(to)) => {
                item = to.item.clone();
                moved = Some(to);
                continue;
            }
            Ok(Fetched::Found(found)) => Seen::Item(found),
            Ok(Fetched::Unreachable { reason })
            | Err(twinline_trackers::TrackerError::Unreachable { reason }) => {
                Seen::Unreachable { reason }
            }
            Ok(Fetched::Deleted { evidence }) => Seen::Deleted { evidence },
            Err(error) => return Err(Trouble::of(node.name(), error)),
        };
        let provisional_until = provisional(node, env, &seen);
        return Ok(Observation {
            seen,
            moved,
            comments_at,
            provisional_until,
        });
    }
    Ok(Observation {
        seen: Seen::Unreachable {
            reason: format!("moved more than {MOVES_MAX} times, last to {item}"),
        },
        moved: None,
        comments_at,
        provisional_until: None,
    })
}

/// Fetches an item but for its comments, which are known from `comments_at`. Where it is not simply there, as
/// [`observe`].
pub(super) async fn observe_bare(
    node: &Node,
    env: &Env,
    metrics: &Metrics,
    item: &ItemId,
    (comments, comments_at): (Vec<Comment>, Timestamp),
) -> Result<Observation, Trouble> {
    metrics.fetches.inc();
    let fetched = node.request(node.tracker().fetch_bare(item)).await;
    let Ok(Fetched::Found(mut found)) = fetched else {
        return observe(node, env, metrics, item).await;
    };
    found.comments = Some(comments);
    let seen = Seen::Item(found);
    Ok(Observation {
        provisional_until: provisional(node, env, &seen),
        seen,
        moved: None,
        comments_at,
    })
}

/// When to look again, by our clock, at an item whose version could hide a later change.
fn provisional(node: &Node, env: &Env, seen: &Seen) -> Option<Timestamp> {
    let version = &seen.item()?.version;
    let skew_ms = node.skew_ms();
    version.is_provisional(node.theirs(env.now())).then(|| {
        let over_ms = version.updated.as_millis() + i64::from(version.resolution_ms);
        Timestamp::from_millis(over_ms.saturating_sub(skew_ms).saturating_add(1))
    })
}
