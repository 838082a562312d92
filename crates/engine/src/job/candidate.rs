//! The job of an item that may enter connections: which triggers admit it, and what twin it gets.

use super::Ended;
use super::context::Context;
use super::former::Former;
use super::life::{certainly_belongs, in_scope};
use super::observe::observe;
use super::ring;
use super::trouble::{Trouble, sentence};
use crate::dirty::{self, Hint, Marked, is_alive};
use crate::event::What;
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::scheduler::{self, Started};
use crate::sweep::scope_key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::cluster::{self, Entry};
use twinline_core::effect::Effect;
use twinline_core::item::{Item, ItemId, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::{ConnectionName, LinkId, NodeName, Side, Sides};
use twinline_core::quarantine::Cause;
use twinline_core::queue::Lane;
use twinline_core::reconcile::Seen;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    EffectRow, HistoryEntry, HistoryKind, HostRead, HostTx, ItemRow, Twin, TwinState,
};

/// So long a twin has to follow its item, at first, before the item is looked at again.
const MOVE_WAIT: Duration = Duration::from_millis(100);

pub(super) async fn run(
    host: &Arc<Inner>,
    started: &Started,
    id: &ItemId,
) -> Result<Ended, Trouble> {
    let Some(node) = host.node(&id.node) else {
        return Ok(Ended::Done);
    };
    node.probe()
        .await
        .map_err(|error| Trouble::of(node.name(), error))?;
    if may_only_wait(host, id).await? {
        return Ok(LATER);
    }
    let observation = observe(&node, &host.env, &host.metrics, id).await?;
    let Seen::Item(item) = observation.seen else {
        return Ok(Ended::Done);
    };
    let standing = standing(host, &node, &item).await?;
    if standing == Standing::Wait {
        return Ok(Ended::Again {
            wait: node
                .tracker()
                .capabilities()
                .settle
                .max(Duration::from_millis(100)),
            failed: false,
        });
    }
    let sign = Sign {
        lane: started.work.lane,
        trace: started.trace(),
        asked: id.clone(),
    };
    let mut waits = false;
    let mut trouble: Option<Trouble> = None;
    for connection in host.connections_of(&id.node) {
        for side in connection.sides_of(&id.node).collect::<Vec<_>>() {
            if standing == Standing::Free
                && may_enter(&connection, side)
                && in_scope(&connection, side, &item)
            {
                match consider(host, &node, &connection, side, &item, &sign).await {
                    Ok(entered) => waits |= entered == Entered::Later,
                    // What is wrong in one connection keeps the item out of no other.
                    Err(Trouble::Quarantine(cause)) => {
                        set_aside(host, &connection, side, &item, (cause, &sign)).await?;
                    }
                    Err(found) => {
                        tracing::warn!(connection = %connection.name, %id, error = %found, "it could not be told whether an item enters");
                        trouble = Some(found);
                    }
                }
            }
        }
    }
    match trouble {
        // Not remembered as seen: whoever finds it next has it considered again.
        Some(trouble) => Err(trouble),
        None => {
            remember(host, &item).await?;
            Ok(if waits { LATER } else { Ended::Done })
        }
    }
}

fn may_enter(connection: &Connection, side: Side) -> bool {
    connection.contract().triggers.get(side).is_some()
}

/// The job of an item whose twin has yet to follow it.
const LATER: Ended = Ended::Again {
    wait: MOVE_WAIT,
    failed: true,
};

/// Whether an item may enter no connection before a twin has followed it: then it need not be fetched.
async fn may_only_wait(host: &Inner, id: &ItemId) -> Result<bool, StoreError> {
    let item = id.clone();
    let read = host.store.read(move |read| {
        let all = Former::read(read, &item, &item)?.twins(read)?;
        Ok([connections(all), connections(read.twins_of_item(&item)?)])
    });
    let [all, own] = read.await?;
    let mut connections = host.connections_of(&id.node);
    connections.retain(|connection| {
        let mut sides = connection.sides_of(&id.node);
        !own.contains(&connection.name) && sides.any(|side| may_enter(connection, side))
    });
    let waits = |connection: &Arc<Connection>| all.contains(&connection.name);
    Ok(!connections.is_empty() && connections.iter().all(waits))
}

/// The connections of the twins that have not ended.
fn connections(twins: Vec<Twin>) -> BTreeSet<ConnectionName> {
    let alive = twins.into_iter().filter(is_alive);
    alive.map(|twin| twin.connection).collect()
}

/// What the new twin's first job takes over from this one.
#[derive(Clone)]
struct Sign {
    lane: Lane,
    trace: Option<Arc<str>>,
    /// Which item this job was about: the same, unless it was found to have moved.
    asked: ItemId,
}

/// What came of an item in one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entered {
    /// It is in it, or is not to be.
    Settled,
    /// The twin that it has in it, under the id that it had before, has yet to follow it.
    Later,
}

impl Sign {
    fn hint(self, item: ItemId, now: Timestamp) -> Hint {
        Hint {
            trace: self.trace,
            ..Hint::now(item, self.lane, "entered", now)
        }
    }
}

/// What an item's marker, and open creates where it lies, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It may enter.
    Free,
    /// It may be what an open create of ours has made.
    Wait,
    /// It carries a marker that nobody here knows: a person links it.
    Foreign,
}

async fn standing(host: &Arc<Inner>, node: &Node, item: &Item) -> Result<Standing, StoreError> {
    let ours = match item.get(field::REPORTER) {
        Some(Value::User(reporter)) => node.accounts().contains(&reporter.id),
        _ => false,
    };
    let scopes: Vec<String> = host.scopes_of(node.name()).iter().map(scope_key).collect();
    let (name, item) = (node.name().clone(), item.clone());
    host.store
        .read(move |read| {
            let mut creating = false;
            for scope in &scopes {
                creating |= read.has_open_create(&name, scope)?;
            }
            let open_link = match &item.marker {
                Some(marker) if creating => open_create(read, marker, &name, &scopes)?,
                _ => None,
            };
            let marked_twin = match &item.marker {
                Some(marker) => read.twin(&marker.link)?,
                None => None,
            };
            let twin_of = |_: &_| marked(marked_twin.as_ref()?, &item.reference.item.node);
            let is_open = |link: &_| open_link.as_ref() == Some(link);
            let mark = cluster::recognise(&item, twin_of, is_open);
            Ok(match &mark {
                cluster::Marked::Ours(link) if is_open(link) => Standing::Wait,
                cluster::Marked::Foreign => Standing::Foreign,
                mark if cluster::must_wait(mark, ours, creating) => Standing::Wait,
                _ => Standing::Free,
            })
        })
        .await
}

/// The item of a node that carries a twin's marker: the one that was made for it, where that one is of the node. `None` while
/// it is not known, although its source may be of the same node.
fn marked(twin: &Twin, node: &NodeName) -> Option<ItemId> {
    let here = |side: &Side| twin.nodes.get(*side) == node;
    let made = twin.created_from.map(Side::other).filter(here);
    let either = || Side::BOTH.into_iter().find(here);
    twin.item(made.or_else(either)?)
}

/// The marker's twin, if a create of its item is open in one of a node's scopes.
fn open_create(
    read: &HostRead<'_>,
    marker: &Marker,
    node: &NodeName,
    scopes: &[String],
) -> Result<Option<LinkId>, StoreError> {
    let here = |row: &EffectRow| {
        let creates = matches!(row.planned.effect, Effect::Create { .. });
        creates && row.node == *node && scopes.contains(&row.scope)
    };
    let open = read.open_effects_of(&marker.link)?.iter().any(here);
    Ok(open.then(|| marker.link.clone()))
}

async fn consider(
    host: &Arc<Inner>,
    node: &Node,
    connection: &Arc<Connection>,
    side: Side,
    item: &Item,
    sign: &Sign,
) -> Result<Entered, Trouble> {
    let (id, asked) = (item.reference.item.clone(), sign.asked.clone());
    let name = connection.name.clone();
    let settled = host
        .store
        .read(move |read| settled(read, &id, &asked, &name))
        .await?;
    if let Some(entered) = settled {
        return Ok(entered);
    }
    if certainly_belongs(connection, node, side, item).await? == Some(true) {
        return Ok(enter(host, connection, side, item, sign).await?);
    }
    Ok(Entered::Settled)
}

/// The rules or the tracker cannot tell whether an item enters, until a person mends something. It is shown as a twin that
/// is held back; whether it belongs is judged when that one is tried again.
async fn set_aside(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    side: Side,
    item: &Item,
    (cause, sign): (Cause, &Sign),
) -> Result<(), StoreError> {
    let (shared, at) = (Arc::clone(host), Arc::clone(connection));
    let (item, asked, reason) = (item.clone(), sign.asked.clone(), sentence(&cause));
    let text = reason.clone();
    let made = host
        .store
        .write(move |tx| {
            let (id, now) = (&item.reference.item, shared.env.now());
            let former = Former::read(tx, id, &asked)?;
            let incarnation = incarnation(tx, &former, &at)?;
            let (None, Some(incarnation)) = (settled(tx, id, &asked, &at.name)?, incarnation)
            else {
                return Ok(None);
            };
            let mut twin = newborn(tx, &at, side, (id, &former), incarnation, now)?;
            twin.state = TwinState::Quarantined {
                cause: cause.group_name(),
                sentence: text.clone(),
            };
            *twin.negatives.get_mut(side) = Some(now);
            tx.put_item(&super::settle::item_row(&item, &twin, now))?;
            tx.put_twin(&twin)?;
            tx.append_history(&HistoryEntry {
                text: Some(text),
                ..super::settle::entry(&twin, id.clone(), HistoryKind::Quarantined, now)
            })?;
            Ok(Some(twin.link))
        })
        .await?;
    if let Some(link) = made {
        host.metrics.quarantined.inc();
        host.tell(&connection.name, &link, What::Quarantined { reason });
    }
    Ok(())
}

/// What is settled about an item in a connection by the twins that there are; `None`: it may enter.
fn settled(
    read: &HostRead<'_>,
    item: &ItemId,
    asked: &ItemId,
    connection: &ConnectionName,
) -> Result<Option<Entered>, StoreError> {
    if ring::alive_in(read, item, connection)?.is_some() {
        return Ok(Some(Entered::Settled));
    }
    let all = connections(Former::read(read, item, asked)?.twins(read)?);
    Ok(all.contains(connection).then_some(Entered::Later))
}

/// How many twins the item has had in this connection; `None` when it does not enter again by itself.
fn incarnation(
    read: &HostRead<'_>,
    former: &Former,
    connection: &Connection,
) -> Result<Option<u32>, StoreError> {
    let mut earlier = former.twins(read)?;
    earlier.retain(|twin| twin.connection == connection.name);
    let meant = TwinState::Unlinked { returns: false };
    // What was made as another item's copy is none to be copied back to where that item is, or was deleted.
    let is_copy = |twin: &Twin| {
        let original = twin.created_from.and_then(|from| twin.item(from));
        original.is_some_and(|original| !former.contains(&original))
    };
    if earlier
        .iter()
        .any(|twin| twin.state == meant || is_copy(twin))
    {
        return Ok(None);
    }
    Ok(Some(u32::try_from(earlier.len()).unwrap_or(u32::MAX)))
}

/// Makes the twin: with a new item to come, or with the one that its cluster already has there.
async fn enter(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    side: Side,
    item: &Item,
    sign: &Sign,
) -> Result<Entered, StoreError> {
    let (shared, connection) = (Arc::clone(host), Arc::clone(connection));
    let (item, sign) = (item.clone(), sign.clone());
    let (entered, marked) = host
        .store
        .write(move |tx| {
            let (id, name) = (&item.reference.item, &connection.name);
            if let Some(entered) = settled(tx, id, &sign.asked, name)? {
                return Ok((entered, Marked::default()));
            }
            make(&shared, tx, &connection, side, &item, sign)
        })
        .await?;
    scheduler::clear(host, marked.announce(host))?;
    Ok(entered)
}

fn make(
    host: &Inner,
    tx: &HostTx<'_>,
    connection: &Connection,
    side: Side,
    item: &Item,
    sign: Sign,
) -> Result<(Entered, Marked), StoreError> {
    let id = &item.reference.item;
    let now = host.env.now();
    let former = Former::read(tx, id, &sign.asked)?;
    let Some(incarnation) = incarnation(tx, &former, connection)? else {
        return Ok((Entered::Settled, Marked::default()));
    };
    let mut twin = newborn(tx, connection, side, (id, &former), incarnation, now)?;
    let other = side.other();
    let found = match ring::entry(tx, &twin.root, connection, other, &twin.link)? {
        // Whether to wait for an item in the making is judged by the twin's job.
        Entry::Create | Entry::Wait => None,
        Entry::Close(member) => Some(member),
    };
    if let Some(member) = &found {
        let entered = if member != id && former.contains(member) {
            // It is the item itself, where it lay before.
            Some(Entered::Later)
        } else {
            let stays = member == id || ring::alive_in(tx, member, &connection.name)?.is_some();
            stays.then_some(Entered::Settled)
        };
        if let Some(entered) = entered {
            return Ok((entered, Marked::default()));
        }
    }
    tx.put_item(&super::settle::item_row(item, &twin, now))?;
    match found {
        Some(member) => ring::close(host, tx, connection, &mut twin, (other, member), now)?,
        None => tx.put_twin(&twin)?,
    }
    let lane = sign.lane;
    let marked = dirty::mark(host, tx, &[sign.hint(id.clone(), now)])?.grown(&twin.root, lane);
    Ok((Entered::Settled, marked))
}

/// The twin of an item that has none in the connection, with the other item to come.
fn newborn(
    read: &HostRead<'_>,
    connection: &Connection,
    side: Side,
    (item, former): (&ItemId, &Former),
    incarnation: u32,
    now: Timestamp,
) -> Result<Twin, StoreError> {
    let link = cluster::link_id(&connection.name, side, item, incarnation);
    let root = former
        .root(read)?
        .unwrap_or_else(|| cluster::root_of(&link));
    let mut ids = Sides::default();
    *ids.get_mut(side) = Some(item.id.clone());
    Ok(Twin {
        link,
        connection: connection.name.clone(),
        root,
        nodes: connection.contract().nodes.clone(),
        ids,
        created_from: Some(side),
        incarnation,
        state: TwinState::Creating,
        state_since: now,
        negatives: Sides::default(),
        held: BTreeMap::new(),
        comments_waived: BTreeMap::new(),
        since: now,
        reconciled: None,
    })
}

/// What a plan of the twin that an item would get is made from. `None`: it has one in the connection, does not enter
/// again by itself, or closes a ring, so that nothing would be created.
pub(crate) fn newcomer(
    read: &HostRead<'_>,
    connection: &Connection,
    side: Side,
    item: &ItemId,
    now: Timestamp,
) -> Result<Option<Context>, StoreError> {
    if settled(read, item, item, &connection.name)?.is_some() {
        return Ok(None);
    }
    let former = Former::read(read, item, item)?;
    let Some(incarnation) = incarnation(read, &former, connection)? else {
        return Ok(None);
    };
    let twin = newborn(read, connection, side, (item, &former), incarnation, now)?;
    let entry = ring::entry(read, &twin.root, connection, side.other(), &twin.link)?;
    if matches!(entry, Entry::Close(_)) {
        return Ok(None);
    }
    Context::of_newcomer(read, twin).map(Some)
}

/// Remembers which version was looked at, so that a sweep does not ask again: the item's twins are asked now.
async fn remember(host: &Arc<Inner>, item: &Item) -> Result<(), StoreError> {
    let (item, now) = (item.clone(), host.env.now());
    let shared = Arc::clone(host);
    let marked = host
        .store
        .write(move |tx| {
            let known = tx.item(&item.reference.item)?;
            if known
                .as_ref()
                .is_some_and(|known| known.version == item.version)
            {
                return Ok(Marked::default());
            }
            let row = ItemRow {
                reference: item.reference,
                scope: item.scope,
                root: known.and_then(|known| known.root),
                version: item.version,
                seen_at: now,
            };
            let twins = dirty::put_seen(&shared, tx, &row, None)?;
            dirty::mark(&shared, tx, twins.as_slice())
        })
        .await?;
    scheduler::clear(host, marked.announce(host))
}
