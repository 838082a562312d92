//! What is known of a file on its way, by both ends.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use twinline_core::ownership::BootTime;
use twinline_trackers::TrackerError;

/// Whether the write may have taken effect; and why, if something of ours has stopped it.
#[derive(Debug, Default)]
pub(super) struct Sending {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    /// Why the reading was given up.
    fault: Option<TrackerError>,
    /// Why the write could not be made when it was to take effect.
    held_back: Option<TrackerError>,
}

/// One goes to the next and never back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing shows yet.
    #[default]
    Open,
    /// It may show, from then on; the attempt must have ended by `last`.
    Committed { last: Option<BootTime> },
    /// It was given up before: what is still read of it goes nowhere.
    Closed,
}

impl Sending {
    /// The write is to take effect from now on, if it may. `may` says until when.
    pub(super) fn commit(
        &self,
        may: impl FnOnce() -> Result<Option<BootTime>, TrackerError>,
    ) -> Result<(), TrackerError> {
        let mut state = self.state();
        match state.stage {
            Stage::Committed { .. } => Ok(()),
            Stage::Closed => Err(TrackerError::Retry {
                reason: "the file was given up".to_owned(),
                after: None,
            }),
            Stage::Open => match may() {
                Ok(last) => {
                    state.stage = Stage::Committed { last };
                    self.wake.notify_one();
                    Ok(())
                }
                Err(error) => {
                    state.held_back = Some(error.clone());
                    Err(error)
                }
            },
        }
    }

    /// Nothing takes effect any more that has not yet; whether it may have.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        if state.stage == Stage::Open {
            state.stage = Stage::Closed;
        }
        state.stage != Stage::Closed
    }

    /// When the attempt must have ended, once it has begun.
    pub(super) fn last(&self) -> Option<BootTime> {
        match self.state().stage {
            Stage::Committed { last } => last,
            Stage::Open | Stage::Closed => None,
        }
    }

    /// Waits until the attempt has begun.
    pub(super) async fn committed(&self) {
        while !matches!(self.state().stage, Stage::Committed { .. }) {
            self.wake.notified().await;
        }
    }

    pub(super) fn set_fault(&self, fault: TrackerError) {
        self.state().fault = Some(fault);
    }

    /// Why the reading was given up.
    pub(super) fn take_fault(&self) -> Option<TrackerError> {
        self.state().fault.take()
    }

    /// Why the write was held back.
    pub(super) fn take_held_back(&self) -> Option<TrackerError> {
        self.state().held_back.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_closed_before_takes_no_effect() {
        let sending = Sending::default();
        assert!(!sending.close());
        assert!(sending.commit(|| Ok(None)).is_err());
        assert!(!sending.close());
    }

    #[test]
    fn what_was_committed_stays_so() {
        let sending = Sending::default();
        let last = Some(BootTime::from_millis(7));
        sending.commit(|| Ok(last)).unwrap();
        sending.commit(|| unreachable!("it is asked once")).unwrap();
        assert!(sending.close());
        assert_eq!(sending.last(), last);
    }
}
