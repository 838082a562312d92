//! `[watch]` and `[status]`: who is told when something fails, how, and what the public reads.

mod changes;
mod channels;
mod check;
mod people;
mod probes;
mod queues;
mod roster;
mod status;

pub use changes::Changes;
pub use channels::{Channel, ChatTemplate};
pub use people::{
    Deliberate, Escalation, Layer, Match, Moment, Override, Person, Rotation, WatchLimits,
};
pub use probes::{Pace, Probes};
pub use queues::Queue;
pub use status::{AutoOpen, Component, Status, Webhooks};

use super::model::{TrustedHeader, loopback};
use super::secret::SecretRef;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use url::Url;

pub(super) use check::check;

/// `[watch]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Whether `up` starts one.
    pub enabled: bool,
    /// Where the status page is.
    pub listen: SocketAddr,
    /// The private listener: health, metrics, incidents.
    pub health: SocketAddr,
    /// Plain HTTP also off loopback: behind something that speaks TLS.
    pub plain_http: bool,
    /// Networks of the proxies in front of the status page whose word on their callers is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where they tell it.
    pub trusted_header: TrustedHeader,
    /// Where people reach the status page: what the links in pages begin with.
    pub public_url: Option<Url>,
    /// A dead man's switch outside, which calls somebody when its pings stop.
    pub outside_ping: Option<OutsidePing>,
    /// What other monitoring shows to be heard; without it only who has the installation's token is.
    pub inbound_token: Option<SecretRef>,
    /// `[watch.probes]`
    pub probes: Probes,
    /// `[watch.channels]`
    pub channels: BTreeMap<String, Channel>,
    /// `[watch.people]`
    pub people: BTreeMap<String, Person>,
    /// `[watch.rotations.NAME]`
    pub rotations: BTreeMap<String, Rotation>,
    /// `[[watch.escalations]]`
    pub escalations: Vec<Escalation>,
    /// `[watch.limits]`
    pub limits: WatchLimits,
    /// `[watch.changes]`
    pub changes: Changes,
    /// `[watch.queues.NAME]`
    pub queues: BTreeMap<String, Queue>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: loopback(7420),
            health: loopback(7412),
            plain_http: false,
            trusted_proxies: Vec::new(),
            trusted_header: TrustedHeader::XForwardedFor,
            public_url: None,
            outside_ping: None,
            inbound_token: None,
            probes: Probes::default(),
            channels: BTreeMap::new(),
            people: BTreeMap::new(),
            rotations: BTreeMap::new(),
            escalations: Vec::new(),
            limits: WatchLimits::default(),
            changes: Changes::default(),
            queues: BTreeMap::new(),
        }
    }
}

/// An address outside that is asked as long as all is well with watch.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OutsidePing {
    /// The address, which is a secret.
    pub url: SecretRef,
    /// From one ping to the next, in seconds.
    #[serde(default = "twenty")]
    pub period_s: u32,
}

const fn twenty() -> u32 {
    20
}

#[cfg(test)]
mod tests;
