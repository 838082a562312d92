//! The list of simulators, by the name that the configuration uses for the tracker.

use crate::Simulator;

/// Every tracker that can be simulated: one line each.
const KINDS: &[&Kind] = &[
    &crate::azure_devops::KIND,
    &crate::github::KIND,
    &crate::jira_cloud::KIND,
    &crate::json_http::KIND,
    &crate::redmine::KIND,
    &crate::servicenow::KIND,
    &crate::zendesk::KIND,
];

/// What the registry must know of a simulator.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The tracker's name in the configuration.
    pub tracker: &'static str,
    /// Makes one that is set up for a demonstration, without items.
    pub demo: fn() -> Box<dyn Simulator>,
    /// The `auth` table but for its secret, with a comma at the end.
    pub auth: &'static str,
    /// The secret's key in the `auth` table, and the secret.
    pub secret: (&'static str, &'static str),
}

/// The names of all trackers that can be simulated.
pub fn trackers() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.tracker)
}

/// The simulator of a tracker; `None`: there is none.
pub fn kind(tracker: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.tracker == tracker).copied()
}
