//! One scope's change feed: from its cursor to its end.

use super::place::{KIND, Place, stored};
use super::quiet;
use super::scope_key;
use crate::dirty::{self, Hint};
use crate::host::Inner;
use crate::job::Trouble;
use crate::node::Node;
use crate::scheduler;
use std::cmp::Ordering;
use std::sync::Arc;
use twinline_core::capability::ChangeKind;
use twinline_core::item::Version;
use twinline_core::names::{NodeName, Side};
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{DELETED, HostTx};
use twinline_trackers::{ChangePage, Cursor, FeedChange, Scope, TrackerError};

/// Pages in one sweep; what is left is read by the next, from the cursor.
const PAGES_MAX: usize = 1000;

/// A scope of a node.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) scope: &'a Scope,
    /// Its canonical text.
    pub(super) key: &'a str,
    /// The canonical texts of all the node's scopes.
    pub(super) all: &'a [String],
}

/// What one look at a scope's feed has found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    /// Changes that nobody had announced.
    pub(super) missed: u64,
    /// Whether a wide sweep has come to its end.
    pub(super) wide: bool,
}

/// Reads one scope's feed to its end. One that stands in the middle goes on; where it is not wide and was to be, a wide one
/// follows.
pub(super) async fn sweep(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    of: Of<'_>,
    wide: bool,
) -> Result<Read, Trouble> {
    let mut read = go_on(host, node, of, wide).await?;
    let is_at_end = node
        .places
        .get(of.key)
        .is_some_and(|place| place.next.is_none());
    if wide && !read.wide && is_at_end {
        let more = go_on(host, node, of, wide).await?;
        read.missed += more.missed;
        read.wide = more.wide;
    }
    Ok(read)
}

async fn go_on(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    of: Of<'_>,
    wide: bool,
) -> Result<Read, Trouble> {
    let mut place = place(host, node, of.key).await?;
    if place.complete_to.is_none() && place.next.is_none() {
        // Durable before the first question: while the tracker fails, the beginning must not move on with the clock.
        let mut first = start(host, node, &place, wide);
        first.since = first.since.min(entered(host, node, of).await?);
        place.since = Some(first.since);
        place.next = Some(first);
        place.wide = wide;
        begin(host, node.name(), of.key, &place).await?;
        node.places.put(of.key, place.clone());
    }
    node.probe()
        .await
        .map_err(|error| Trouble::of(node.name(), error))?;
    let mut cursor = match place.next.clone() {
        Some(next) => next,
        None => start(host, node, &place, wide),
    };
    if place.next.is_none() {
        place.since = Some(cursor.since);
        place.wide = wide;
    }
    let is_wide = place.wide;
    let mut read = Read::default();
    let mut begun_again = false;
    for _ in 0..PAGES_MAX {
        let page = node
            .request(node.tracker().changes(of.scope, &cursor))
            .await;
        let page = match page {
            Err(error) if is_of_the_page(&error) && cursor.page.is_some() && !begun_again => {
                tracing::warn!(node = %node.name(), %error, "the tracker does not know the page that a sweep has come to; it begins again");
                begun_again = true;
                cursor = Cursor {
                    since: place.since.unwrap_or(cursor.since),
                    page: None,
                };
                continue;
            }
            page => page.map_err(|error| Trouble::of(node.name(), error))?,
        };
        let end = page.next.is_none();
        place.next.clone_from(&page.next);
        if end {
            place.complete_to = place.complete_to.max(Some(page.complete_to));
            place.since = None;
            place.wide = false;
            read.wide = is_wide;
        }
        let next = page.next.clone();
        read.missed += keep(host, node, of, &place, page).await?;
        match next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    host.metrics.swept.add(read.missed);
    host.metrics.sweeps.inc();
    Ok(read)
}

/// Whether an error may be about the token of a page, which some trackers forget after a time. One that cannot be read is
/// asked for again as it is: to begin again each time would be to read more and more for nothing.
const fn is_of_the_page(error: &TrackerError) -> bool {
    matches!(error, TrackerError::Refused { .. })
}

/// A new sweep begins an overlap before what is accounted for; the first one of all before now.
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

/// When the rules were put in force by which the node has this scope, less the overlap, by the tracker's clock: what
/// came between then and the first sweep (a host may have died meanwhile) was enumerated by nobody. An audit period back
/// at most: older things are the audit's.
async fn entered(host: &Inner, node: &Node, of: Of<'_>) -> Result<Timestamp, StoreError> {
    let connections = host.connections_of(node.name());
    let with_scope = connections.iter().filter(|connection| {
        let contract = connection.contract();
        Side::BOTH.iter().any(|side| {
            contract.nodes.get(*side) == node.name()
                && scope_key(contract.scopes.get(*side)) == of.key
        })
    });
    let names: Vec<_> = with_scope
        .map(|connection| connection.name.clone())
        .collect();
    let read = host.store.read(move |read| {
        let mut first = None;
        for name in &names {
            let rule = read.active_rule(name)?;
            let at = rule.map(|rule| rule.published_at);
            first = first.into_iter().chain(at).min();
        }
        Ok(first)
    });
    let now = host.env.now();
    let first = read.await?.unwrap_or(now);
    let settings = &node.config.sweep;
    let first = first.max(now.minus(settings.audit));
    let skew_ms = node.known_probe().map_or(0, |probe| probe.skew_ms);
    let theirs = Timestamp::from_millis(first.as_millis().saturating_add(skew_ms));
    Ok(theirs.minus(settings.overlap))
}

/// Stores where the first sweep of all begins.
async fn begin(host: &Inner, node: &NodeName, key: &str, place: &Place) -> Result<(), StoreError> {
    let cursor = place.cursor(host.env.now());
    let (node, key) = (node.clone(), key.to_owned());
    host.store
        .write(move |tx| tx.put_sweep_cursor(&node, &key, KIND, &cursor))
        .await
}

/// Where the scope's sweep stands: read from the store once, and known from then on.
async fn place(host: &Inner, node: &Node, key: &str) -> Result<Place, StoreError> {
    if let Some(known) = node.places.get(key) {
        return Ok(known);
    }
    let (name, asked) = (node.name().clone(), key.to_owned());
    let place = host
        .store
        .read(move |read| stored(read, &name, &asked))
        .await?;
    node.places.put(key, place.clone());
    Ok(place)
}

/// One page: marks, cursor and ledger in one step. A page without a change has no marks, and its step waits for others
/// like it.
async fn keep(
    host: &Arc<Inner>,
    node: &Arc<Node>,
    of: Of<'_>,
    place: &Place,
    page: ChangePage,
) -> Result<u64, StoreError> {
    let progress = quiet::Progress {
        cursor: place.cursor(host.env.now()),
        accounted_to: accounted_to(node, of, place),
        covered: node.tracker().capabilities().feed_covers.clone(),
    };
    let key = of.key;
    if page.changes.is_empty() {
        host.quiet.note(node.name(), key, progress);
        node.places.put(key, place.clone());
        return Ok(0);
    }
    host.quiet.forget(node.name(), key);
    let (shared, name, owned) = (Arc::clone(host), node.name().clone(), key.to_owned());
    let (missed, marked) = host
        .store
        .write(move |tx| {
            let hints = unseen(&shared, tx, page.changes)?;
            progress.store(tx, &name, &owned)?;
            Ok((hints.len() as u64, dirty::mark(&shared, tx, &hints)?))
        })
        .await?;
    node.places.put(key, place.clone());
    scheduler::clear(host, marked.announce(host))?;
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
        let seen = tx.item(&change.candidate.reference.item)?;
        let differs = seen.is_none_or(|seen| is_news(&change, &seen.version));
        let deleted = change.kind == ChangeKind::Deleted;
        let item = change.candidate.reference.item;
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

/// Whether a listed change is not in what was seen of its item. A list of comments by themselves tells a comment's own time:
/// an item that was seen with a later change was seen with that comment, for comments are read after their item.
fn is_news(change: &FeedChange, seen: &Version) -> bool {
    let told = &change.candidate.version;
    let older = told.order(seen) == Ordering::Less;
    let of_a_comment = matches!(
        change.kind,
        ChangeKind::CommentAdded | ChangeKind::CommentEdited
    );
    seen != told && !(of_a_comment && older)
}

/// What the ledger may claim once `place` is reached: what the feed of every scope has shown. `None` while one of them
/// has not been read since the start.
fn accounted_to(node: &Node, of: Of<'_>, place: &Place) -> Option<Timestamp> {
    let others = of.all.iter().filter(|other| *other != of.key);
    others
        .map(|other| node.places.get(other)?.complete_to)
        .chain([place.complete_to])
        .min()
        .flatten()
}
