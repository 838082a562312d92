//! Marking items dirty: durably, and then as work in memory.

use crate::confirmed;
use crate::host::Inner;
use crate::ids::lock_of;
use crate::rests::News;
use crate::scheduler::{Mark, NewMark, Slot};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::item::{ItemId, Version};
use twinline_core::names::{LinkId, RootId, Side};
use twinline_core::queue::{Key, Lane, Work};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    self, AUDIT, DELETED, Dirty, HostRead, HostTx, ItemRow, Twin, TwinStateName,
};

/// A sign that an item may have changed.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    pub(crate) item: ItemId,
    pub(crate) lane: Lane,
    pub(crate) cause: Cow<'static, str>,
    /// When to look.
    pub(crate) due: Timestamp,
    /// When the change was made, where a delivery said so.
    pub(crate) changed_at: Option<Timestamp>,
    /// The tracker said that it was deleted.
    pub(crate) deleted: bool,
    /// The item's version then, where a delivery said so.
    pub(crate) version: Option<Version>,
    /// Whether only a change of this item would make it worth looking at its twins' other sides.
    pub(crate) glance: bool,
    /// The `traceparent` of the delivery.
    pub(crate) trace: Option<Arc<str>>,
}

impl Hint {
    pub(crate) fn now(
        item: ItemId,
        lane: Lane,
        cause: impl Into<Cow<'static, str>>,
        now: Timestamp,
    ) -> Self {
        Self {
            item,
            lane,
            cause: cause.into(),
            due: now,
            changed_at: None,
            deleted: false,
            version: None,
            glance: false,
            trace: None,
        }
    }
}

/// What a step of the store has marked; to be announced when the step is durable.
#[derive(Debug, Default)]
#[must_use = "marks are announced when their step is durable"]
pub(crate) struct Marked {
    marks: Vec<NewMark>,
    /// Clusters that have more items than before, and in which lane they have got them.
    grown: Vec<(RootId, Lane)>,
}

/// Marks items, in a step of the store, but for those of which nothing new is told. Each item once: all marks of one step
/// have one id, by which the memory would take the second for the first and never learn what only the second knows.
pub(crate) fn mark(host: &Inner, tx: &HostTx<'_>, hints: &[Hint]) -> Result<Marked, StoreError> {
    let now = host.env.now();
    let hints = coalesced(hints);
    let mut marked = Vec::with_capacity(hints.len());
    for hint in hints {
        let mut works = works(host, tx, &hint.item, hint.lane)?;
        let news = news(host, &hint, &works);
        if news == News::Nothing {
            host.metrics.known.inc();
            continue;
        }
        let dirty = tx.mark_dirty(&host::Mark {
            item: hint.item.clone(),
            lane: hint.lane,
            cause: hint.cause.clone().into_owned(),
            due: hint.due,
            at: now,
        })?;
        let mark = Mark {
            glance: hint.glance || news == News::Perhaps,
            changed_at: hint.changed_at,
            trace: hint.trace.clone(),
            deleted: hint.deleted || dirty.cause == DELETED,
            audit: dirty.cause == AUDIT,
            confirmed: confirmed::of_cause(&dirty.cause),
            backfill: confirmed::backfill_of_cause(&dirty.cause),
            item: dirty.item,
            id: dirty.mark,
        };
        // What waits in the store as live, for want of room here, is no less live for a later sign.
        for work in &mut works {
            work.lane = work.lane.min(dirty.lane);
        }
        marked.push(NewMark {
            mark,
            lane: dirty.lane,
            seq: dirty.seq,
            works,
            // The row keeps the earliest time, for a restart. Here that earlier work is known already, and a sign that is
            // to be followed later (a provisional observation) must not start it again at once, over and over.
            due: hint.due,
        });
    }
    Ok(Marked {
        marks: marked,
        grown: Vec::new(),
    })
}

/// Whether a step that marked these items would mark none of them: nothing new is told of any.
pub(crate) fn tell_nothing(
    host: &Inner,
    read: &HostRead<'_>,
    hints: &[Hint],
) -> Result<bool, StoreError> {
    for hint in coalesced(hints) {
        // Without a version nobody can tell, whatever the work is.
        if hint.version.is_none() {
            return Ok(false);
        }
        let works = works(host, read, &hint.item, hint.lane)?;
        if news(host, &hint, &works) != News::Nothing {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stores what was seen of an item, and gives the sign that its other twins are to look. A sweep asks nobody about a
/// version that the directory has, so whoever stores one answers for every twin of the item. `own`: the twin that has
/// seen it.
pub(crate) fn put_seen(
    host: &Inner,
    tx: &HostTx<'_>,
    row: &ItemRow,
    own: Option<&LinkId>,
) -> Result<Option<Hint>, StoreError> {
    let item = &row.reference.item;
    let before = tx.item(item)?;
    tx.put_item(row)?;
    if before.is_some_and(|before| before.version == row.version) {
        return Ok(None);
    }
    let twins = tx.twins_of_item(item)?.into_iter().filter(is_alive);
    let mut others = twins.filter(|twin| own != Some(&twin.link));
    let unaware = others.any(|twin| {
        let key = Key::Twin(twin.link);
        !host.scheduler.will_look(&key, item)
            && host.rests.news(&key, item, &row.version) != News::Nothing
    });
    Ok(unaware.then(|| Hint {
        glance: true,
        ..Hint::now(item.clone(), Lane::Live, "cluster", row.seen_at)
    }))
}

/// What a hint tells to the work that would stand for it.
fn news(host: &Inner, hint: &Hint, works: &[Work]) -> News {
    let Some(version) = hint.version.as_ref().filter(|_| !hint.deleted) else {
        return News::Something;
    };
    let news = works
        .iter()
        .map(|work| host.rests.news(&work.key, &hint.item, version));
    news.max().unwrap_or(News::Something)
}

/// One hint for each item, in the order of their first: the earliest times, the livelier lane, and any evidence.
fn coalesced(hints: &[Hint]) -> Vec<Hint> {
    let mut places: BTreeMap<&ItemId, usize> = BTreeMap::new();
    let mut each: Vec<Hint> = Vec::with_capacity(hints.len());
    for hint in hints {
        let place = *places.entry(&hint.item).or_insert(each.len());
        let Some(known) = each.get_mut(place) else {
            each.push(hint.clone());
            continue;
        };
        known.lane = known.lane.min(hint.lane);
        known.due = known.due.min(hint.due);
        known.glance &= hint.glance;
        // Without a version nobody can tell what is new about it.
        known.version = match (known.version.take(), &hint.version) {
            (Some(known), Some(other)) if known.order(other) == Ordering::Less => {
                Some(other.clone())
            }
            (known, other) => known.filter(|_| other.is_some()),
        };
        known.changed_at = [known.changed_at, hint.changed_at]
            .into_iter()
            .flatten()
            .min();
        known.deleted |= hint.deleted;
        if host::takes_place(&hint.cause, &known.cause) {
            known.cause.clone_from(&hint.cause);
        }
    }
    each
}

/// What a row of the queue means as work.
pub(crate) fn of_row(
    host: &Inner,
    read: &HostRead<'_>,
    dirty: Dirty,
) -> Result<Marked, StoreError> {
    let mut works = works(host, read, &dirty.item, dirty.lane)?;
    if let Some(left) = &dirty.left_to {
        works.retain(|work| left.contains(&work.connection));
    }
    let mark = Mark {
        glance: false,
        changed_at: None,
        trace: None,
        deleted: dirty.cause == DELETED,
        audit: dirty.cause == AUDIT,
        confirmed: confirmed::of_cause(&dirty.cause),
        backfill: confirmed::backfill_of_cause(&dirty.cause),
        item: dirty.item,
        id: dirty.mark,
    };
    let marks = vec![NewMark {
        mark,
        lane: dirty.lane,
        seq: dirty.seq,
        works,
        due: dirty.due,
    }];
    Ok(Marked {
        marks,
        grown: Vec::new(),
    })
}

impl Marked {
    pub(crate) fn join(&mut self, other: Self) {
        self.marks.extend(other.marks);
        self.grown.extend(other.grown);
    }

    /// A cluster has more items than before. `lane`: that of the work that has brought them; who has waited for them goes
    /// on in it.
    pub(crate) fn grown(mut self, root: &RootId, lane: Lane) -> Self {
        self.grown.push((root.clone(), lane));
        self
    }

    /// The items that were marked.
    pub(crate) fn items(&self) -> impl Iterator<Item = &ItemId> {
        self.marks.iter().map(|new| &new.mark.item)
    }

    /// Makes work of durable marks. What the memory has no room for stays in the store and is read again. Returns the
    /// marks that nothing is to be done for.
    pub(crate) fn announce(self, host: &Inner) -> Vec<Mark> {
        let now = host.env.now();
        let ready = |slot: &Slot| host.if_open(slot);
        let mut nothing = Vec::new();
        for new in self.marks {
            nothing.extend(host.scheduler.mark(new, now, &ready));
        }
        host.parents.note(self.grown);
        host.scheduler.ring();
        nothing
    }
}

/// Whether a twin takes part in the work: one that has ended does not.
pub(crate) fn is_alive(twin: &Twin) -> bool {
    twin.state.name() != TwinStateName::Unlinked
}

/// The work that a dirty item means: each of its twins, and a look at the connections that it may enter.
fn works(
    host: &Inner,
    read: &HostRead<'_>,
    item: &ItemId,
    lane: Lane,
) -> Result<Vec<Work>, StoreError> {
    let twins: Vec<Twin> = read
        .twins_of_item(item)?
        .into_iter()
        .filter(is_alive)
        .collect();
    let mut works: Vec<Work> = twins
        .iter()
        .map(|twin| of_twin(twin, lane, &item.node))
        .collect();
    let twinned: BTreeSet<_> = twins.iter().map(|twin| &twin.connection).collect();
    let may_enter = host.connections_of(&item.node).iter().any(|connection| {
        let triggers = &connection.contract().triggers;
        let enters = |side: Side| triggers.get(side).is_some();
        !twinned.contains(&connection.name) && connection.sides_of(&item.node).any(enters)
    });
    if may_enter {
        let root = match twins.first() {
            Some(twin) => twin.root.clone(),
            None => lock_of(item),
        };
        works.push(Work {
            key: Key::Candidate(item.clone()),
            root,
            node: item.node.clone(),
            connection: None,
            lane,
        });
    }
    Ok(works)
}

/// The work of one twin, on the turn of one of its nodes.
pub(crate) fn of_twin(twin: &Twin, lane: Lane, node: &twinline_core::names::NodeName) -> Work {
    Work {
        key: Key::Twin(twin.link.clone()),
        root: twin.root.clone(),
        node: node.clone(),
        connection: Some(twin.connection.clone()),
        lane,
    }
}
