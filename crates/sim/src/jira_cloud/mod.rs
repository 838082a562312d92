//! Jira Cloud, REST API version 3.
//!
//! [`JiraCloud`] keeps issues (`model`, `store`) of a configured `site`, checks what is written (`fields`,
//! `adf`), answers requests (one module for each part of the API), sends webhooks (`hooks`) and lets people act
//! past the API (`control`). Searching goes through an index that may lag behind (`index`, `jql`).
//!
//! What it does not do: worklogs, issue security, boards, permissions other than hiding issues.

mod adf;
mod bean;
mod comments;
mod control;
mod dump;
mod edit;
mod failure;
mod fields;
mod files;
mod hooks;
mod index;
mod issues;
mod jql;
mod limits;
mod links;
mod meta;
mod model;
mod people;
mod places;
mod properties;
mod request;
mod route;
mod search;
mod seed;
mod show;
pub mod site;
mod store;
mod talk;
mod transitions;
mod workflows;

use crate::call::Call;
use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpItem};
use crate::registry::Kind;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use hooks::Hooks;
use index::Index;
use limits::IssueWrites;
use site::Site;
use std::time::Duration;
use store::Store;
use twinline_core::time::Timestamp;

pub use seed::{API_TOKEN, demo_site, seed};

/// The first id of issues, comments, changelog entries and links, as on real sites.
const FIRST_ID: u64 = 10_000;

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "jira-cloud",
    demo: || Box::new(JiraCloud::new(demo_site())),
    auth: "email = \"twinline@acme.example\", ",
    secret: ("token", API_TOKEN),
};

/// One simulated Jira Cloud site.
#[derive(Debug)]
pub struct JiraCloud {
    site: Site,
    store: Store,
    index: Index,
    writes: IssueWrites,
    hooks: Hooks,
    newest_id: u64,
}

impl JiraCloud {
    /// A site without issues.
    pub fn new(site: Site) -> Self {
        let index = Index::lagging(site.switches.index_lag);
        Self {
            site,
            store: Store::default(),
            index,
            writes: IssueWrites::default(),
            hooks: Hooks::default(),
            newest_id: FIRST_ID,
        }
    }

    /// What the site is set up with.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Turns showing other people's e-mail addresses on or off.
    pub const fn set_emails_visible(&mut self, visible: bool) {
        self.site.switches.emails_visible = visible;
    }

    /// Turns the limits of writes on one issue on or off.
    pub const fn set_issue_write_limits(&mut self, on: bool) {
        self.site.switches.issue_write_limits = on;
    }

    fn new_id(&mut self) -> u64 {
        self.newest_id += 1;
        self.newest_id
    }

    fn show(&self) -> show::Show<'_> {
        show::Show {
            site: &self.site,
            store: &self.store,
        }
    }
}

impl Simulator for JiraCloud {
    fn tracker(&self) -> &'static str {
        "jira-cloud"
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        self.index.advance(now);
        let call = Call::new(request);
        let answer = self.route(now, &call);
        answer.unwrap_or_else(failure::Failure::into_response)
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        self.hooks.take()
    }

    fn delivered(
        &mut self,
        _now: Timestamp,
        webhook: &Webhook,
        how: &Delivered,
    ) -> Option<Duration> {
        self.hooks.delivered(webhook.delivery, how)
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.act(now, command)
    }

    fn dump(&self) -> Dump {
        self.dump_all()
    }

    fn dump_one(&self, key: &str) -> Option<DumpItem> {
        self.store.find(key).map(|issue| self.dump_item(issue))
    }

    fn set_index_lag(&mut self, lag: Duration) {
        self.index.lag = lag;
    }

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/')
            .clone_into(&mut self.site.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        let names = self.site.statuses.iter().map(|status| &status.name);
        names.cloned().collect()
    }

    fn throttled(&self, now: Timestamp, retry_after: Duration) -> http::Response<Bytes> {
        failure::throttled(now, retry_after)
    }
}

#[cfg(test)]
mod tests;
