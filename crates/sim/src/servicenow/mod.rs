//! ServiceNow, Table API.
//!
//! [`ServiceNow`] keeps the records (`store`) of a configured `site` of tables, answers the Table API over all of them alike
//! (`api`, `show`, `query`), and does what an instance does when a record is written (`records`): numbers, update counts,
//! journal, audit, priority, data policy. Its business rule posts signed webhooks (`hooks`).
//!
//! Its traps are the real one's: a condition on an unknown field is ignored, records that an ACL hides are left out after the
//! page was cut, fields that the account may not write are dropped, times are whole seconds and their display values are in the
//! account's time zone, the value of a journal field is always empty.
//!
//! What it does not do: import sets, scripted APIs, views, domains, dictionary overrides, access rules on single
//! fields but for writing.

mod api;
mod control;
mod dump;
mod failure;
mod files;
mod hooks;
mod limits;
mod people;
mod query;
mod records;
mod route;
mod seed;
mod show;
pub mod site;
mod stamp;
mod store;
mod system;
mod values;

use crate::call::{self, Call};
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::file::Content;
use crate::registry::Kind;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use hooks::Hooks;
use limits::Counted;
use site::Site;
use std::collections::BTreeMap;
use std::time::Duration;
use store::Store;
use twinline_core::time::Timestamp;

pub use seed::{PASSWORD, TOKEN, demo_site, seed};

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "servicenow",
    demo: || Box::new(ServiceNow::new(demo_site())),
    auth: "user = \"twinline\", ",
    secret: ("password", PASSWORD),
};

/// One simulated instance.
#[derive(Debug)]
pub struct ServiceNow {
    site: Site,
    store: Store,
    base_url: String,
    counted: Counted,
    hooks: Hooks,
    /// What is in files, by the `sys_id` of their records.
    contents: BTreeMap<String, Content>,
}

impl ServiceNow {
    /// An instance without tasks.
    pub fn new(site: Site) -> Self {
        let mut instance = Self {
            site,
            store: Store::default(),
            base_url: "http://localhost".to_owned(),
            counted: Counted::default(),
            hooks: Hooks::default(),
            contents: BTreeMap::new(),
        };
        instance.populate();
        instance
    }

    /// What it is set up with.
    pub const fn site(&self) -> &Site {
        &self.site
    }
}

impl Simulator for ServiceNow {
    fn tracker(&self) -> &'static str {
        "servicenow"
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let call = Call::new(request);
        let answer = self.route(now.floor_to_second(), &call);
        let mut response = answer.unwrap_or_else(failure::Failure::into_response);
        call::set(&mut response, "date", &call::http_date(now));
        response
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        self.hooks.take()
    }

    /// The script posts once: nothing tries again.
    fn delivered(&mut self, _: Timestamp, _: &Webhook, _: &Delivered) -> Option<Duration> {
        None
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.act(now.floor_to_second(), command)
    }

    fn dump(&self) -> Dump {
        self.dump_all()
    }

    /// Lists come from the database: nothing lags.
    fn set_index_lag(&mut self, _: Duration) {}

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        let state = self.site.column("incident", "state");
        let choices = state.into_iter().flat_map(|column| &column.choices);
        choices.map(|(_, label)| label.clone()).collect()
    }

    fn throttled(&self, now: Timestamp, retry_after: Duration) -> http::Response<Bytes> {
        failure::throttled(now, retry_after)
    }
}

#[cfg(test)]
mod tests;
