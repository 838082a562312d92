//! Redmine 5, REST API in JSON.
//!
//! Redmine has no webhooks, no rate limits and no index that lags. Its traps are others: times in whole seconds, a
//! list that leaves closed issues out unless asked, attributes that a workflow forbids and that are quietly dropped,
//! notes edited without a new `updated_on`.
//!
//! What it does not do: time entries, versions, categories, relations, watchers, sub-projects. Its roles differ in
//! the permissions to see private notes and to make them.

mod attributes;
mod control;
mod files;
mod filter;
mod issues;
mod journals;
mod model;
mod places;
mod route;
mod seed;
mod show;
pub mod site;

use crate::call::Call;
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::registry::Kind;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use model::Issue;
use site::Site;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

pub use seed::{API_KEY, demo_site, seed};

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "redmine",
    demo: || Box::new(Redmine::new(demo_site())),
    auth: "",
    secret: ("key", API_KEY),
};

/// One simulated Redmine.
#[derive(Debug)]
pub struct Redmine {
    site: Site,
    base_url: String,
    /// By id, deleted ones included.
    issues: BTreeMap<u64, Issue>,
    newest_journal: u64,
    /// By id, those that are not attached yet included.
    files: BTreeMap<u64, files::StoredFile>,
    /// Whether the account of the API's key has lost its administration and the permission to see private notes.
    kept_from_robot: bool,
}

impl Redmine {
    /// A Redmine without issues.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            base_url: "http://localhost".to_owned(),
            issues: BTreeMap::new(),
            newest_journal: 0,
            files: BTreeMap::new(),
            kept_from_robot: false,
        }
    }

    /// What it is set up with.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// A living issue.
    fn find(&self, id: u64) -> Option<&Issue> {
        self.issues.get(&id).filter(|issue| !issue.deleted)
    }
}

impl Simulator for Redmine {
    fn tracker(&self) -> &'static str {
        "redmine"
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let call = Call::new(request);
        let answer = self.route(now.floor_to_second(), &call);
        answer.unwrap_or_else(route::Failure::into_response)
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        Vec::new()
    }

    fn delivered(&mut self, _: Timestamp, _: &Webhook, _: &Delivered) -> Option<Duration> {
        None
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.act(now.floor_to_second(), command)
    }

    fn dump(&self) -> Dump {
        self.dump_all()
    }

    /// Redmine's lists come from its database: nothing lags.
    fn set_index_lag(&mut self, _: Duration) {}

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        let names = self.site.statuses.iter().map(|status| &status.name);
        names.cloned().collect()
    }
}

#[cfg(test)]
mod tests;
