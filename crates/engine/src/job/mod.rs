//! Jobs: one look at one twin, or at one item that may enter connections.
//!
//! A job for a twin, step by step:
//!
//! 1. **Load** the twin, its bases, links and open effects, in one snapshot.
//! 2. **Resolve** effects whose outcome is unknown by asking the tracker, and only after its settle time; nothing is
//!    planned before that, and a create is never made twice.
//! 3. **Observe** both items. The fetch begins after every write of ours has ended, since the job has the cluster to
//!    itself; an answer older than what is known is dropped and fetched again.
//! 4. **Plan**: `twinline_core::reconcile`, pure.
//! 5. **Intend**: the breaker's verdict, and an intent for every effect, durable before the first attempt.
//! 6. **Execute** the effects in their order.
//! 7. **Settle**: bases, links, outcomes, history and follow-up marks, in one step, onto the twin as it is by then: what a
//!    person did to it meanwhile stands.
//!
//! A crash between any two leaves only an attempt with unknown outcome, which step 2 of the next job resolves. A job
//! decides nothing: what is written comes from the plan, what an error means from its cause.

mod candidate;
mod context;
mod execute;
mod facts;
mod files;
mod former;
mod gather;
mod glance;
mod intend;
mod lags;
mod life;
mod likeness;
mod meanwhile;
mod mend;
mod missing;
mod moved;
mod observe;
mod parents;
mod resolve;
mod ring;
mod settle;
mod talk;
mod trouble;
mod twin;

pub(crate) use candidate::newcomer;
pub(crate) use context::Context;
pub(crate) use gather::{facts_of, plan};
pub(crate) use lags::Lags;
pub(crate) use life::{LEFT, LISTED_PAGES_MAX, leaving, listed};
pub(crate) use mend::{freed, mended, mended_by_rules};
pub(crate) use observe::observe;
pub(crate) use parents::{counterpart, has_parents};
pub(crate) use ring::members;
pub(crate) use settle::{entry, item_row, unlink};
pub(crate) use talk::Talks;
pub(crate) use trouble::Trouble;

use crate::host::Inner;
use crate::scheduler::Started;
use std::sync::Arc;
use std::time::Duration;
use trouble::sentence;
use twinline_core::names::RootId;
use twinline_core::quarantine::Cause;
use twinline_core::queue::{Key, Work};
use twinline_store::host::TwinState;

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its marks may be cleared.
    Done,
    /// It is to be tried again after a wait; `failed`: with a back-off that grows.
    Again { wait: Duration, failed: bool },
    /// Its twin is in another cluster than the one that the job has to itself: it is to be done there.
    In(RootId),
}

/// Failures in a row after which a twin waits in quarantine instead of in memory; time or a change tries it again.
const FAILURES_MAX: u32 = 12;

/// Runs one job.
pub(crate) async fn run(host: &Arc<Inner>, started: &Started) -> Ended {
    let mut known = None;
    let outcome = match &started.work.key {
        Key::Twin(link) => twin::run(host, started, link, &mut known).await,
        Key::Candidate(item) => candidate::run(host, started, item).await,
    };
    match outcome {
        Ok(ended) => ended,
        Err(trouble) => after(host, started, trouble, known.as_ref()).await,
    }
}

/// What follows from a trouble. `known`: the state in which the job knew its twin.
async fn after(
    host: &Arc<Inner>,
    started: &Started,
    trouble: Trouble,
    known: Option<&TwinState>,
) -> Ended {
    let again = |wait| Ended::Again { wait, failed: true };
    match trouble {
        Trouble::Retry { node, reason, .. } if started.failures >= FAILURES_MAX => {
            let open = host.node(&node).is_some_and(|node| node.is_open());
            if !open {
                return again(host.settings.backoff_max);
            }
            quarantine(host, &started.work, Cause::Retry { reason }, known).await
        }
        Trouble::Retry {
            node,
            reason,
            after,
            ..
        } => {
            tracing::debug!(%node, reason, ?after, "tried again later");
            again(after.unwrap_or(Duration::ZERO))
        }
        Trouble::Wait {
            node,
            reason,
            after,
        } => {
            tracing::debug!(%node, reason, ?after, "its turn comes later");
            Ended::Again {
                wait: after,
                failed: false,
            }
        }
        Trouble::Quarantine(cause) => quarantine(host, &started.work, cause, known).await,
        Trouble::Held => Ended::Again {
            wait: host.settings.period,
            failed: false,
        },
        Trouble::Store(error) => {
            tracing::error!(%error, "the store failed during a job");
            again(host.settings.backoff_first)
        }
    }
}

/// Holds a twin back, unless it is no longer in the state in which the job knew it: then a person may have mended what
/// was wrong, and it is tried again. What cannot be read before it has a twin is only logged and counted: its next change looks
/// again, and so does the next audit.
async fn quarantine(
    host: &Arc<Inner>,
    work: &Work,
    cause: Cause,
    known: Option<&TwinState>,
) -> Ended {
    let Key::Twin(link) = &work.key else {
        host.metrics.given_up.inc();
        tracing::error!(key = ?work.key, cause = sentence(&cause), "an item could not be considered");
        return Ended::Done;
    };
    match settle::quarantine(host, link, &cause, known.cloned()).await {
        Ok(true) => Ended::Done,
        Ok(false) => Ended::Again {
            wait: Duration::ZERO,
            failed: true,
        },
        Err(error) => {
            tracing::error!(%error, "the store failed during a quarantine");
            Ended::Again {
                wait: host.settings.backoff_first,
                failed: true,
            }
        }
    }
}

/// A job has panicked: its twin is held back, and nothing else.
pub(crate) async fn quarantine_panicked(host: &Arc<Inner>, work: &Work, said: &str) -> Ended {
    let cause = Cause::Unclear {
        reason: format!("a defect of Twinline: {said}"),
    };
    quarantine(host, work, cause, None).await
}
