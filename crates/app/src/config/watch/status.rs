//! `[status]`: what the public reads.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use twinline_core::watch::element::{Kind, Selector};
use twinline_core::watch::escalation::Zone;
use twinline_core::watch::page::ComponentState;

/// `[status]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Status {
    /// The page's name; the instance's if none.
    pub name: Option<String>,
    /// By which days are counted.
    pub time_zone: Zone,
    /// The channel by which subscribers are told; nobody can subscribe if none.
    pub mail: Option<String>,
    /// Whether webhooks of subscribers are called, and which.
    pub webhooks: Webhooks,
    /// When an entry opens by itself.
    pub auto_open: AutoOpen,
    /// What the public knows the service by; built-in ones if none.
    pub components: Vec<Component>,
}

/// Webhooks of subscribers: anybody may name an address.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Whether they are offered.
    pub enabled: bool,
    /// Private networks that an address may lie in.
    pub allow_private: Vec<IpNet>,
    /// Whether an address may be plain HTTP.
    pub plain: bool,
}

/// When an entry opens by itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoOpen {
    /// So long after an incident was declared: the time for a veto, in seconds.
    pub after_s: u64,
    /// For incidents of these elements, or in which these fail.
    pub elements: Vec<Selector>,
}

/// One component.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its name, as the public reads it.
    pub name: String,
    /// The group that it is shown in.
    #[serde(default)]
    pub group: Option<String>,
    /// What it is made of.
    pub elements: Vec<Selector>,
    /// It never gets worse than this by itself.
    #[serde(default)]
    pub worst: Option<ComponentState>,
    /// Whether watch sets its state; else a person does.
    #[serde(default = "yes")]
    pub auto: bool,
}

const fn yes() -> bool {
    true
}

const fn all(kind: Kind) -> Selector {
    Selector { kind, name: None }
}

impl Default for Status {
    fn default() -> Self {
        Self {
            name: None,
            time_zone: "UTC".parse().expect("it is in the database"),
            mail: None,
            webhooks: Webhooks::default(),
            auto_open: AutoOpen::default(),
            components: Vec::new(),
        }
    }
}

impl Default for AutoOpen {
    fn default() -> Self {
        Self {
            after_s: 20,
            elements: [Kind::Edge, Kind::Host, Kind::CanarySync, Kind::Database]
                .map(all)
                .into(),
        }
    }
}

impl Status {
    /// The components as configured, else those that every installation has.
    pub fn shown(&self) -> Vec<Component> {
        if !self.components.is_empty() {
            return self.components.clone();
        }
        let component = |name: &str, kinds: &[Kind], worst| Component {
            name: name.to_owned(),
            group: None,
            elements: kinds.iter().copied().map(all).collect(),
            worst,
            auto: true,
        };
        vec![
            component("Synchronisation", &[Kind::Host, Kind::CanarySync], None),
            component("Webhooks", &[Kind::Edge], None),
            component(
                "Administration",
                &[Kind::Database, Kind::Way],
                Some(ComponentState::DegradedPerformance),
            ),
        ]
    }
}
