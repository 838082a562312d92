//! Making a plan's writes, one after the other, each with its intent durable before it.

use super::files::{self, Tried};
use super::observe::observe;
use super::trouble::Trouble;
use crate::env::Env;
use crate::metrics::Metrics;
use crate::node::Node;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, debug_span};
use twinline_core::effect::{Applied, Effect};
use twinline_core::item::{Item, ItemId};
use twinline_core::names::{Side, Sides};
use twinline_core::quarantine::Cause;
use twinline_core::reconcile::{Outcome, Planned, Seen};
use twinline_core::spans::TARGET;
use twinline_core::time::Timestamp;
use twinline_trackers::TrackerError;

/// When copying files has taken so long the rest of a plan waits for a new look.
const PLAN_AGES: Duration = Duration::from_secs(30);

/// What became of one planned write.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) outcome: Outcome,
    /// When the attempt was sent and when its answer was there; `None`: it was never sent.
    pub(super) ran: Option<(Timestamp, Timestamp)>,
    /// The tracker's or network's sentence, where it did not succeed.
    pub(super) sentence: Option<String>,
}

impl Attempted {
    fn not_tried(why: &str) -> Self {
        Self {
            outcome: Outcome::NotDone,
            ran: None,
            sentence: Some(why.to_owned()),
        }
    }
}

/// What became of all of them.
#[derive(Debug, Default)]
pub(super) struct Executed {
    pub(super) attempts: Vec<Attempted>,
    /// The item of each written side after its last field write.
    pub(super) after: Sides<Option<Item>>,
    /// Why the job must be tried again, if it must.
    pub(super) retry: Option<Trouble>,
    /// Why the twin is to be held back, if it is.
    pub(super) quarantine: Option<Cause>,
    /// A compare-and-swap failed: plan again at once.
    pub(super) changed: bool,
    /// Files took so long that what was planned with them is to be looked at again.
    pub(super) aged: bool,
    /// Set when an outcome is unknown: how long the slowest tracker so concerned may take to let such a write arrive.
    pub(super) unknown: Option<Duration>,
}

impl Executed {
    /// Whether a file was refused: what stands in its place is yet to be written.
    pub(super) fn has_refused(&self) -> bool {
        self.attempts.iter().any(
            |attempt| matches!(&attempt.outcome, Outcome::Done(applied) if applied.refused.is_some()),
        )
    }
}

/// Makes the writes in their order. A failed write does not stop the others, but for three: after a comment's
/// write that did not succeed no later one is made on that side, so that threads keep their order; after a file that was
/// not attached no later one is, so that what may still arrive is told from others; and a node that does not work is not
/// asked again. A file's failure says nothing of other writes.
pub(super) async fn execute(
    nodes: &Sides<Arc<Node>>,
    env: &Env,
    metrics: &Metrics,
    effects: &[Planned],
    tried: &Tried,
) -> Executed {
    let began = Instant::now();
    let mut done = Executed::default();
    let mut node_failed = Sides::<bool>::default();
    let mut thread_broken = Sides::<bool>::default();
    let mut files_broken = Sides::<bool>::default();
    for planned in effects {
        let comments = planned.comment.is_some();
        let copies = matches!(planned.effect, Effect::AddAttachment { .. });
        let blocked = (comments && *thread_broken.get(planned.side))
            || (copies
                && (*files_broken.get(planned.side) || *node_failed.get(planned.side.other())));
        if done.aged || *node_failed.get(planned.side) || blocked {
            let why = match done.aged {
                true => "not tried: the files took long, and it is looked at again first",
                false => "not tried: an earlier write did not succeed",
            };
            done.attempts.push(Attempted::not_tried(why));
            continue;
        }
        let (attempt, asked) = attempt(nodes, env, metrics, planned, tried).await;
        let (node, succeeded) = (nodes.get(asked), attempt.is_ok());
        if comments && !succeeded {
            *thread_broken.get_mut(planned.side) = true;
        }
        done.aged = copies && began.elapsed() > PLAN_AGES;
        if copies && !succeeded {
            *files_broken.get_mut(planned.side) = true;
        }
        let of_the_file = copies && !attempt.as_ref().is_err_and(|(error, ..)| is_of_all(error));
        let (attempted, failed) = done.take(node, attempt);
        if failed && !of_the_file {
            *node_failed.get_mut(asked) = true;
        }
        if let Outcome::Done(applied) = &attempted.outcome {
            if applied.refused.is_none() {
                metrics.written.inc();
            }
            if writes_fields(&planned.effect) {
                let after = after(node, env, metrics, &planned.effect, applied).await;
                *done.after.get_mut(planned.side) = after;
            }
        }
        done.attempts.push(attempted);
    }
    done
}

/// Whether a file's failure is one of its node: else it keeps nothing else waiting. A node that does not work fails the next
/// write too.
const fn is_of_all(error: &TrackerError) -> bool {
    matches!(
        error,
        TrackerError::Busy { whole: true, .. } | TrackerError::Credentials { .. }
    )
}

type Attempt = Result<(Box<Applied>, Timestamp, Timestamp), (TrackerError, Timestamp, Timestamp)>;

/// Makes one write; and whose answer it is: a file is also read, on the other side.
async fn attempt(
    nodes: &Sides<Arc<Node>>,
    env: &Env,
    metrics: &Metrics,
    planned: &Planned,
    tried: &Tried,
) -> (Attempt, Side) {
    metrics.attempts.inc();
    let began = env.now();
    let (effect, node) = (&planned.effect, nodes.get(planned.side));
    let span = debug_span!(target: TARGET, "write", otel.kind = "client", node = %node.name(), ended = Empty);
    // Boxed: a span around a future makes it grow, and every job's future with it.
    let (answer, side) = if tried.gives_up(effect) {
        (Ok(files::never_arrived()), planned.side)
    } else if let Effect::AddAttachment { .. } = effect {
        let copy = files::copy(nodes, planned.side, effect);
        let copied = Box::pin(copy.instrument(span.clone())).await;
        let copied = copied.owed_after(tried.failures);
        (copied.answer, copied.side)
    } else {
        let write = node.attempt(effect);
        let answer = Box::pin(write.instrument(span.clone())).await;
        (answer, planned.side)
    };
    span.record("ended", if answer.is_ok() { "done" } else { "failed" });
    let ended = env.now();
    let answer = match answer {
        Ok(applied) if is_nameless(effect, &applied) => {
            let reason = format!("{} does not name what it took", node.name());
            Err((TrackerError::Unknown { reason }, began, ended))
        }
        Ok(applied) => Ok((Box::new(applied), began, ended)),
        Err(error) => Err((error, began, ended)),
    };
    (answer, side)
}

impl Executed {
    /// Whether a field write was made and what it made of the item is not known: no base accounts for it yet.
    pub(super) fn is_unconfirmed(&self, planned: &Planned, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Done(_))
            && planned.unsettled().is_some()
            && self.after.get(planned.side).is_none()
    }

    /// Sorts an attempt by what follows from it; the second value says whether the node is not to be asked again now.
    fn take(&mut self, node: &Node, attempt: Attempt) -> (Attempted, bool) {
        let (error, began, ended) = match attempt {
            Ok((applied, began, ended)) => {
                let attempted = Attempted {
                    outcome: Outcome::Done(applied),
                    ran: Some((began, ended)),
                    sentence: None,
                };
                return (attempted, false);
            }
            Err(failed) => failed,
        };
        let unknown = matches!(error, TrackerError::Unknown { .. });
        let attempted = Attempted {
            outcome: if unknown {
                Outcome::Unknown
            } else {
                Outcome::NotDone
            },
            ran: Some((began, ended)),
            sentence: Some(error.to_string()),
        };
        if matches!(error, TrackerError::Changed) {
            self.changed = true;
            return (attempted, false);
        }
        if unknown {
            self.unknown = self.unknown.max(Some(node.tracker().capabilities().settle));
        }
        match Trouble::of(node.name(), error) {
            Trouble::Quarantine(cause) => {
                self.quarantine.get_or_insert(cause);
                (attempted, false)
            }
            retry => {
                self.retry.get_or_insert(retry);
                (attempted, true)
            }
        }
    }
}

/// Whether an answer to an added comment or file does not say which one it is. Without that there is no link, and it would be
/// written again.
pub(super) const fn is_nameless(effect: &Effect, applied: &Applied) -> bool {
    match effect {
        Effect::AddComment { .. } => applied.comment.is_none(),
        Effect::AddAttachment { .. } => applied.attachment.is_none() && applied.refused.is_none(),
        _ => false,
    }
}

const fn writes_fields(effect: &Effect) -> bool {
    matches!(effect, Effect::Create { .. } | Effect::Update { .. })
}

/// The item after our write: from the answer, or fetched after the write ended. `None` when it cannot be had now: then
/// no written field of that side advances, and the next round finds them in step.
async fn after(
    node: &Node,
    env: &Env,
    metrics: &Metrics,
    effect: &Effect,
    applied: &Applied,
) -> Option<Item> {
    if let Some(item) = &applied.item {
        return Some(Item::clone(item));
    }
    let id: &ItemId = match effect.item() {
        Some(item) => item,
        None => &applied.created.as_ref()?.item,
    };
    match observe(node, env, metrics, id).await {
        Ok(observation) => match observation.seen {
            Seen::Item(item) => Some(*item),
            _ => None,
        },
        Err(trouble) => {
            tracing::debug!(node = %node.name(), %trouble, "the item could not be fetched after the write");
            None
        }
    }
}
