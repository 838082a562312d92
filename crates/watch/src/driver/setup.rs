//! What the driver is told of its configuration. A new one holds at once.

use crate::channel::Channel;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::watch::change;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::escalation::{Roster, Zone};
use twinline_core::watch::incident;
use twinline_core::watch::page::Page;
use twinline_core::watch::probe;
use twinline_core::watch::signal::Severity;
use url::Url;

/// All that is configured, checked and built.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The instance's name: whose watch it is.
    pub instance: String,
    /// This machine's name: which watch it is.
    pub machine: String,
    /// People, rotations, escalations, limits.
    pub roster: Roster,
    /// The numbers of incidents.
    pub incidents: incident::Settings,
    /// The status page's components.
    pub page: Page,
    /// The status page's name.
    pub name: String,
    /// The place whose clock the status page shows.
    pub time_zone: Zone,
    /// Where people reach the status page.
    pub public_url: Option<Url>,
    /// The ways to people, by name.
    pub channels: BTreeMap<String, Arc<Channel>>,
    /// Ways that cannot be used, by name, each with the reason.
    pub unusable: BTreeMap<String, String>,
    /// The numbers of changes.
    pub changes: change::Settings,
    /// What the probes tell of.
    pub watched: Vec<Watched>,
    /// Who shares this installation, by the name of their workspace.
    pub tenants: BTreeMap<String, Tenant>,
}

/// Somebody who shares this installation with others: a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenant {
    /// What its reports are known by: SHA-256 of the token that they show. Without it all its reports are a visitor's.
    pub token: Option<[u8; 32]>,
    /// Its nodes.
    pub nodes: Vec<TenantNode>,
}

/// A node of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantNode {
    /// Its name.
    pub node: String,
    /// Which tracker it is.
    pub tracker: String,
}

impl Tenant {
    /// By what a token is known.
    pub fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token.as_bytes()).into()
    }
}

/// One subject of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The probe's name.
    pub probe: String,
    /// What it tells of.
    pub subject: Element,
    /// All that may be the reason when it fails.
    pub implicates: Path,
    /// How bad that is, seen alone.
    pub severity: Severity,
    /// What turns its verdict.
    pub settings: probe::Settings,
    /// How long a run may take, in milliseconds: for the sentence about it.
    pub deadline_ms: u64,
}

impl Setup {
    /// What a probe tells of a subject.
    pub(super) fn watched(&self, probe: &str, subject: &Element) -> Option<&Watched> {
        let mut all = self.watched.iter();
        all.find(|it| it.probe == probe && it.subject == *subject)
    }

    /// Whose token that is. Digests are compared: how long that takes tells nothing of a token.
    pub(super) fn tenant(&self, token: &str) -> Option<&str> {
        let shown = Tenant::digest(token);
        let mut all = self.tenants.iter();
        let known = all.find(|(_, tenant)| !token.is_empty() && tenant.token == Some(shown));
        known.map(|(name, _)| name.as_str())
    }

    /// Whether there is anybody to call.
    pub fn has_somebody(&self) -> bool {
        self.roster.people.values().any(|person| {
            let mut reach = person.reach.iter();
            reach.any(|contact| self.channels.contains_key(&contact.channel))
        })
    }
}

impl Watched {
    /// By what it is known among all.
    pub(super) fn key(&self) -> String {
        key(&self.probe, &self.subject)
    }
}

/// By what one subject of one probe is known among all.
pub(super) fn key(probe: &str, subject: &Element) -> String {
    format!("{probe} {subject}")
}
