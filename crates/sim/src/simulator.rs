//! The surface of one simulated tracker.

use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpItem};
use bytes::Bytes;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// One simulated tracker instance.
pub trait Simulator: Send {
    /// The tracker's name in the configuration: `azure-devops`, `github`, `jira-cloud`, `redmine`.
    fn tracker(&self) -> &'static str;

    /// Answers one API request as the tracker would at `now`: status codes, shapes, pagination, rate headers.
    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes>;

    /// The webhooks that the changes since the last call have caused, signed and ready to send, in order.
    fn take_webhooks(&mut self) -> Vec<Webhook>;

    /// Tells how one attempt to deliver a webhook went. The answer is after how long the tracker tries again by
    /// itself; `None` when it does not.
    fn delivered(&mut self, now: Timestamp, webhook: &Webhook, how: &Delivered)
    -> Option<Duration>;

    /// Does what a person or a test asks, past the API: no rate limit, no fault, but the same state, the same
    /// webhooks and the same workflow rules.
    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused>;

    /// The whole state in neutral form, in the order of creation.
    fn dump(&self) -> Dump;

    /// One item of the dump that is not deleted, by what a person calls it.
    fn dump_one(&self, key: &str) -> Option<DumpItem> {
        let dump = self.dump();
        let item = dump.item(key).filter(|item| !item.deleted);
        item.cloned()
    }

    /// How long a change takes to show in the tracker's query index. Zero: at once.
    fn set_index_lag(&mut self, lag: Duration);

    /// Tells at which address the API is served (`http://127.0.0.1:4010`), for the addresses inside of answers.
    fn set_base_url(&mut self, _base: &str) {}

    /// The status values that a person can choose from, for the web page; empty: any text.
    fn statuses(&self) -> Vec<String> {
        Vec::new()
    }

    /// How the tracker refuses a request that came too soon.
    fn throttled(&self, _now: Timestamp, retry_after: Duration) -> http::Response<Bytes> {
        let message = serde_json::json!({"message": "Too many requests"});
        let mut response = crate::call::json(http::StatusCode::TOO_MANY_REQUESTS, &message);
        let seconds = retry_after.as_secs().max(1).to_string();
        crate::call::set(&mut response, "retry-after", &seconds);
        response
    }
}

/// A webhook on its way.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The simulator's number of this delivery; an attempt to deliver it again has the same.
    pub delivery: u64,
    /// Where to, by which the receiver knows the node: a full URL.
    pub request: http::Request<Bytes>,
    /// When the change happened.
    pub at: Timestamp,
}

/// How an attempt to deliver a webhook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The receiver answered.
    Answered {
        /// Its status code.
        status: u16,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// Nobody answered in time, or the connection failed.
    Failed {
        /// Why, as a sentence.
        reason: String,
    },
}

impl Delivered {
    /// Whether the tracker counts it as taken: an answer of 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if *status >= 200 && *status < 300)
    }
}
