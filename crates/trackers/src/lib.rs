//! Connectors: what Twinline knows of each tracker's API, behind one trait.
//!
//! Adding a tracker needs a folder here and one line in the registry; the engine never names a tracker.

// The conformance harness over simulators is compiled here for the tests and in `xtask`, by the same paths.
#[cfg(test)]
extern crate self as twinline_trackers;

mod azure_devops;
pub mod canary;
mod code_lines;
pub mod conformance;
mod connector;
mod error;
pub mod files;
mod github;
pub mod http;
mod jira_cloud;
mod json_http;
mod learnt;
mod redmine;
pub mod registry;
mod servicenow;
mod tracker;
mod zendesk;

pub use error::{TrackerError, WebhookRejected};
pub use files::{Commit, FileBody, Upload};
pub use json_http::{DESCRIPTION_MAX_BYTES, Description as TrackerDescription, DescriptionError};
pub use learnt::Learnt;
pub use tracker::{
    Candidate, ChangePage, Cursor, Description, FeedChange, FieldDescription, ItemPage, Notice,
    NoticeKind, Opinion, Probe, Scope, Status, Subscribed, Subscription, Tracker, Webhook,
};
