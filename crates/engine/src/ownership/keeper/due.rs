//! What a host claims of what is vacant.

use super::{Pins, Shared};
use crate::ownership::roster::Roster;
use std::collections::BTreeMap;
use twinline_core::ownership::{Load, Vacant, claims};
use twinline_store::GroupId;

/// A group must have been vacant for so many renewal periods before it is claimed, so that hosts that start together
/// share, and for so many until every host claims it.
const VACANT_PERIODS: u32 = 1;
const OVERDUE_PERIODS: u32 = 4;
/// The same for a group that does not work here: then every other host has left it too.
const SHUNNED_PERIODS: u32 = 8;

impl Shared {
    /// The vacant groups that this host is to claim now.
    pub(super) fn due(&self, roster: &Roster) -> Vec<GroupId> {
        let groups = self.groups.borrow().clone();
        let now = self.clock.now();
        let period = self.settings.terms.renewal_period();
        let me = &self.settings.host;
        let mut others = roster.hosts.iter();
        let others_take = others.any(|(host, draining)| host != me && !draining);
        let mut state = self.lock();
        if state.is_cut_off && others_take {
            // What is vacant is shared out anew as soon as it can be taken over.
            state.vacant.clear();
            return Vec::new();
        }
        state
            .vacant
            .retain(|group, _| groups.contains_key(group) && !roster.groups.contains_key(group));
        state.shunned.retain(|_, until| now < *until);
        let mut vacant = Vec::new();
        for (group, (nodes, pinned)) in &groups {
            if roster.groups.contains_key(group) {
                continue;
            }
            let since = *state.vacant.entry(group.clone()).or_insert(now);
            let does_not_work = state.shunned.contains_key(group) || state.unable.contains(group);
            // Where a person has chosen this host, nobody else takes it.
            let is_left = does_not_work && others_take && pinned.as_ref() != Some(me);
            let waits = if is_left {
                SHUNNED_PERIODS
            } else {
                VACANT_PERIODS
            };
            if now.since(since) < period * waits {
                continue;
            }
            vacant.push(Vacant {
                group: group.clone(),
                nodes: *nodes,
                pinned: pinned.clone(),
                overdue: now.since(since) >= period * OVERDUE_PERIODS,
            });
        }
        drop(state);
        let loads = loads(roster, &groups);
        claims(&vacant, &loads, me).into_iter().collect()
    }
}

/// What each host carries.
fn loads(roster: &Roster, groups: &Pins) -> BTreeMap<String, Load> {
    let each = roster.hosts.iter().map(|(host, draining)| {
        let owned = roster
            .groups
            .iter()
            .filter(|(_, owner)| owner.host == *host);
        let nodes = owned
            .filter_map(|(group, _)| groups.get(group))
            .map(|(nodes, _)| nodes);
        let load = Load {
            nodes: nodes.sum(),
            draining: *draining,
        };
        (host.clone(), load)
    });
    each.collect()
}
