//! Zendesk, Support API version 2.
//!
//! [`Zendesk`] keeps tickets (`model`) of a configured `site`, checks what is written (`attributes`), answers requests (one
//! module for each part of the API), sends webhooks (`hooks`) and lets people act past the API (`control`). Searching goes
//! through an index that may lag behind; the incremental export leaves the last minute out.
//!
//! What it does not do: macros, triggers and automations, organisations, forms, side conversations, roles other
//! than administrator, agent and customer, archiving of old tickets.

mod attributes;
mod changes;
mod comments;
mod control;
mod export;
mod failure;
mod files;
mod hooks;
mod html;
mod limits;
mod model;
mod page;
mod places;
mod requester;
mod route;
mod search;
mod seed;
mod show;
pub mod site;
mod tickets;

use crate::call::Call;
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::index::Index;
use crate::registry::Kind;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use hooks::Hooks;
use limits::Usage;
use model::Ticket;
use site::Site;
use std::collections::BTreeMap;
use std::time::Duration;
use tickets::Remembered;
use twinline_core::time::Timestamp;

pub use seed::{API_TOKEN, OAUTH_TOKEN, demo_site};

/// The first id of comments, audits and events.
const FIRST_ID: u64 = 20_000;

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "zendesk",
    demo: || Box::new(Zendesk::new(demo_site())),
    auth: "email = \"twinline@acme.example\", ",
    secret: ("token", API_TOKEN),
};

/// One simulated Zendesk account.
#[derive(Debug)]
pub struct Zendesk {
    site: Site,
    base_url: String,
    /// By id, deleted ones included.
    tickets: BTreeMap<u64, Ticket>,
    index: Index<Ticket>,
    hooks: Hooks,
    usage: Usage,
    /// Creates by their idempotency keys.
    keys: BTreeMap<String, Remembered>,
    newest_id: u64,
    /// By id, those that are not attached included.
    files: BTreeMap<u64, files::StoredFile>,
}

impl Zendesk {
    /// An account without tickets.
    pub fn new(site: Site) -> Self {
        Self {
            index: Index::lagging(site.index_lag),
            site,
            base_url: "http://localhost".to_owned(),
            tickets: BTreeMap::new(),
            hooks: Hooks::default(),
            usage: Usage::default(),
            keys: BTreeMap::new(),
            newest_id: FIRST_ID,
            files: BTreeMap::new(),
        }
    }

    /// What it is set up with.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    const fn new_id(&mut self) -> u64 {
        self.newest_id += 1;
        self.newest_id
    }
}

impl Simulator for Zendesk {
    fn tracker(&self) -> &'static str {
        "zendesk"
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        self.index.advance(now);
        let call = Call::new(request);
        self.answer(now.floor_to_second(), &call)
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        self.hooks.take()
    }

    fn delivered(
        &mut self,
        now: Timestamp,
        webhook: &Webhook,
        how: &Delivered,
    ) -> Option<Duration> {
        self.hooks.delivered(now, webhook.delivery, how)
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.act(now.floor_to_second(), command)
    }

    fn dump(&self) -> Dump {
        self.dump_all()
    }

    fn set_index_lag(&mut self, lag: Duration) {
        self.index.lag = lag;
    }

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        let labels = self.site.statuses.iter().map(|status| &status.label);
        labels.cloned().chain(["Closed".to_owned()]).collect()
    }

    fn throttled(&self, _: Timestamp, retry_after: Duration) -> http::Response<Bytes> {
        let mut response = failure::limited(retry_after.as_secs().max(1));
        crate::call::set(&mut response, "x-rate-limit-remaining", "0");
        response
    }
}

#[cfg(test)]
mod tests;
