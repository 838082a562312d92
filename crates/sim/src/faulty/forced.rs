//! Faults that happen once for certain, for whoever must show that they happened: a probability may draw none.

use super::Faulty;
use bytes::Bytes;
use http::{Method, Request};

/// One fault, which strikes the next request or webhook that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// The next request is answered 502 or 503.
    ServerError,
    /// The next request is refused as too fast.
    Throttle,
    /// The next POST whose path ends so gets no answer and takes effect only later, as [`super::Faults::late_write_ms`]
    /// says.
    LatePost(&'static str),
    /// The next webhook is not sent.
    LoseWebhook,
    /// The next webhook is sent twice.
    DoubleWebhook,
    /// The next webhook is held back.
    ReorderWebhook,
}

impl Faulty {
    /// Makes one fault happen for certain, beside those that are drawn.
    pub fn force(&mut self, fault: Forced) {
        self.forced.push(fault);
    }

    /// What was forced and has found nothing that it fits.
    pub fn still_forced(&self) -> &[Forced] {
        &self.forced
    }

    /// Whether a fault happens now: because it is forced, or because it is drawn.
    pub(super) fn strikes(&mut self, forced: Forced, probability: f64) -> bool {
        self.take_forced(|fault| *fault == forced) || self.happens(probability)
    }

    pub(super) fn is_forced_late(&mut self, request: &Request<Bytes>) -> bool {
        *request.method() == Method::POST
            && self.take_forced(|fault| {
                matches!(fault, Forced::LatePost(end) if request.uri().path().ends_with(end))
            })
    }

    fn take_forced(&mut self, fits: impl Fn(&Forced) -> bool) -> bool {
        let found = self.forced.iter().position(fits);
        found.map(|at| self.forced.remove(at)).is_some()
    }
}

#[cfg(test)]
#[path = "forced_tests.rs"]
mod tests;
