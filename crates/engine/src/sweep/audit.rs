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
use twinline_store::host::{
    AUDIT, HostRead, HostTx, ItemRow, SweepCursor, TwinFilter, TwinStateName,
};

/// Marks in one step of the store.
const PAGE: u32 = 200;
const KIND: &str = "audit";
/// An audit covers the node, not one of its scopes.
const WHOLE_NODE: &str = "";

/// Where a node's audits stand; kept as JSON in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    /// The audit that marks the items.
    #[serde(default)]
    marking: Option<Marking>,
    /// What may be claimed once the marks are done: an item that waits for long keeps back what is claimed, and not the
    /// next audit. The oldest first; two at most, so that neither audits that take longer than their period nor what
    /// waits for days makes them grow.
    #[serde(default)]
    claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marking {
    started: Timestamp,
    /// Items up to this id are marked.
    after: Option<String>,
    /// When an enumeration of all triggers began that has come to its end: what it found is marked.
    enumerated: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claim {
    /// It holds when nothing waits that was marked first by then.
    marked_at: Timestamp,
    /// When the audit began that has marked all items.
    looked: Option<Timestamp>,
    enumerated: Option<Timestamp>,
}

impl Place {
    fn is_under_way(&self) -> bool {
        self.marking.is_some() || !self.claims.is_empty()
    }

    /// A new audit begins, unless one is about to mark the items.
    fn begin(&mut self, now: Timestamp) {
        self.marking.get_or_insert(Marking {
            started: now,
            after: None,
            enumerated: None,
        });
    }

    /// All triggers were enumerated from `at` on, and what was found is marked.
    fn enumerated(&mut self, at: Timestamp, now: Timestamp) {
        match &mut self.marking {
            Some(marking) => marking.enumerated = Some(at),
            None => self.claim(Claim {
                marked_at: now,
                looked: None,
                enumerated: Some(at),
            }),
        }
    }

    fn claim(&mut self, claim: Claim) {
        if self.claims.len() < 2 {
            self.claims.push(claim);
        } else if let Some(last) = self.claims.last_mut() {
            *last = Claim {
                looked: claim.looked.or(last.looked),
                enumerated: claim.enumerated.or(last.enumerated),
                ..claim
            };
        }
    }
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
    if !audit && enumerated.is_none() && !node.may_audit() {
        return Ok(());
    }
    // Cleared first: an audit that is begun meanwhile sets it again.
    node.set_may_audit(false);
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let mut news = (audit, enumerated);
    loop {
        let (shared, name) = (Arc::clone(host), node.name().clone());
        let (audit, enumerated) = std::mem::take(&mut news);
        let (place, marked) = host
            .store
            .write(move |tx| {
                let (known, now) = (place(tx, &name)?, shared.env.now());
                let mut place = known.clone();
                if audit {
                    place.begin(now);
                }
                if let Some(at) = enumerated {
                    place.enumerated(at, now);
                }
                let hints = page(tx, &name, &mut place, now)?;
                let marked = dirty::mark(&shared, tx, &hints)?;
                claim(tx, &name, &mut place, skew_ms)?;
                if place != known {
                    put(tx, &name, &place, now)?;
                }
                Ok((place, marked))
            })
            .await?;
        scheduler::clear(host, marked.announce(host))?;
        if place.is_under_way() {
            node.set_may_audit(true);
        }
        if place.marking.is_none() {
            return Ok(());
        }
    }
}

/// Begins an audit of a node, from the first item on; its next sweep goes on with it, once the node is told that one may be
/// under way.
pub(crate) fn begin(tx: &HostTx<'_>, node: &NodeName, now: Timestamp) -> Result<(), StoreError> {
    let mut place = place(tx, node)?;
    place.marking = None;
    place.begin(now);
    put(tx, node, &place, now)
}

/// The next page of items that are to be marked. After the last one, what the audit may claim is known.
fn page(
    read: &HostRead<'_>,
    node: &NodeName,
    place: &mut Place,
    now: Timestamp,
) -> Result<Vec<Hint>, StoreError> {
    let Some(marking) = &mut place.marking else {
        return Ok(Vec::new());
    };
    let page = read.twinned_items(node, marking.after.as_deref(), PAGE)?;
    if let Some(last) = page.last() {
        marking.after = Some(last.reference.item.id.clone());
    }
    if page.len() < PAGE as usize {
        let claim = Claim {
            marked_at: now,
            looked: Some(marking.started),
            enumerated: marking.enumerated,
        };
        place.marking = None;
        place.claim(claim);
    }
    let hint = |row: ItemRow| Hint::now(row.reference.item, Lane::Backfill, AUDIT, now);
    Ok(page.into_iter().map(hint).collect())
}

/// Claims what holds by now, by the tracker's clock.
fn claim(
    tx: &HostTx<'_>,
    node: &NodeName,
    place: &mut Place,
    skew_ms: i64,
) -> Result<(), StoreError> {
    let theirs = |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add(skew_ms));
    while let Some(first) = place.claims.first() {
        if tx.is_dirty_since(node, first.marked_at)? {
            break;
        }
        if let Some(looked) = first.looked {
            for kind in KINDS {
                tx.audit_to(node, kind, theirs(looked))?;
            }
        }
        if let Some(enumerated) = first.enumerated {
            tx.audit_to(node, ChangeKind::Created, theirs(enumerated))?;
        }
        place.claims.remove(0);
    }
    Ok(())
}

fn place(read: &HostRead<'_>, node: &NodeName) -> Result<Place, StoreError> {
    let row = read.sweep_cursor(node, WHOLE_NODE, KIND)?;
    // What an older version wrote in another form is forgotten: the next audit begins anew.
    Ok(row
        .and_then(|row| serde_json::from_str(&row.cursor).ok())
        .unwrap_or_default())
}

fn put(tx: &HostTx<'_>, node: &NodeName, place: &Place, now: Timestamp) -> Result<(), StoreError> {
    let ends = !place.is_under_way();
    let cursor = SweepCursor {
        cursor: serde_json::to_string(place).expect("a place is JSON"),
        started_at: Some(now).filter(|_| !ends),
        finished_at: Some(now).filter(|_| ends),
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
        scheduler::clear(host, marked.announce(host))?;
        match last {
            Some(link) => after = Some(link),
            None => return Ok(()),
        }
    }
}
