//! Where vacant groups go: to the host that would carry least, worked out alike by every host.

use std::collections::{BTreeMap, BTreeSet};

/// A group that nobody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vacant<G> {
    /// Which one.
    pub group: G,
    /// How many nodes it has.
    pub nodes: u32,
    /// The host that a person has chosen for it. While that host is there, no other claims it.
    pub pinned: Option<String>,
    /// Whether it has been vacant for so long that the host that it falls to seems unable to take it.
    pub overdue: bool,
}

/// What a living host carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Nodes of the groups that it owns.
    pub nodes: u32,
    /// Whether it gives its groups away and takes none.
    pub draining: bool,
}

/// The vacant groups that `me` is to claim now.
///
/// The greatest groups are dealt first, each to the host with fewest nodes, that of the lesser name among equals; all
/// hosts that see the same reckon the same. Two that see different things may claim one group: the claim itself decides.
/// An overdue group is claimed by every host that takes groups, unless a person has chosen one that is there.
pub fn claims<G: Ord + Clone>(
    vacant: &[Vacant<G>],
    hosts: &BTreeMap<String, Load>,
    me: &str,
) -> BTreeSet<G> {
    let mut loads: BTreeMap<&str, u32> = hosts
        .iter()
        .filter(|(_, load)| !load.draining)
        .map(|(name, load)| (name.as_str(), load.nodes))
        .collect();
    let takes = loads.contains_key(me);
    let mut order: Vec<&Vacant<G>> = vacant.iter().collect();
    order.sort_by(|a, b| b.nodes.cmp(&a.nodes).then_with(|| a.group.cmp(&b.group)));
    let mut mine = BTreeSet::new();
    for group in order {
        let pinned = group
            .pinned
            .as_deref()
            .filter(|pin| loads.contains_key(pin));
        let least = || {
            let all = loads.iter().min_by_key(|(name, nodes)| (**nodes, **name));
            all.map(|(name, _)| *name)
        };
        let Some(host) = pinned.or_else(least) else {
            break;
        };
        if let Some(nodes) = loads.get_mut(host) {
            *nodes = nodes.saturating_add(group.nodes);
        }
        if host == me || (takes && group.overdue && pinned.is_none()) {
            mine.insert(group.group.clone());
        }
    }
    mine
}
