//! Clusters: all items linked to each other through twins, under one root id, with at most one item in each
//! (node, scope). So a ring of connections closes instead of multiplying.

use crate::digest::Digest;
use crate::item::{Item, ItemId};
use crate::marker::Marker;
use crate::names::{ConnectionName, LinkId, NodeName, RootId, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where in a node an item lies, in scope keys.
pub type Scope = BTreeMap<String, String>;

/// One item of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The item.
    pub item: ItemId,
    /// Where it lies.
    pub scope: Scope,
}

/// The deterministic id of one link. `incarnation` counts how often this source item was linked before: 0 at first, one
/// more after each end of its twin, so that a twin made anew is another one.
pub fn link_id(
    connection: &ConnectionName,
    side: Side,
    source: &ItemId,
    incarnation: u32,
) -> LinkId {
    let digest = Digest::of_parts(&[
        "link",
        connection.as_str(),
        match side {
            Side::Left => "left",
            Side::Right => "right",
        },
        source.node.as_str(),
        &source.id,
        &incarnation.to_string(),
    ]);
    LinkId::new(digest.as_str())
}

/// The root id of a new cluster that begins with this link.
pub fn root_of(link: &LinkId) -> RootId {
    RootId::new(Digest::of_parts(&["root", link.as_str()]).as_str())
}

/// What a new twin means for the clusters of its two items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Neither was in a cluster: this root begins one.
    New(RootId),
    /// One was, or both were in the same: the twin belongs to it.
    Same(RootId),
    /// Both were in different ones: everything of `gone` is stored under `root` from now on.
    Merged {
        /// The surviving root: the lesser id, so that every order of joining ends the same.
        root: RootId,
        /// The root that ends.
        gone: RootId,
    },
    /// The two clusters hold different items in one (node, scope): the twin is refused.
    Clash {
        /// The two items.
        items: (ItemId, ItemId),
    },
}

/// Judges a new twin. Each side gives its cluster's root and members, `None` while it is in none.
pub fn join(
    link: &LinkId,
    left: (&Member, Option<(&RootId, &[Member])>),
    right: (&Member, Option<(&RootId, &[Member])>),
) -> Joined {
    let alone = |member: &Member| vec![member.clone()];
    let members = |(member, cluster): &(&Member, Option<(&RootId, &[Member])>)| {
        cluster.map_or_else(|| alone(member), |(_, members)| members.to_vec())
    };
    let (left_root, right_root) = (left.1.map(|(root, _)| root), right.1.map(|(root, _)| root));
    if left_root.is_some() && left_root == right_root {
        return Joined::Same(left_root.cloned().unwrap_or_else(|| root_of(link)));
    }
    if let Some(items) = clash(&members(&left), &members(&right)) {
        return Joined::Clash { items };
    }
    match (left_root, right_root) {
        (None, None) => Joined::New(root_of(link)),
        (Some(root), None) | (None, Some(root)) => Joined::Same(root.clone()),
        (Some(left), Some(right)) => {
            let (root, gone) = if left <= right {
                (left, right)
            } else {
                (right, left)
            };
            Joined::Merged {
                root: root.clone(),
                gone: gone.clone(),
            }
        }
    }
}

/// Two different items of both lists in one (node, scope): such clusters cannot become one.
pub fn clash(left: &[Member], right: &[Member]) -> Option<(ItemId, ItemId)> {
    left.iter().find_map(|one| {
        let other = right.iter().find(|other| {
            other.item != one.item && other.item.node == one.item.node && other.scope == one.scope
        })?;
        Some((one.item.clone(), other.item.clone()))
    })
}

/// What an item that enters a connection gets as its twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A new item.
    Create,
    /// The item that its cluster already has in the target's node and scope: the ring closes.
    Close(ItemId),
    /// Nothing yet: another twin of the cluster is making an item there, and the ring closes with that one. Look again
    /// when that twin has its item, or has ended without.
    Wait,
}

/// The place in which a twin of a cluster makes an item that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Making {
    /// The node.
    pub node: NodeName,
    /// The connection's scope on that node.
    pub scope: Scope,
}

/// Whether the cluster already has an item where the twin would be created, or is making one. `scope` is a connection's
/// scope: a member lies in it when it agrees in every key that `scope` names, and an item in the making may come to lie in
/// it when it contradicts none.
pub fn entry(members: &[Member], making: &[Making], node: &NodeName, scope: &Scope) -> Entry {
    let lies_there = |member: &&Member| {
        member.item.node == *node
            && scope
                .iter()
                .all(|(key, value)| member.scope.get(key) == Some(value))
    };
    if let Some(member) = members.iter().find(lies_there) {
        return Entry::Close(member.item.clone());
    }
    let may_lie_there = |making: &Making| {
        making.node == *node
            && scope
                .iter()
                .all(|(key, value)| making.scope.get(key).is_none_or(|made| made == value))
    };
    if making.iter().any(may_lie_there) {
        return Entry::Wait;
    }
    Entry::Create
}

/// What a marker on an item that is in no twin of the connection means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// No marker: an item like any other.
    Unmarked,
    /// The item that an open create intent was to make: its attempt outlived a crash. Take it, write nothing.
    Ours(LinkId),
    /// A clone carries its original's marker along: the twin table knows the marker's item as another one. An item like
    /// any other, whose marker is not believed.
    Clone {
        /// The item that the twin table names.
        of: ItemId,
    },
    /// A marker that no table knows: from another installation, or from before a restore. Not created again by itself:
    /// a person links or releases it.
    Foreign,
}

/// Reads an item's marker against the twin table (`twin_of`: the item that a link made) and the open create intents.
pub fn recognise(
    item: &Item,
    twin_of: impl Fn(&LinkId) -> Option<ItemId>,
    is_open_create: impl Fn(&LinkId) -> bool,
) -> Marked {
    let Some(Marker { link, .. }) = &item.marker else {
        return Marked::Unmarked;
    };
    match twin_of(link) {
        Some(known) if known == item.reference.item => Marked::Ours(link.clone()),
        Some(known) => Marked::Clone { of: known },
        None if is_open_create(link) => Marked::Ours(link.clone()),
        None => Marked::Foreign,
    }
}

/// Whether an unlinked item has to wait: our account made it in a scope into which a create intent with unknown outcome
/// is open, and its marker does not tell that it is something else.
pub fn must_wait(marked: &Marked, by_our_account: bool, open_create_in_scope: bool) -> bool {
    match marked {
        Marked::Unmarked => by_our_account && open_create_in_scope,
        Marked::Ours(_) | Marked::Clone { .. } | Marked::Foreign => false,
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
