//! GitHub's rate limits (docs.github.com, "Rate limits for the REST API").

use super::Github;
use super::failure::Failure;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use twinline_core::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// How many requests a token may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests an hour.
    pub core_per_hour: u64,
    /// Searches a minute.
    pub search_per_minute: u64,
    /// Issues and comments created a minute; 0: no such limit.
    pub creations_per_minute: usize,
    /// Issues and comments created an hour; 0: no such limit.
    pub creations_per_hour: usize,
}

impl Default for Limits {
    /// GitHub's own.
    fn default() -> Self {
        Self {
            core_per_hour: 5_000,
            search_per_minute: 30,
            creations_per_minute: 80,
            creations_per_hour: 500,
        }
    }
}

impl Limits {
    /// So high that nobody meets them.
    pub const fn none() -> Self {
        Self {
            core_per_hour: 1_000_000_000,
            search_per_minute: 1_000_000_000,
            creations_per_minute: 0,
            creations_per_hour: 0,
        }
    }
}

/// What a token has used.
#[derive(Clone, Debug, Default)]
pub(super) struct Usage {
    core: Window,
    search: Window,
    creations: VecDeque<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    ends: Timestamp,
    used: u64,
}

impl Window {
    fn at(self, now: Timestamp, length: Duration) -> Self {
        // A clock that went back starts a window too: one that ends later than its length allows is not ours.
        if now < self.ends && self.ends <= now.plus(length) {
            return self;
        }
        Self {
            ends: now.plus(length),
            used: 0,
        }
    }

    fn show(self, limit: u64) -> Value {
        json!({
            "limit": limit,
            "used": self.used.min(limit),
            "remaining": limit.saturating_sub(self.used),
            "reset": self.ends.as_millis().div_euclid(1000) + 1,
        })
    }
}

impl Github {
    /// Counts a request against the primary limit.
    pub(super) fn count_request(
        &mut self,
        now: Timestamp,
        token: &str,
        search: bool,
    ) -> Result<(), Box<Failure>> {
        let limits = self.limits;
        let usage = self.usage.entry(token.to_owned()).or_default();
        let (window, length, limit) = if search {
            (&mut usage.search, MINUTE, limits.search_per_minute)
        } else {
            (&mut usage.core, HOUR, limits.core_per_hour)
        };
        *window = window.at(now, length);
        if window.used >= limit {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID.",
            ));
        }
        window.used += 1;
        Ok(())
    }

    /// Takes back the count of an answer 304, which is free.
    pub(super) fn uncount_request(&mut self, token: &str) {
        if let Some(usage) = self.usage.get_mut(token) {
            usage.core.used = usage.core.used.saturating_sub(1);
        }
    }

    /// Counts content that is created against the secondary limits.
    pub(super) fn count_creation(
        &mut self,
        now: Timestamp,
        token: &str,
    ) -> Result<(), Box<Failure>> {
        let limits = self.limits;
        let made = &mut self.usage.entry(token.to_owned()).or_default().creations;
        while made.front().is_some_and(|at| now.since(*at) >= HOUR) {
            made.pop_front();
        }
        let last_minute = made
            .iter()
            .rev()
            .take_while(|at| now.since(**at) < MINUTE)
            .count();
        let over = |limit: usize, count: usize| limit > 0 && count >= limit;
        if over(limits.creations_per_hour, made.len()) {
            let oldest = made.front().copied().unwrap_or(now);
            return Err(Failure::secondary_limit(
                oldest.plus(HOUR).since(now).as_secs() + 1,
            ));
        }
        if over(limits.creations_per_minute, last_minute) {
            return Err(Failure::secondary_limit(MINUTE.as_secs()));
        }
        if limits.creations_per_minute > 0 || limits.creations_per_hour > 0 {
            made.push_back(now);
        }
        Ok(())
    }

    /// `GET /rate_limit`.
    pub(super) fn rate_limit(&self, now: Timestamp, token: &str) -> Value {
        let usage = self.usage.get(token).cloned().unwrap_or_default();
        let core = usage.core.at(now, HOUR).show(self.limits.core_per_hour);
        let search = usage
            .search
            .at(now, MINUTE)
            .show(self.limits.search_per_minute);
        json!({"resources": {"core": core, "search": search}, "rate": core})
    }

    /// Sets the headers that every answer carries.
    pub(super) fn set_rate_headers(
        &self,
        now: Timestamp,
        token: &str,
        search: bool,
        response: &mut Response<bytes::Bytes>,
    ) {
        let resource = if search { "search" } else { "core" };
        let shown = self.rate_limit(now, token);
        for name in ["limit", "remaining", "reset", "used"] {
            let value = shown["resources"][resource][name].to_string();
            crate::call::set(response, &format!("x-ratelimit-{name}"), &value);
        }
        crate::call::set(response, "x-ratelimit-resource", resource);
    }
}
