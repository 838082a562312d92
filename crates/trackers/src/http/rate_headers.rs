//! Reading what a tracker says about its limits, in the headers' several dialects.

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The longest wait that a header can make us keep: a clock fault at the tracker must not stop a node for days.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(2 * 3600);

/// What an answer said about the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateSignal {
    /// How many requests the window allows.
    pub limit: Option<u64>,
    /// How many requests are left in the window.
    pub remaining: Option<u64>,
    /// How long until the window starts anew.
    pub resets_in: Option<Duration>,
    /// How long to stay away.
    pub retry_after: Option<Duration>,
}

impl RateSignal {
    /// Reads `Retry-After` (seconds or an HTTP date), `RateLimit-*`, `X-RateLimit-*` and `X-Rate-Limit-*`. A reset is
    /// seconds, seconds since the epoch, or RFC 3339. Instants are compared with the answer's own `Date`, so our
    /// clock's error does not matter; `now` stands in where it is missing.
    pub fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let their_now = text(DATE.as_str()).and_then(parse_http_date).unwrap_or(now);
        let first = |names: [&str; 3]| names.into_iter().find_map(text);
        let remaining = first([
            "x-ratelimit-remaining",
            "ratelimit-remaining",
            "x-rate-limit-remaining",
        ]);
        let reset = first(["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"]);
        let limit = first(["x-ratelimit-limit", "ratelimit-limit", "x-rate-limit"]);
        Self {
            limit: limit.and_then(|text| text.parse().ok()),
            remaining: remaining.and_then(|text| text.parse().ok()),
            resets_in: reset.and_then(|text| wait(text, their_now)),
            retry_after: text(RETRY_AFTER.as_str()).and_then(|text| wait(text, their_now)),
        }
    }
}

/// How long to stay away after a refusal that gives no time: one minute, by GitHub's guidance on secondary limits.
const WITHOUT_A_WORD: Duration = Duration::from_secs(60);

impl RateSignal {
    /// How long to stay away after an answer that refused for want of budget.
    pub(super) fn refused(&self) -> Duration {
        let reset = self.resets_in.filter(|_| self.remaining == Some(0));
        self.retry_after.or(reset).unwrap_or(WITHOUT_A_WORD)
    }
}

/// Integers above this are seconds since the epoch; below it, seconds from now.
const EPOCH_SECONDS_MIN: i64 = 1_000_000_000;

fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let until = |instant: Timestamp| instant.since(now);
    let duration = match text.parse::<f64>() {
        Ok(seconds) if !(0.0..1e12).contains(&seconds) => return None,
        Ok(seconds) if seconds >= EPOCH_SECONDS_MIN as f64 => {
            until(Timestamp::from_millis((seconds * 1000.0) as i64))
        }
        Ok(seconds) => Duration::from_millis((seconds * 1000.0).ceil() as u64),
        Err(_) => until(parse_http_date(text).or_else(|| Timestamp::parse(text).ok())?),
    };
    Some(duration.min(WAIT_MAX))
}

/// Reads an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let instant = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests;
