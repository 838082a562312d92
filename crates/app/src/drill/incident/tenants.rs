//! The customers: each is a workspace of the installation with nodes of its own, and reports as that, with its token.

use super::super::trackers;
use super::watches::Watch;
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// How many there are.
pub(in crate::drill) const TENANTS: usize = 5;
/// What some of them name, as the page offers it.
const COMPONENT: &str = "Administration";

/// The tenant whose a connection is.
pub(in crate::drill) fn of_connection(connection: usize) -> Tenant {
    Tenant::new(connection % TENANTS)
}

/// One of them.
#[derive(Clone, Debug)]
pub(in crate::drill) struct Tenant {
    number: usize,
    /// Its workspace.
    pub(in crate::drill) name: String,
}

/// A report that was taken, and what its tenant is to be told of it.
pub(super) struct Filed<'a> {
    pub(super) tenant: Tenant,
    /// Its id.
    pub(super) report: String,
    /// Where it was taken.
    pub(super) watch: &'a Watch,
    /// The incident that is known there.
    pub(super) incident: u64,
}

impl Tenant {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            name: format!("tenant-{}", number + 1),
        }
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..TENANTS).map(Self::new)
    }

    /// Where its token lies, beside the configuration.
    pub(super) fn file(&self) -> String {
        format!("{}.report", self.name)
    }

    /// What it shows.
    pub(super) fn token(&self) -> String {
        format!("what {} shows when it reports", self.name)
    }

    /// Where it asks from: each from an address of its own.
    pub(super) fn address(&self) -> IpAddr {
        let last = u8::try_from(self.number + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(127, 0, 7, last).into()
    }

    /// Reports that something does not work; the report's id where it was taken. Some name a component of the page, some
    /// a node of theirs.
    pub(super) async fn reports(&self, watch: &Watch) -> Result<Option<String>> {
        let text = "Nothing that we change is saved.";
        let said = if self.number.is_multiple_of(2) {
            json!({ "component": COMPONENT, "text": text })
        } else {
            // The left side of its first connection.
            let node = trackers::name(self.number * 2);
            json!({ "node": node, "text": text })
        };
        watch.report(self, &said).await
    }
}

impl Filed<'_> {
    /// Whether its tenant is told that it is of the incident that is known.
    pub(super) async fn is_known(&self) -> bool {
        let told = self.watch.answer(&self.tenant, &self.report).await;
        told.is_some_and(|it| it["answer"] == "known" && it["incident"] == self.incident)
    }
}

/// The tables of all workspaces.
pub(super) fn tables() -> String {
    let mut text = String::new();
    for tenant in Tenant::all() {
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "[workspaces.{}]\nreport_token = {{ file = \"{}\" }}\n",
            tenant.name,
            tenant.file()
        );
    }
    text
}
