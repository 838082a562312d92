//! Consumption: 200 units in any five minutes, then delays, then refusals.
//!
//! Source: <https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits>. What a request costs is not published;
//! here a read costs a tenth of a unit, a query half, a write a fifth. Between the limit and twice the limit requests are
//! answered and told to be delayed; beyond they are refused.

use super::failure;
use crate::call::set;
use bytes::Bytes;
use http::{Method, Response};
use std::collections::VecDeque;
use std::time::Duration;
use twinline_core::time::Timestamp;

const WINDOW: Duration = Duration::from_secs(300);
/// In hundredths of a unit.
const LIMIT: u64 = 20_000;

/// What was consumed lately.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// When, and how many hundredths of a unit, oldest first.
    made: VecDeque<(Timestamp, u64)>,
    sum: u64,
}

impl Usage {
    /// Counts a request; the answer where it is refused.
    pub(super) fn count(
        &mut self,
        now: Timestamp,
        method: &Method,
        queries: bool,
    ) -> Option<Response<Bytes>> {
        while let Some((at, cost)) = self.made.front().copied()
            && now.since(at) >= WINDOW
        {
            self.made.pop_front();
            self.sum -= cost;
        }
        if self.sum >= 2 * LIMIT {
            return Some(failure::throttled(self.wait(now)));
        }
        let cost = match (queries, method) {
            (true, _) => 50,
            (false, &Method::GET | &Method::OPTIONS) => 10,
            _ => 20,
        };
        self.made.push_back((now, cost));
        self.sum += cost;
        None
    }

    /// Says in an answer how much is left, once half of it is used.
    pub(super) fn tell(&self, now: Timestamp, response: &mut Response<Bytes>) {
        if self.sum * 2 < LIMIT {
            return;
        }
        let left = LIMIT.saturating_sub(self.sum) / 100;
        let reset = now.plus(WINDOW).as_millis() / 1000;
        set(response, "x-ratelimit-resource", "Concurrency/User");
        set(response, "x-ratelimit-limit", &(LIMIT / 100).to_string());
        set(response, "x-ratelimit-remaining", &left.to_string());
        set(response, "x-ratelimit-reset", &reset.to_string());
        if self.sum >= LIMIT {
            set(response, "x-ratelimit-delay", "1.000");
            set(
                response,
                "retry-after",
                &self.wait(now).as_secs().to_string(),
            );
        }
    }

    /// How long until the oldest request counts no more.
    fn wait(&self, now: Timestamp) -> Duration {
        let oldest = self.made.front().map_or(now, |(at, _)| *at);
        let wait = WINDOW.saturating_sub(now.since(oldest));
        wait.max(Duration::from_secs(1))
    }
}
