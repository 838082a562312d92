//! Looking at known twins, wherever they lie: audits, and sleeping twins that may be reached again.

use crate::dirty::{self, Hint};
use crate::host::Inner;
use crate::job::LEFT;
use crate::node::Node;
use crate::scheduler;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use twinline_core::capability::ChangeKind;
use twinline_core::names::NodeName;
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{AUDIT, HostTx, SweepCursor, TwinFilter, TwinStateName};

/// Marks in one step of the store.
const PAGE: u32 = 200;
const KIND: &str = "audit";
/// An audit covers the node, not one of its scopes.
const WHOLE_NODE: &str = "";

/// Where an audit stands; kept as JSON in the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    /// Items up to this id are marked; `None` with a running audit: all are.
    after: Option<String>,
    /// When all items were marked; it ends when the marks from until then are done.
    marked_at: Option<Timestamp>,
    /// When an enumeration of all triggers began that has come to its end: what it found is marked.
    #[serde(default)]
    enumerated: Option<Timestamp>,
}

/// What a look at the known items shows. That there are new ones only an enumeration does.
const KINDS: [ChangeKind; 6] = [
    ChangeKind::Field,
    ChangeKind::CommentAdded,
    ChangeKind::CommentEdited,
    ChangeKind::CommentDeleted,
    ChangeKind::Deleted,
    ChangeKind::Moved,
];

/// One look after a node's sweep. `audit`: a new audit is due. `enumerated`: when an enumeration of all the node's triggers
/// began that has just come to its end.
pub(super) async fn look(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    wide: bool,
    audit: bool,
    enumerated: Option<Timestamp>,
) -> Result<(), StoreError> {
    sleepers(host, node, wide).await?;
    if !audit && !node.may_audit() {
        return Ok(());
    }
    let name = node.name().clone();
    // Cleared first: an audit that is begun meanwhile sets it again.
    node.set_may_audit(false);
    let running = host
        .store
        .read(move |read| read.sweep_cursor(&name, WHOLE_NODE, KIND))
        .await?
        .filter(|row| row.finished_at.is_none());
    let Some(started) = running.as_ref().and_then(|row| row.started_at) else {
        if audit {
            node.set_may_audit(true);
            let place = Place {
                enumerated,
                ..Place::default()
            };
            go_on(host, node, host.env.now(), place).await?;
        }
        return Ok(());
    };
    node.set_may_audit(true);
    let mut place: Place = running
        .and_then(|row| serde_json::from_str(&row.cursor).ok())
        .unwrap_or_default();
    if enumerated.is_some() {
        place.enumerated = enumerated;
        // What was found just now is to be looked at too.
        place.marked_at = place.marked_at.map(|_| host.env.now());
    }
    go_on(host, node, started, place).await
}

/// Begins an audit of a node, instead of one that is under way; its next sweep goes on with it, once the node is told
/// that one may be under way.
pub(crate) fn begin(tx: &HostTx<'_>, node: &NodeName, now: Timestamp) -> Result<(), StoreError> {
    put(tx, node, now, &Place::default(), None)
}

/// Whether an audit was begun after this one.
fn is_superseded(tx: &HostTx<'_>, node: &NodeName, started: Timestamp) -> Result<bool, StoreError> {
    let row = tx.sweep_cursor(node, WHOLE_NODE, KIND)?;
    Ok(row
        .and_then(|row| row.started_at)
        .is_some_and(|at| at > started))
}

/// Marks what is not marked yet; when all is and the marks are done, the audit has ended.
async fn go_on(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    started: Timestamp,
    mut place: Place,
) -> Result<(), StoreError> {
    let marked_at = loop {
        if let Some(marked_at) = place.marked_at {
            break marked_at;
        }
        let (shared, name, from) = (Arc::clone(host), node.name().clone(), place.clone());
        let written = host
            .store
            .write(move |tx| {
                if is_superseded(tx, &name, started)? {
                    return Ok(None);
                }
                let page = tx.twinned_items(&name, from.after.as_deref(), PAGE)?;
                let now = shared.env.now();
                let next = Place {
                    after: page
                        .last()
                        .map(|row| row.reference.item.id.clone())
                        .or(from.after),
                    marked_at: (page.len() < PAGE as usize).then_some(now),
                    enumerated: from.enumerated,
                };
                let hint = |row: twinline_store::host::ItemRow| {
                    Hint::now(row.reference.item, Lane::Backfill, AUDIT, now)
                };
                let hints: Vec<Hint> = page.into_iter().map(hint).collect();
                put(tx, &name, started, &next, None)?;
                Ok(Some((next, dirty::mark(&shared, tx, &hints)?)))
            })
            .await?;
        let Some((next, marked)) = written else {
            return Ok(());
        };
        scheduler::clear(host, marked.announce(host)).await?;
        place = next;
    };
    let name = node.name().clone();
    let now = host.env.now();
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let theirs =
        move |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add(skew_ms));
    host.store
        .write(move |tx| {
            if is_superseded(tx, &name, started)? || tx.is_dirty_since(&name, marked_at)? {
                return Ok(());
            }
            for kind in KINDS {
                tx.audit_to(&name, kind, theirs(started))?;
            }
            if let Some(enumerated) = place.enumerated {
                tx.audit_to(&name, ChangeKind::Created, theirs(enumerated))?;
            }
            put(tx, &name, started, &place, Some(now))
        })
        .await
}

fn put(
    tx: &HostTx<'_>,
    node: &NodeName,
    started: Timestamp,
    place: &Place,
    finished_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let cursor = SweepCursor {
        cursor: serde_json::to_string(place).expect("a place is JSON"),
        started_at: Some(started),
        finished_at,
    };
    tx.put_sweep_cursor(node, WHOLE_NODE, KIND, &cursor)
}

/// One of each group of sleeping twins is looked at with every sweep: when it can be reached again, its job wakes the
/// group. With a resweep all of them are.
async fn sleepers(host: &Arc<Inner>, node: &Arc<Node>, all: bool) -> Result<(), StoreError> {
    if !node.has_sleepers() {
        return Ok(());
    }
    // Cleared first: a twin that goes to sleep meanwhile sets it again.
    node.set_has_sleepers(false);
    let connections = host.connections_of(node.name());
    let names: Vec<_> = connections
        .iter()
        .map(|connection| connection.name.clone())
        .collect();
    let groups = host
        .store
        .read(move |read| {
            let mut groups = Vec::new();
            for name in names {
                let causes = read.sleeping_causes(&name)?;
                groups.extend(causes.into_iter().map(|cause| (name.clone(), cause)));
            }
            Ok(groups)
        })
        .await?;
    if !groups.is_empty() {
        node.set_has_sleepers(true);
    }
    for (connection, cause) in groups {
        if !all && cause == LEFT {
            // They come back with a change of their own, or with the resweep.
            continue;
        }
        let filter = TwinFilter {
            connection: Some(connection),
            state: Some(TwinStateName::Asleep),
            cause: Some(cause),
            held: false,
        };
        wake(host, node.name(), filter, if all { None } else { Some(1) }).await?;
    }
    Ok(())
}

/// Marks the items that sleeping twins of a filter have on a node; at most `max` of them.
pub(crate) async fn wake(
    host: &Arc<Inner>,
    node: &NodeName,
    filter: TwinFilter,
    max: Option<u32>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let (shared, node, filter) = (Arc::clone(host), node.clone(), filter.clone());
        let (last, marked) = host
            .store
            .write(move |tx| {
                let page = tx.twins(&filter, after.as_ref(), max.unwrap_or(PAGE))?;
                let full = page.len() == PAGE as usize;
                let last = page
                    .last()
                    .filter(|_| full && max.is_none())
                    .map(|twin| twin.link.clone());
                let now = shared.env.now();
                let items = page.iter().flat_map(|twin| {
                    let sides = twinline_core::names::Side::BOTH.into_iter();
                    sides
                        .filter_map(|side| twin.item(side))
                        .find(|item| item.node == node)
                });
                let hints: Vec<Hint> = items
                    .map(|item| Hint::now(item, Lane::Backfill, "asleep", now))
                    .collect();
                Ok((last, dirty::mark(&shared, tx, &hints)?))
            })
            .await?;
        scheduler::clear(host, marked.announce(host)).await?;
        match last {
            Some(link) => after = Some(link),
            None => return Ok(()),
        }
    }
}
