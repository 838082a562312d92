//! A twin's item was found under a new id: it is known by that one from now on.
//!
//! Mostly its tracker has said so before the new id is looked at. Where it has not, the item may have entered connections
//! under the new id as if it were another one. Then the twins of both are one cluster from now on, and where it has two in
//! one connection, that of the old id goes on: the other one ends, and what was made for it stays where it is.

use super::context::Context;
use super::observe::Observation;
use super::ring;
use super::settle::unlink;
use crate::dirty::{self, Hint, is_alive};
use crate::event::What;
use crate::host::Inner;
use crate::scheduler::{self, Held};
use std::sync::Arc;
use twinline_core::cluster::{self, Member};
use twinline_core::item::ItemId;
use twinline_core::names::{RootId, Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, HostTx, ItemRow, Twin};

/// What came of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// Nothing was moved.
    Nothing,
    /// The twin has followed. Its mark goes on under the new id.
    Done,
    /// A job of the new id's cluster is in flight: look again.
    Busy,
}

/// Follows the items that were observed under new ids.
pub(super) async fn follow(
    host: &Arc<Inner>,
    context: &Context,
    observed: &Sides<Observation>,
) -> Result<Followed, StoreError> {
    let mut followed = Followed::Nothing;
    for side in Side::BOTH {
        let observation = observed.get(side);
        let (Some(moved), Some(from)) = (&observation.moved, context.item(side)) else {
            continue;
        };
        let Some(item) = observation.seen.item() else {
            continue;
        };
        if moved.item == from {
            continue;
        }
        let row = ItemRow {
            reference: item.reference.clone(),
            scope: item.scope.clone(),
            // That of its entry: a person may end or join the twin meanwhile.
            root: None,
            version: item.version.clone(),
            seen_at: host.env.now(),
        };
        if !follow_one(host, &context.twin.root, from, row).await? {
            return Ok(Followed::Busy);
        }
        followed = Followed::Done;
    }
    Ok(followed)
}

/// Answers whether the twins of `from`, whose cluster is this job's, have followed.
async fn follow_one(
    host: &Arc<Inner>,
    own: &RootId,
    from: ItemId,
    row: ItemRow,
) -> Result<bool, StoreError> {
    let (own, there) = (own.clone(), row.reference.item.clone());
    let asked = own.clone();
    let other = host
        .store
        .read(move |read| other_root(read, &there, &asked))
        .await?;
    // Not waited for: its job may wait for this one's cluster.
    let held = match &other {
        Some(other) => match Held::if_idle(host, other) {
            Some(held) => Some(held),
            None => return Ok(false),
        },
        None => None,
    };
    let shared = Arc::clone(host);
    let followed = host
        .store
        .write(move |tx| {
            let there = &row.reference.item;
            if other_root(tx, there, &own)? != other {
                return Ok(None);
            }
            let now = shared.env.now();
            let ended = match &other {
                Some(other) => unite(tx, (&from, &own), (there, other), now)?,
                None => Vec::new(),
            };
            tx.move_item(&from, &row)?;
            let hint = Hint::now(there.clone(), Lane::Live, "moved", now);
            let marked = dirty::mark(&shared, tx, &[hint])?.grown(&own, Lane::Live);
            Ok(Some((marked, ended)))
        })
        .await?;
    drop(held);
    let Some((marked, ended)) = followed else {
        return Ok(false);
    };
    for twin in ended {
        let evidence = TWICE.to_owned();
        host.tell(&twin.connection, &twin.link, What::Ended { evidence });
        // As where a person ends one: its connection may be held or stand still.
        let node = twin.nodes.left.clone();
        host.scheduler
            .push_last(dirty::of_twin(&twin, Lane::Live, &node));
    }
    scheduler::clear(host, marked.announce(host))?;
    Ok(true)
}

/// The cluster of an item, if it is another one.
fn other_root(
    read: &HostRead<'_>,
    item: &ItemId,
    own: &RootId,
) -> Result<Option<RootId>, StoreError> {
    Ok(ring::root_of(read, item)?.filter(|root| root != own))
}

/// Why a twin ends whose item turns out to be one that has a twin already.
const TWICE: &str = "its item had another id before, and has a twin here as such";

/// Two items are one: so are their clusters, and it has one twin in each connection. Answers which twins have ended.
fn unite(
    tx: &HostTx<'_>,
    (from, own): (&ItemId, &RootId),
    (there, other): (&ItemId, &RootId),
    now: Timestamp,
) -> Result<Vec<Twin>, StoreError> {
    let is_clash = |read: &HostRead<'_>| -> Result<bool, StoreError> {
        let but = |root: &RootId, item: &ItemId| -> Result<Vec<Member>, StoreError> {
            let mut members = ring::members(read, root)?;
            members.retain(|member| member.item != *item);
            Ok(members)
        };
        Ok(cluster::clash(&but(own, from)?, &but(other, there)?).is_some())
    };
    let mut twins = tx.twins_of_item(there)?;
    twins.retain(is_alive);
    let mut ended = Vec::new();
    for twin in &twins {
        if ring::alive_in(tx, from, &twin.connection)?.is_some() {
            tracing::warn!(connection = %twin.connection, link = %twin.link, %from, %there, "an item that was moved had been taken for a new one: its second twin ends, and what was made for it stays");
            unlink(tx, &twin.link, now, TWICE, true)?;
            ended.push(twin.clone());
        }
    }
    if is_clash(tx)? {
        twins.retain(|twin| !ended.iter().any(|gone| gone.link == twin.link));
        for twin in twins {
            unlink(tx, &twin.link, now, TWICE, true)?;
            ended.push(twin);
        }
    }
    if ring::root_of(tx, there)?.as_ref() == Some(other) {
        tx.join_roots(other, own)?;
    }
    Ok(ended)
}
