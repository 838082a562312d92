//! One scope's change feed: from its cursor to its end.

use super::scope_key;
use crate::dirty::{self, Hint};
use crate::host::Inner;
use crate::job::Trouble;
use crate::node::Node;
use crate::scheduler;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use twinline_core::capability::ChangeKind;
use twinline_core::names::NodeName;
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{DELETED, HostRead, HostTx, SweepCursor};
use twinline_trackers::{ChangePage, Cursor, FeedChange, Scope};

/// Pages in one sweep; what is left is read by the next, from the cursor.
const PAGES_MAX: usize = 1000;

/// Where a scope's sweep stands; kept as JSON in the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    /// All covered changes before this instant of the tracker's clock were listed; `None`: no sweep has ended.
    complete_to: Option<Timestamp>,
    /// The sweep under way: where its next page begins.
    next: Option<Cursor>,
}

const KIND: &str = "feed";

/// Reads one scope's feed to its end. Answers how many changes it found that nobody had announced.
pub(crate) async fn sweep(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    scope: &Scope,
    wide: bool,
) -> Result<u64, Trouble> {
    let key = scope_key(scope);
    let mut place = place(host, node.name(), &key).await?;
    if place.complete_to.is_none() && place.next.is_none() {
        // Durable before the first question: while the tracker fails, the beginning must not move on with the clock.
        place.next = Some(start(host, node, &place, wide));
        begin(host, node.name(), &key, &place).await?;
    }
    node.probe()
        .await
        .map_err(|error| Trouble::of(node.name(), error))?;
    let mut cursor = place
        .next
        .clone()
        .unwrap_or_else(|| start(host, node, &place, wide));
    let mut missed = 0;
    for _ in 0..PAGES_MAX {
        let page = node.request(node.tracker().changes(scope, &cursor)).await;
        let page = page.map_err(|error| Trouble::of(node.name(), error))?;
        let end = page.next.is_none();
        place.next.clone_from(&page.next);
        if end {
            place.complete_to = place.complete_to.max(Some(page.complete_to));
        }
        missed += keep(host, node, &key, &place, &page).await?;
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    host.metrics.swept.add(missed);
    host.metrics.sweeps.inc();
    Ok(missed)
}

/// A new sweep begins an overlap before what is accounted for. The first one of all begins now: older items enter by
/// enumeration, and the ledger claims nothing about the time before.
fn start(host: &Inner, node: &Node, place: &Place, wide: bool) -> Cursor {
    let settings = &node.config.sweep;
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let theirs = Timestamp::from_millis(host.env.now().as_millis().saturating_add(skew_ms));
    let back = if wide {
        settings.resweep.max(settings.overlap)
    } else {
        settings.overlap
    };
    let lag = node.tracker().capabilities().index_lag;
    Cursor {
        since: place.complete_to.unwrap_or(theirs).minus(back.max(lag)),
        page: None,
    }
}

/// Stores where the first sweep of all begins.
async fn begin(host: &Inner, node: &NodeName, key: &str, place: &Place) -> Result<(), StoreError> {
    let cursor = SweepCursor {
        cursor: serde_json::to_string(place).expect("a place is JSON"),
        started_at: Some(host.env.now()),
        finished_at: None,
    };
    let (node, key) = (node.clone(), key.to_owned());
    host.store
        .write(move |tx| tx.put_sweep_cursor(&node, &key, KIND, &cursor))
        .await
}

async fn place(host: &Inner, node: &NodeName, key: &str) -> Result<Place, StoreError> {
    let (node, key) = (node.clone(), key.to_owned());
    host.store
        .read(move |read| stored_place(read, &node, &key))
        .await
}

fn stored_place(read: &HostRead<'_>, node: &NodeName, key: &str) -> Result<Place, StoreError> {
    let row = read.sweep_cursor(node, key, KIND)?;
    // A place that an older version wrote in another form is forgotten: the sweep begins again, from now.
    Ok(row
        .and_then(|row| serde_json::from_str(&row.cursor).ok())
        .unwrap_or_default())
}

/// One page: marks, cursor and ledger in one step.
async fn keep(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    key: &str,
    place: &Place,
    page: &ChangePage,
) -> Result<u64, StoreError> {
    let now = host.env.now();
    let cursor = SweepCursor {
        cursor: serde_json::to_string(place).expect("a place is JSON"),
        started_at: place.next.is_some().then_some(now),
        finished_at: place.next.is_none().then_some(now),
    };
    let keys: Vec<String> = host.scopes_of(node.name()).iter().map(scope_key).collect();
    let covered = node.tracker().capabilities().feed_covers.clone();
    let (shared, name, key, changes) = (
        Arc::clone(host),
        node.name().clone(),
        key.to_owned(),
        page.changes.clone(),
    );
    let (missed, marked) = host
        .store
        .write(move |tx| {
            let hints = unseen(&shared, tx, changes)?;
            tx.put_sweep_cursor(&name, &key, KIND, &cursor)?;
            account(tx, &name, &keys, &covered)?;
            Ok((hints.len() as u64, dirty::mark(&shared, tx, &hints)?))
        })
        .await?;
    scheduler::clear(host, marked.announce(host)).await?;
    Ok(missed)
}

/// The changes whose version differs from the one last seen, and that no work which has yet to begin will see anyway. A
/// job in flight may have fetched the item before the change, and clears only the mark that it began with.
fn unseen(
    host: &Inner,
    tx: &HostTx<'_>,
    changes: Vec<FeedChange>,
) -> Result<Vec<Hint>, StoreError> {
    let mut hints = Vec::new();
    for change in changes {
        let item = change.candidate.reference.item;
        let deleted = change.kind == ChangeKind::Deleted;
        let seen = tx.item(&item)?;
        let differs = seen.is_none_or(|seen| seen.version != change.candidate.version);
        let row = tx.dirty(&item)?;
        let known =
            row.is_some_and(|row| !deleted || row.cause == DELETED) && host.scheduler.waits(&item);
        if (deleted || differs) && !known {
            let cause = if deleted { DELETED } else { "sweep" };
            hints.push(Hint {
                deleted,
                ..Hint::now(item, Lane::Live, cause, host.env.now())
            });
        }
    }
    Ok(hints)
}

/// The ledger claims what the feed of every scope has shown, for the kinds that the feed covers.
fn account(
    tx: &HostTx<'_>,
    node: &NodeName,
    keys: &[String],
    covered: &BTreeSet<ChangeKind>,
) -> Result<(), StoreError> {
    let mut least: Option<Timestamp> = None;
    for key in keys {
        let Some(to) = stored_place(tx, node, key)?.complete_to else {
            return Ok(());
        };
        least = Some(least.map_or(to, |least| least.min(to)));
    }
    if let Some(to) = least {
        for kind in covered {
            tx.account_to(node, *kind, to)?;
        }
    }
    Ok(())
}
