//! Rate limit rules: so many requests an hour to each resource of the API.
//!
//! Source: <https://www.servicenow.com/docs/> ("Inbound REST API rate limiting"): the answers name limit, reset and rule, but not
//! what is left.

use super::failure;
use crate::call::{Call, set};
use bytes::Bytes;
use http::Response;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The window of every rule.
const HOUR_MS: i64 = 3_600_000;
/// The rule's `sys_id`.
const RULE: &str = "62ea8af11b2e1010f63f2fc5cc4bcb1d";

/// Requests in the present hour, by resource.
#[derive(Debug, Default)]
pub(super) struct Counted {
    hour: i64,
    by_resource: BTreeMap<String, u64>,
}

impl Counted {
    /// Counts a request under a rule; the refusal of one too many.
    pub(super) fn count(
        &mut self,
        call: &Call<'_>,
        now: Timestamp,
        limit: u64,
    ) -> Option<Response<Bytes>> {
        let hour = now.as_millis().div_euclid(HOUR_MS);
        if hour != self.hour {
            self.hour = hour;
            self.by_resource.clear();
        }
        let table = call.segments.iter().position(|part| part == "table");
        let table = table.and_then(|at| call.segments.get(at + 1));
        let resource = format!("{} {}", call.method, table.map_or("", String::as_str));
        let made = self.by_resource.entry(resource).or_default();
        if *made >= limit {
            let left = (self.reset_ms() - now.as_millis()).unsigned_abs();
            let mut refused = failure::throttled(now, Duration::from_millis(left + 999));
            self.mark(&mut refused, limit);
            return Some(refused);
        }
        *made += 1;
        None
    }

    /// Tells the rule in an answer's headers.
    pub(super) fn mark(&self, response: &mut Response<Bytes>, limit: u64) {
        set(response, "x-ratelimit-limit", &limit.to_string());
        set(
            response,
            "x-ratelimit-reset",
            &(self.reset_ms() / 1000).to_string(),
        );
        set(response, "x-ratelimit-rule", RULE);
    }

    const fn reset_ms(&self) -> i64 {
        (self.hour + 1) * HOUR_MS
    }
}
