//! When a host is left alone: after several failures in a row it is *ejected* for a while; then exactly one request
//! tries it (half-open), and its end decides. A pure state machine: the caller brings the time.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// So many failures in a row eject a host.
pub(crate) const FAILURES_MAX: u32 = 5;
/// The first ejection lasts so long; each further one, without a success between, twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// No ejection lasts longer.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// One host's state.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In a row, while it is not ejected.
    failures: u32,
    ejected: Option<Ejected>,
}

#[derive(Debug)]
struct Ejected {
    until: Instant,
    /// Ejections without a success between.
    times: u32,
    /// A request is trying it now.
    probing: bool,
}

/// How a request is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// As usual.
    Plainly,
    /// As the one that tries an ejected host.
    AsProbe,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    /// Lets a request through, or says how long to wait. Who is let through tells the end by `succeeded`, `failed` or
    /// `abandoned`.
    pub(crate) fn admit(&self, now: Instant) -> Result<Admitted, Duration> {
        let mut state = self.state();
        let Some(ejected) = &mut state.ejected else {
            return Ok(Admitted::Plainly);
        };
        if ejected.probing || now < ejected.until {
            return Err(ejected.until.saturating_duration_since(now));
        }
        ejected.probing = true;
        Ok(Admitted::AsProbe)
    }

    /// Whether a request would be let through now.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        let state = self.state();
        let ejected = state.ejected.as_ref();
        ejected.is_none_or(|ejected| !ejected.probing && now >= ejected.until)
    }

    /// Whether it is ejected, its trial included.
    pub(crate) fn is_ejected(&self) -> bool {
        self.state().ejected.is_some()
    }

    /// The host has answered. While it is ejected only its probe's word counts.
    pub(crate) fn succeeded(&self, admitted: Admitted) {
        let mut state = self.state();
        if admitted == Admitted::AsProbe || state.ejected.is_none() {
            *state = State::default();
        }
    }

    /// The host could not be reached, did not answer in time, or broke off. True: this ejects it.
    pub(crate) fn failed(&self, admitted: Admitted, now: Instant) -> bool {
        let mut state = self.state();
        let times = match (&state.ejected, admitted) {
            (Some(ejected), Admitted::AsProbe) => ejected.times + 1,
            (Some(_), Admitted::Plainly) => return false,
            (None, _) => {
                state.failures += 1;
                if state.failures < FAILURES_MAX {
                    return false;
                }
                1
            }
        };
        let pause = PAUSE_MIN * 2_u32.saturating_pow(times - 1).min(1 << 8);
        state.ejected = Some(Ejected {
            until: now + pause.min(PAUSE_MAX),
            times,
            probing: false,
        });
        true
    }

    /// The caller went away before the host's end was known: the next request may try it.
    pub(crate) fn abandoned(&self, admitted: Admitted) {
        if admitted == Admitted::AsProbe
            && let Some(ejected) = &mut self.state().ejected
        {
            ejected.probing = false;
        }
    }

    /// Another process serves at this host's place: what is known of the former one says nothing.
    pub(crate) fn forget(&self) {
        *self.state() = State::default();
    }
}

#[cfg(test)]
#[path = "ejection_tests.rs"]
mod tests;
