//! What happened in one run, as it was recorded.

use super::book::Edit;
use tokio::time::Instant;
pub(super) use twinline::drill::relay::{Answer, Delivery};

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Before,
    /// Commits hang.
    During,
    After,
}

/// When each part began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) began: Instant,
    /// When the commits were made to hang: before that was done.
    pub(super) hung: Instant,
    /// When they were let go: after that was done.
    pub(super) healed: Instant,
    /// No edit was made any more.
    pub(super) ended: Instant,
}

impl Times {
    /// The part that something belongs to; `None`: what made the twins, or what follows the last edit.
    pub(super) fn phase(&self, at: Instant) -> Option<Phase> {
        match at {
            at if at < self.began => None,
            at if at < self.hung => Some(Phase::Before),
            at if at < self.healed => Some(Phase::During),
            at if at < self.ended => Some(Phase::After),
            _ => None,
        }
    }
}

/// What a health page showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Green,
    Red,
    /// No answer in time.
    Nothing,
}

/// One look at a health page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) at: Instant,
    pub(super) shown: Shown,
}

/// One run.
pub(super) struct Story {
    pub(super) times: Times,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) edits: Vec<Edit>,
    pub(super) probes: Vec<Probe>,
    /// Items that have another title than their twins at the end.
    pub(super) apart: usize,
}
