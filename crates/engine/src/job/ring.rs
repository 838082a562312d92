//! Rings: a cluster has at most one item in each (node, scope), whichever way connections lead there.
//!
//! Asked when an item enters a connection, again by the job that is about to create, and at last in the step that makes
//! the intent durable: between the first and the last, another twin of the cluster may have made the item.

use super::settle::{entry as note, unlink};
use crate::dirty::{Hint, Marked, is_alive};
use crate::host::{Connection, Inner};
use crate::scheduler;
use std::sync::Arc;
use twinline_core::cluster::{self, Entry, Making, Member};
use twinline_core::item::{ItemId, ItemRef, Version};
use twinline_core::names::{ConnectionName, LinkId, RootId, Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Base;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HistoryEntry, HistoryKind, HostRead, HostTx, ItemRow, Twin, TwinState};
use twinline_trackers::Scope;

/// What a twin without its second item is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    /// Create it.
    Open,
    /// Begin anew: the twin has taken the cluster's item, or has ended.
    Closed,
    /// Look again later: another twin's create into this place has an unknown outcome.
    Wait,
}

/// The cluster that an item is in.
pub(super) fn root_of(read: &HostRead<'_>, item: &ItemId) -> Result<Option<RootId>, StoreError> {
    if let Some(root) = read.item(item)?.and_then(|row| row.root) {
        return Ok(Some(root));
    }
    let twins = read.twins_of_item(item)?;
    Ok(twins.into_iter().find(is_alive).map(|twin| twin.root))
}

/// The items of a cluster and where they lie.
pub(crate) fn members(read: &HostRead<'_>, root: &RootId) -> Result<Vec<Member>, StoreError> {
    let rows = read.items_of_root(root)?.into_iter();
    let member = |row: ItemRow| Member {
        item: row.reference.item,
        scope: row.scope,
    };
    Ok(rows.map(member).collect())
}

/// What a twin of a cluster gets on a side: `own` is its link, whose intents do not count.
pub(super) fn entry(
    read: &HostRead<'_>,
    root: &RootId,
    connection: &Connection,
    side: Side,
    own: &LinkId,
) -> Result<Entry, StoreError> {
    let members = members(read, root)?;
    let mut making = Vec::new();
    for twin in read
        .twins_of_root(root)?
        .iter()
        .filter(|twin| is_alive(twin))
    {
        let whole = twin.ids.left.is_some() && twin.ids.right.is_some();
        if whole || twin.link == *own {
            continue;
        }
        for row in read.open_effects_of(&twin.link)? {
            if let Some(scope) = row.planned.effect.created_in() {
                making.push(Making {
                    node: row.node.clone(),
                    scope: scope.clone(),
                });
            }
        }
    }
    let contract = connection.contract();
    let (node, scope) = (contract.nodes.get(side), contract.scopes.get(side));
    Ok(cluster::entry(&members, &making, node, scope))
}

/// The twin of an item in a connection that has not ended.
pub(super) fn alive_in(
    read: &HostRead<'_>,
    item: &ItemId,
    connection: &ConnectionName,
) -> Result<Option<Twin>, StoreError> {
    let mut twins = read.twins_of_item(item)?.into_iter();
    Ok(twins.find(|twin| is_alive(twin) && twin.connection == *connection))
}

/// Judges a twin that is about to create its second item, and closes the ring where the cluster has one. `lane`: that of the
/// job.
pub(super) async fn settle(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    twin: &Twin,
    lane: Lane,
) -> Result<Ring, StoreError> {
    let Some(side) = missing(twin) else {
        return Ok(Ring::Open);
    };
    let (asked, shared) = (twin.clone(), Arc::clone(connection));
    let found = host
        .store
        .read(move |read| entry(read, &asked.root, &shared, side, &asked.link))
        .await?;
    let member = match found {
        Entry::Create => return Ok(Ring::Open),
        Entry::Wait => return Ok(Ring::Wait),
        Entry::Close(member) => member,
    };
    let (host, connection, link) = (Arc::clone(host), Arc::clone(connection), twin.link.clone());
    let shared = Arc::clone(&host);
    let marked = host
        .store
        .write(move |tx| {
            let Some(mut twin) = tx.twin(&link)?.filter(is_alive) else {
                return Ok(Marked::default());
            };
            let now = shared.env.now();
            if alive_in(tx, &member, &connection.name)?.is_some() {
                unlink(tx, &link, now, "its cluster has a twin here", true)?;
                return Ok(Marked::default());
            }
            close(&shared, tx, &connection, &mut twin, (side, member), now)?;
            Ok(Marked::default().grown(&twin.root, lane))
        })
        .await?;
    scheduler::clear(&host, marked.announce(&host))?;
    Ok(Ring::Closed)
}

/// The side whose item is to be created.
fn missing(twin: &Twin) -> Option<Side> {
    Side::BOTH
        .into_iter()
        .find(|side| twin.ids.get(*side).is_none())
}

/// Gives a twin the item that its cluster already has on a side, and stores it.
pub(super) fn close(
    host: &Inner,
    tx: &HostTx<'_>,
    connection: &Connection,
    twin: &mut Twin,
    (side, member): (Side, ItemId),
    now: Timestamp,
) -> Result<(), StoreError> {
    *twin.ids.get_mut(side) = Some(member.id);
    twin.created_from = None;
    twin.state = TwinState::Live;
    twin.state_since = now;
    tx.put_twin(twin)?;
    let mut bases = Sides::<Option<Base>>::default();
    for side in Side::BOTH {
        *bases.get_mut(side) = carried(host, tx, connection, twin, side)?;
    }
    if let (Some(left), Some(right)) = (&bases.left, &bases.right) {
        for (side, base) in [(Side::Left, left), (Side::Right, right)] {
            tx.put_base(&twin.link, side, base, now)?;
        }
    }
    for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
        tx.append_history(&HistoryEntry {
            text: Some("the ring closes".to_owned()),
            ..note(twin, item, HistoryKind::Linked, now)
        })?;
    }
    Ok(())
}

/// The base that an item has in another connection, in this one's vocabulary.
fn carried(
    host: &Inner,
    read: &HostRead<'_>,
    connection: &Connection,
    twin: &Twin,
    side: Side,
) -> Result<Option<Base>, StoreError> {
    let Some(item) = twin.item(side) else {
        return Ok(None);
    };
    for other in read
        .twins_of_item(&item)?
        .iter()
        .filter(|other| is_alive(other))
    {
        let Some(theirs) = host.connection(&other.connection) else {
            continue;
        };
        for there in Side::BOTH
            .into_iter()
            .filter(|side| other.item(*side).as_ref() == Some(&item))
        {
            if let Some(base) = read.base(&other.link, there)? {
                let carried =
                    base.carried((connection.contract(), side), (theirs.contract(), there));
                return Ok(Some(carried));
            }
        }
    }
    Ok(None)
}

/// The directory entry of an item that we have created, of which only the reference is known: it lies where it was to be
/// created. Its version is unknown, so that the next sweep looks.
pub(super) fn created_row(
    reference: ItemRef,
    scope: Scope,
    root: RootId,
    now: Timestamp,
) -> ItemRow {
    ItemRow {
        reference,
        scope,
        root: Some(root),
        version: Version::default(),
        seen_at: now,
    }
}

/// A cluster has a new item: twins of the others may have waited for it, and it may enter connections of its own.
pub(super) fn hints(
    host: &Inner,
    read: &HostRead<'_>,
    root: &RootId,
    created: &ItemId,
    now: Timestamp,
) -> Result<Vec<Hint>, StoreError> {
    if host.connections_of(&created.node).len() < 2 {
        return Ok(Vec::new());
    }
    let rows = read.items_of_root(root)?.into_iter();
    let hint = |row: ItemRow| Hint::now(row.reference.item, Lane::Live, "cluster", now);
    Ok(rows.map(hint).collect())
}
