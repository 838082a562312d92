//! Which faults to make, and how often.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The faults of one simulated tracker. Probabilities are between 0 and 1; the default makes none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How long an answer takes.
    pub latency_ms: Span,
    /// Answers 502 or 503, and nothing happened.
    pub server_error: f64,
    /// Answers as the tracker does to a caller who is too fast, and nothing happened.
    pub throttle: f64,
    /// What `Retry-After` says then, in seconds.
    pub throttle_retry_after_s: u64,
    /// Closes the connection without an answer although the request took effect.
    pub timeout_after_effect: f64,
    /// Closes the connection without an answer, and a write takes effect only later.
    pub late_write: f64,
    /// How much later.
    pub late_write_ms: Span,
    /// How long the connection stays open before a timeout closes it.
    pub timeout_ms: u64,
    /// Answers a read with an earlier answer to the same request, if there is one that is young enough.
    pub stale_read: f64,
    /// How old such an answer may be.
    pub stale_read_ms: u64,
    /// Answers a read with an HTML page and status 200, as an intermediary does.
    pub html: f64,
    /// Answers a read with a body of `oversize_bytes`.
    pub oversize: f64,
    /// The size of such a body.
    pub oversize_bytes: usize,
    /// How long a change takes to show in the tracker's query index.
    pub index_lag_ms: u64,
    /// How far the tracker's clock is ahead of ours; negative: behind.
    pub clock_skew_ms: i64,
    /// Does not send a webhook. It shows as failed where the tracker keeps a list of deliveries.
    pub webhook_lose: f64,
    /// Sends a webhook twice.
    pub webhook_double: f64,
    /// Holds a webhook back by up to `webhook_reorder_ms`, so that later ones overtake it.
    pub webhook_reorder: f64,
    /// The longest hold.
    pub webhook_reorder_ms: u64,
    /// How long every webhook takes to leave.
    pub webhook_delay_ms: Span,
}

/// A range of durations in milliseconds, both ends included: `[10, 50]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span(pub u64, pub u64);

/// How many faults were made so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Requests seen.
    pub requests: u64,
    /// Answered 502 or 503.
    pub server_errors: u64,
    /// Refused as too fast.
    pub throttled: u64,
    /// Closed after the effect.
    pub timeouts_after_effect: u64,
    /// Writes that landed after their timeout.
    pub late_writes: u64,
    /// Old answers given.
    pub stale_reads: u64,
    /// HTML given.
    pub html: u64,
    /// Answers over a size given.
    pub oversize: u64,
    /// Webhooks that the tracker meant to send.
    pub webhooks: u64,
    /// Webhooks not sent.
    pub webhooks_lost: u64,
    /// Webhooks sent twice.
    pub webhooks_doubled: u64,
    /// Webhooks held back.
    pub webhooks_reordered: u64,
}

impl Faults {
    /// The faults of the demonstration: lost, doubled and reordered webhooks, throttling, 5xx, timeouts after the
    /// effect and late writes, each seldom enough that the main job stays visible.
    pub fn demo() -> Self {
        Self {
            latency_ms: Span(1, 8),
            server_error: 0.01,
            throttle: 0.004,
            throttle_retry_after_s: 1,
            timeout_after_effect: 0.01,
            late_write: 0.01,
            late_write_ms: Span(200, 1500),
            timeout_ms: 100,
            index_lag_ms: 2000,
            webhook_lose: 0.05,
            webhook_double: 0.05,
            webhook_reorder: 0.05,
            webhook_reorder_ms: 500,
            ..Self::default()
        }
    }

    /// Says which value is not a probability, if one is not.
    pub fn check(&self) -> Result<(), String> {
        let all = [
            ("server_error", self.server_error),
            ("throttle", self.throttle),
            ("timeout_after_effect", self.timeout_after_effect),
            ("late_write", self.late_write),
            ("stale_read", self.stale_read),
            ("html", self.html),
            ("oversize", self.oversize),
            ("webhook_lose", self.webhook_lose),
            ("webhook_double", self.webhook_double),
            ("webhook_reorder", self.webhook_reorder),
        ];
        let wrong = all.iter().find(|(_, value)| !(0.0..=1.0).contains(value));
        wrong.map_or(Ok(()), |(name, value)| {
            Err(format!(
                "{name} = {value} is not a probability between 0 and 1"
            ))
        })
    }
}

impl Span {
    /// A duration of the range.
    pub(crate) fn draw(self, random: &mut ChaCha8Rng) -> Duration {
        Duration::from_millis(if self.1 > self.0 {
            random.random_range(self.0..=self.1)
        } else {
            self.0
        })
    }
}
