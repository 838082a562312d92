//! Azure DevOps Services, REST API version 7.1: work items and service hooks of one organization.
//!
//! [`AzureDevOps`] keeps work items (`model`) of a configured `site` with all their revisions, checks what is written
//! (`patch`, `rules`), answers requests (one module for each part of the API), sends service hooks (`hooks`) and lets people
//! act past the API (`control`). Queries are read from the state some time ago, where an index lag is set (`wiql`).
//!
//! The organization is served below its name, as at `dev.azure.com/acme`, and at the root, as at `acme.visualstudio.com`.
//!
//! What it does not do: teams, boards, saved queries, permissions other than hiding items.

mod bin;
mod change;
mod comments;
mod control;
mod discovery;
mod dump;
mod failure;
mod feed;
mod files;
mod history;
mod hooks;
mod items;
mod limits;
mod links;
mod meta;
mod model;
mod patch;
mod request;
mod route;
mod rules;
mod seed;
mod show;
pub mod site;
mod subscriptions;
mod wiql;

use crate::call::Call;
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::registry::Kind;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use hooks::Hooks;
use limits::Usage;
use model::WorkItem;
use site::Organization;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

pub use seed::{ENTRA_TOKEN, PAT, demo_organization, seed};

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "azure-devops",
    demo: || Box::new(AzureDevOps::new(demo_organization())),
    auth: "",
    secret: ("token", PAT),
};

/// One simulated organization.
#[derive(Debug)]
pub struct AzureDevOps {
    site: Organization,
    /// By id, deleted ones included.
    items: BTreeMap<u64, WorkItem>,
    /// Every revision of every item in the order in which they were made: the item's id and the revision's number.
    log: Vec<(u64, usize)>,
    hooks: Hooks,
    usage: Usage,
    newest_comment: u64,
    /// By id, those that are not linked included.
    files: BTreeMap<String, files::StoredFile>,
}

impl AzureDevOps {
    /// An organization without work items.
    pub fn new(site: Organization) -> Self {
        Self {
            site,
            items: BTreeMap::new(),
            log: Vec::new(),
            hooks: Hooks::default(),
            usage: Usage::default(),
            newest_comment: 0,
            files: BTreeMap::new(),
        }
    }

    /// What the organization is set up with, to change.
    pub const fn site_mut(&mut self) -> &mut Organization {
        &mut self.site
    }

    /// An item that the caller of this function has just found by its id.
    fn item(&self, id: u64) -> &WorkItem {
        &self.items[&id]
    }
}

impl Simulator for AzureDevOps {
    fn tracker(&self) -> &'static str {
        "azure-devops"
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes> {
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

    fn set_index_lag(&mut self, lag: Duration) {
        self.site.switches.index_lag = lag;
    }

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/')
            .clone_into(&mut self.site.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        let kinds = self.site.projects.iter().flat_map(|project| &project.types);
        let mut names: Vec<String> = Vec::new();
        for state in kinds.flat_map(|kind| &kind.states) {
            if !names.contains(&state.name) {
                names.push(state.name.clone());
            }
        }
        names
    }

    fn throttled(&self, _now: Timestamp, retry_after: Duration) -> http::Response<Bytes> {
        failure::throttled(retry_after)
    }
}

#[cfg(test)]
mod tests;
