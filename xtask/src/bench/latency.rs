//! Latencies of one run.

use hdrhistogram::Histogram;
use std::time::Duration;

/// A histogram from 1 µs to 60 s, three digits exact.
pub(super) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(super) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are right"))
    }

    pub(super) fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.0
            .add(&other.0)
            .expect("all histograms have the same bounds");
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// A quantile (0 to 1) in milliseconds.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        let micros = u32::try_from(self.0.value_at_quantile(quantile)).unwrap_or(u32::MAX);
        f64::from(micros) / 1000.0
    }
}
