//! What the API lets through in a minute, and what its headers tell of it.
//!
//! Source: developer.zendesk.com, "Rate limits": `X-Rate-Limit`, `X-Rate-Limit-Remaining` and `ratelimit-reset` for the
//! account, `Retry-After` on a 429. The limits of single endpoints leave those headers alone.

use super::failure::Failure;
use super::site::Limits;
use crate::call::set;
use bytes::Bytes;
use http::Response;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// What was asked lately.
#[derive(Debug, Default)]
pub(super) struct Usage {
    minute: i64,
    account: u32,
    exports: VecDeque<Timestamp>,
    updates: VecDeque<Timestamp>,
    by_ticket: BTreeMap<(u64, u64), VecDeque<Timestamp>>,
}

impl Usage {
    /// Counts a request.
    pub(super) fn count(&mut self, now: Timestamp, limits: Limits) -> Result<(), Failure> {
        let minute = now.as_millis().div_euclid(60_000);
        if minute != self.minute {
            self.minute = minute;
            self.account = 0;
        }
        if self.account >= limits.account {
            return Err(Failure::Limited {
                retry_after_s: reset_s(now),
            });
        }
        self.account += 1;
        Ok(())
    }

    /// Counts an incremental export.
    pub(super) fn count_export(&mut self, now: Timestamp, limits: Limits) -> Result<(), Failure> {
        slide(&mut self.exports, now, MINUTE, limits.exports)
    }

    /// Counts an update of a ticket by a user.
    pub(super) fn count_update(
        &mut self,
        now: Timestamp,
        limits: Limits,
        (ticket, user): (u64, u64),
    ) -> Result<(), Failure> {
        let own = self.by_ticket.entry((ticket, user)).or_default();
        slide(own, now, TEN_MINUTES, limits.updates_of_one)?;
        slide(&mut self.updates, now, MINUTE, limits.updates)
    }

    /// Sets the headers that every answer carries.
    pub(super) fn show(&self, now: Timestamp, limits: Limits, response: &mut Response<Bytes>) {
        let remaining = limits.account.saturating_sub(self.account).to_string();
        let limit = limits.account.to_string();
        for (name, value) in [
            ("x-rate-limit", &limit),
            ("ratelimit-limit", &limit),
            ("x-rate-limit-remaining", &remaining),
            ("ratelimit-remaining", &remaining),
            ("ratelimit-reset", &reset_s(now).to_string()),
        ] {
            set(response, name, value);
        }
    }
}

/// Seconds until the minute ends.
fn reset_s(now: Timestamp) -> u64 {
    let into = now.as_millis().rem_euclid(60_000) / 1000;
    u64::try_from(60 - into).unwrap_or(60)
}

/// Counts in a sliding window, or refuses.
fn slide(
    counted: &mut VecDeque<Timestamp>,
    now: Timestamp,
    per: Duration,
    most: u32,
) -> Result<(), Failure> {
    while counted.front().is_some_and(|at| now.since(*at) >= per) {
        counted.pop_front();
    }
    if let Some(oldest) = counted.front()
        && counted.len() >= most as usize
    {
        let wait = per.saturating_sub(now.since(*oldest));
        return Err(Failure::Limited {
            retry_after_s: wait.as_secs() + 1,
        });
    }
    if most != u32::MAX {
        counted.push_back(now);
    }
    Ok(())
}
