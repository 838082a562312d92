//! The job of an item that may enter connections: which triggers admit it, and what twin it gets.

use super::Ended;
use super::life::{certainly_belongs, in_scope};
use super::observe::observe;
use super::ring;
use super::trouble::Trouble;
use crate::dirty::{self, Hint, Marked};
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::scheduler::{self, Started};
use crate::sweep::scope_key;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::cluster::{self, Entry};
use twinline_core::effect::Effect;
use twinline_core::item::{Item, ItemId, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::{LinkId, NodeName, Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Seen;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, HostRead, HostTx, ItemRow, Twin, TwinState, moved_to};

/// So long a twin has to follow its item before the item is looked at again as one like any other.
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
    if is_awaited(host, id).await? {
        return Ok(Ended::Again {
            wait: MOVE_WAIT,
            failed: true,
        });
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
    };
    for connection in host.connections_of(&id.node) {
        for side in connection.sides_of(&id.node).collect::<Vec<_>>() {
            let enters = connection.contract().triggers.get(side).is_some();
            if standing == Standing::Free && enters && in_scope(&connection, side, &item) {
                consider(host, &node, &connection, side, &item, &sign).await?;
            }
        }
    }
    remember(host, &item).await?;
    Ok(Ended::Done)
}

/// Whether a tracker has said that an item of ours was moved here, and its twin has not followed yet.
async fn is_awaited(host: &Inner, id: &ItemId) -> Result<bool, StoreError> {
    let cause = moved_to(&id.id);
    let waiting = host.store.read(move |read| read.dirty_of_cause(&cause));
    Ok(waiting.await? > 0)
}

/// What the new twin's first job takes over from this one.
#[derive(Clone)]
struct Sign {
    lane: Lane,
    trace: Option<Arc<str>>,
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
) -> Result<(), Trouble> {
    let id = item.reference.item.clone();
    let name = connection.name.clone();
    let twinned = host
        .store
        .read(move |read| Ok(ring::alive_in(read, &id, &name)?.is_some()))
        .await?;
    if twinned {
        return Ok(());
    }
    if certainly_belongs(connection, node, side, item).await? == Some(true) {
        enter(host, connection, side, item, sign).await?;
    }
    Ok(())
}

/// How many twins the item has had in this connection; `None` when it does not enter again by itself.
fn incarnation(
    read: &HostRead<'_>,
    item: &ItemId,
    connection: &Connection,
) -> Result<Option<u32>, StoreError> {
    let mut earlier = read.twins_of_item(item)?;
    earlier.retain(|twin| twin.connection == connection.name);
    let meant = TwinState::Unlinked { returns: false };
    if earlier.iter().any(|twin| twin.state == meant) {
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
) -> Result<(), StoreError> {
    let (shared, connection) = (Arc::clone(host), Arc::clone(connection));
    let (item, sign) = (item.clone(), sign.clone());
    let marked = host
        .store
        .write(move |tx| make(&shared, tx, &connection, side, &item, sign))
        .await?;
    scheduler::clear(host, marked.announce(host)).await
}

fn make(
    host: &Inner,
    tx: &HostTx<'_>,
    connection: &Connection,
    side: Side,
    item: &Item,
    sign: Sign,
) -> Result<Marked, StoreError> {
    let id = &item.reference.item;
    if ring::alive_in(tx, id, &connection.name)?.is_some() {
        return Ok(Marked::default());
    }
    let now = host.env.now();
    let Some(incarnation) = incarnation(tx, id, connection)? else {
        return Ok(Marked::default());
    };
    let link = cluster::link_id(&connection.name, side, id, incarnation);
    let root = ring::root_of(tx, id)?.unwrap_or_else(|| cluster::root_of(&link));
    let other = side.other();
    let found = match ring::entry(tx, &root, connection, other, &link)? {
        // Whether to wait for an item in the making is judged by the twin's job.
        Entry::Create | Entry::Wait => None,
        Entry::Close(member) => Some(member),
    };
    if let Some(member) = &found
        && (member == id || ring::alive_in(tx, member, &connection.name)?.is_some())
    {
        return Ok(Marked::default());
    }
    let mut ids = Sides::default();
    *ids.get_mut(side) = Some(id.id.clone());
    let mut twin = Twin {
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
    };
    tx.put_item(&super::settle::item_row(item, &twin, now))?;
    match found {
        Some(member) => ring::close(host, tx, connection, &mut twin, (other, member), now)?,
        None => tx.put_twin(&twin)?,
    }
    dirty::mark(host, tx, &[sign.hint(id.clone(), now)])
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
    scheduler::clear(host, marked.announce(host)).await
}
