//! The comments of an item with thousands of them, from one job to the next.
//!
//! Such comments cross job by job, and each job reads its items anew. Read with all comments each time, the reading would
//! grow with the square of their number. So a job that leaves some to the next one leaves it the comments that it has
//! seen as well, with what its own writes made of them; the next one asks for the rest of the item only. What people do
//! to the comments meanwhile is seen by the whole look that ends the row of jobs, at the latest [`READ_AGAIN`] later.
//!
//! Kept in memory only: after a crash or a failure the next job looks at everything.

use super::execute::Executed;
use super::observe::Observation;
use crate::host::Inner;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect};
use twinline_core::item::Comment;
use twinline_core::names::{LinkId, Side, Sides};
use twinline_core::reconcile::{Outcome, Plan};
use twinline_core::time::Timestamp;

/// So old comments are read again.
const READ_AGAIN: Duration = Duration::from_mins(10);

/// Comments kept at most, of all items together.
const COMMENTS_MAX: usize = 50_000;

/// The comments of a twin's items.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    read_at: Timestamp,
    comments: Sides<Vec<Comment>>,
}

/// What is kept, by twin.
#[derive(Default)]
pub(crate) struct Talks(Mutex<BTreeMap<LinkId, Talk>>);

impl Talks {
    /// Takes what the job before has left, unless it is too old.
    pub(super) fn take(&self, link: &LinkId, now: Timestamp) -> Option<Talk> {
        let talk = self.lock().remove(link)?;
        talk.is_fresh(now).then_some(talk)
    }

    fn keep(&self, link: &LinkId, talk: Talk, now: Timestamp) {
        let mut talks = self.lock();
        talks.retain(|_, talk| talk.is_fresh(now));
        let kept: usize = talks.values().map(Talk::len).sum();
        if kept + talk.len() <= COMMENTS_MAX {
            talks.insert(link.clone(), talk);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkId, Talk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    /// One side's comments, with when they were read.
    pub(super) fn of(&self, side: Side) -> (Vec<Comment>, Timestamp) {
        (self.comments.get(side).clone(), self.read_at)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.read_at) < READ_AGAIN
    }

    fn len(&self) -> usize {
        self.comments.left.len() + self.comments.right.len()
    }
}

/// Leaves the comments to the next job. Not where a write's effect on them is not known for certain.
pub(super) fn hand_on(
    host: &Inner,
    link: &LinkId,
    observed: &Sides<Observation>,
    plan: &Plan,
    executed: &Executed,
) {
    let now = host.env.now();
    let mut read_at = now;
    let mut comments = Sides::default();
    for side in Side::BOTH {
        let observation = observed.get(side);
        let seen = observation
            .seen
            .item()
            .and_then(|item| item.comments.clone());
        let Some(seen) = seen else { return };
        *comments.get_mut(side) = seen;
        read_at = read_at.min(observation.comments_at);
    }
    for (planned, attempted) in plan.effects.iter().zip(&executed.attempts) {
        let (Some(_), Outcome::Done(applied)) = (&planned.comment, &attempted.outcome) else {
            if planned.comment.is_some() {
                return;
            }
            continue;
        };
        if !follow(comments.get_mut(planned.side), &planned.effect, applied) {
            return;
        }
    }
    host.talks.keep(link, Talk { read_at, comments }, now);
}

/// Makes a write to the comments; whether it is known what it made of them.
fn follow(comments: &mut Vec<Comment>, effect: &Effect, applied: &Applied) -> bool {
    let shown = applied.comment.as_deref();
    match (effect, shown) {
        (Effect::AddComment { .. }, Some(shown)) => comments.push(shown.clone()),
        (Effect::EditComment { comment, .. }, Some(shown)) => {
            let mut there = comments.iter_mut();
            let Some(there) = there.find(|there| there.id == *comment) else {
                return false;
            };
            *there = shown.clone();
        }
        (Effect::DeleteComment { comment, .. }, _) => comments.retain(|there| there.id != *comment),
        _ => return false,
    }
    true
}
