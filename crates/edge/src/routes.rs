//! The route table: which nodes there are, whose they are and how their webhooks are verified.
//!
//! It comes from the configuration as the edge found it at its start. Whether a node that is not in it does not exist is for
//! the directory to say ([`crate::Directory`]).

use std::collections::BTreeMap;
use std::fmt;
use twinline_core::names::NodeName;
use twinline_store::GroupId;
use twinline_store::inbox::Route;
use twinline_trackers::Webhook;

/// One node's webhooks.
pub struct Hook {
    /// The group that the node belongs to.
    pub group: GroupId,
    /// Its tracker's name.
    pub tracker: String,
    /// Its tracker's verifier.
    pub webhook: &'static dyn Webhook,
    /// The secrets that are valid now: one, or two while one rotates.
    pub secrets: Vec<Vec<u8>>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("group", &self.group)
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}

/// All nodes.
#[derive(Debug, Default)]
pub struct RouteTable {
    hooks: BTreeMap<NodeName, Hook>,
}

impl RouteTable {
    /// The table of these nodes.
    pub const fn new(hooks: BTreeMap<NodeName, Hook>) -> Self {
        Self { hooks }
    }

    /// Adds the hooks of what is built in.
    pub fn add(&mut self, hooks: impl IntoIterator<Item = (NodeName, Hook)>) {
        self.hooks.extend(hooks);
    }

    /// Puts each node into its group; one that `place` knows none of stays where it is.
    pub fn place(&mut self, place: impl Fn(&NodeName) -> Option<GroupId>) {
        for (node, hook) in &mut self.hooks {
            if let Some(group) = place(node) {
                hook.group = group;
            }
        }
    }

    /// The node's webhooks; `None`: this edge has no route to it.
    pub(crate) fn get(&self, node: &str) -> Option<(&NodeName, &Hook)> {
        self.hooks.get_key_value(node)
    }

    /// Whether deliveries for the node can be taken: there is a route to it, and a secret that they are signed with.
    pub(crate) fn takes(&self, node: &NodeName) -> bool {
        let hook = self.hooks.get(node);
        hook.is_some_and(|hook| !hook.secrets.is_empty())
    }

    /// The nodes whose trackers send deliveries. A canary, which is sent for when it is wanted, is none.
    pub(crate) fn hooked(&self) -> impl Iterator<Item = &NodeName> {
        let hooked = self.hooks.iter();
        hooked
            .filter(|(_, hook)| !hook.secrets.is_empty() && !hook.group.is_canary())
            .map(|(node, _)| node)
    }

    /// As the inbox keeps it.
    pub fn as_rows(&self) -> Vec<Route> {
        let row = |(node, hook): (&NodeName, &Hook)| Route {
            node: node.clone(),
            group: hook.group.clone(),
            tracker: hook.tracker.clone(),
        };
        self.hooks.iter().map(row).collect()
    }
}
