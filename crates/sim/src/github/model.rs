//! What the simulated GitHub holds.

use crate::simulator::Delivered;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// Where an issue is: the repository's index and the issue's number.
pub(super) type Place = (usize, u64);

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) is_organization: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) created: Timestamp,
    /// Whether the feature "Issues" is on. While it is off the issues are kept, and only pull requests are shown.
    pub(super) has_issues: bool,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) next_number: u64,
    /// By the name in lower case: GitHub compares names without case.
    pub(super) labels: BTreeMap<String, Label>,
    pub(super) milestones: BTreeMap<u64, Milestone>,
    pub(super) hooks: BTreeMap<u64, Hook>,
}

impl Repo {
    /// Whether an issue of it can be shown at all.
    pub(super) const fn offers(&self, issue: &Issue) -> bool {
        self.has_issues || issue.is_pull_request
    }
}

#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) description: Option<String>,
    pub(super) default: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Milestone {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) creator: String,
    pub(super) closed: Option<Timestamp>,
    pub(super) due: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) author: String,
    /// Why it is closed; `None` while it is open.
    pub(super) closed: Option<Closed>,
    /// Reopened at least once and open now.
    pub(super) reopened: bool,
    /// Keys of [`Repo::labels`], in the order in which they were added.
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) milestone: Option<u64>,
    /// The name of one of [`super::ISSUE_TYPES`].
    pub(super) kind: Option<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) events: Vec<Event>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) is_pull_request: bool,
    pub(super) deleted: bool,
    pub(super) moved_to: Option<Place>,
    /// The issue above it.
    pub(super) parent: Option<Place>,
    /// Those below it.
    pub(super) below: BTreeSet<Place>,
    /// The status with which the API refuses to show it.
    pub(super) hidden: Option<u16>,
}

impl Issue {
    /// Whether lists show it.
    pub(super) const fn is_listed(&self) -> bool {
        !self.deleted && self.moved_to.is_none() && self.hidden.is_none()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) at: Timestamp,
    pub(super) by: String,
    /// `completed`, `not_planned`, `duplicate`.
    pub(super) reason: String,
}

#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) actor: String,
    /// `labeled`, `closed`, `renamed`, …
    pub(super) name: &'static str,
    pub(super) at: Timestamp,
    pub(super) detail: Detail,
}

#[derive(Clone, Debug)]
pub(super) enum Detail {
    None,
    Label { name: String, color: String },
    Person(String),
    Rename { from: String, to: String },
    Milestone(String),
    Reason(String),
}

#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) content_type: String,
    pub(super) insecure_ssl: String,
    pub(super) events: Vec<String>,
    pub(super) active: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) last: Option<Delivered>,
}

impl Hook {
    pub(super) fn wants(&self, event: &str) -> bool {
        self.active && self.events.iter().any(|name| name == event || name == "*")
    }
}

#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) id: u64,
    pub(super) guid: String,
    pub(super) repo: usize,
    pub(super) hook: u64,
    pub(super) event: String,
    pub(super) action: Option<String>,
    pub(super) request: http::Request<Bytes>,
    pub(super) redelivery: bool,
    /// When and how it went; `None` while it is on its way.
    pub(super) outcome: Option<(Timestamp, Delivered)>,
}
