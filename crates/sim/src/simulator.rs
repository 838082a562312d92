//! The surface of one simulated tracker.

use bytes::Bytes;
use twinline_core::time::Timestamp;

/// One simulated tracker instance.
pub trait Simulator: Send {
    /// The tracker's name in the configuration: `github`, `jira-cloud`, `redmine`.
    fn tracker(&self) -> &'static str;

    /// Answers one API request as the tracker would at `now`: status codes, shapes, pagination, rate headers.
    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes>;

    /// The webhooks that the changes since the last call have caused, signed and ready to send, in order.
    fn take_webhooks(&mut self) -> Vec<Webhook>;
}

/// A webhook on its way.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to, by which the receiver knows the node: a full URL.
    pub request: http::Request<Bytes>,
    /// When the change happened.
    pub at: Timestamp,
}
