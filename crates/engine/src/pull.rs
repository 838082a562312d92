//! Pulling deliveries from edges.
//!
//! A delivery is a hint. It is decoded into dirty marks, and these and the edge's cursor are one step of the store; after it
//! the edge is told *taken*. When every item that a batch has marked was looked at, the edge is told *safe*, up to there.
//! Deliveries that tell nothing new, as those about our own writes mostly do, are passed: the cursor is stored with the next
//! step, or when none comes for a moment. Until then they count as neither.
//! A delivery that cannot be read is logged and passed: the sweep finds what it meant. One of a node that is not here is
//! passed too, but not in a fleet: there the group has the node, and the host that knows of it is built soon.
//!
//! An edge that could not take what came says so: the nodes whose deliveries it refused are swept at once.
//!
//! Numbers count in one inbox. An edge that comes back with another one, its disk lost or its file replaced, is read from
//! that one's beginning.

use crate::dirty::{self, Hint, Marked};
use crate::host::Inner;
use crate::inbox::{Delivery, EdgeInbox, InboxError, Pulled, Refused};
use crate::{scheduler, sweep};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::debug_span;
use twinline_core::item::ItemId;
use twinline_core::names::NodeName;
use twinline_core::queue::Lane;
use twinline_core::spans::TARGET;
use twinline_store::StoreError;
use twinline_store::host::{DELETED, EdgeCursor, moved_to};
use twinline_store::inbox::{InboxId, InboxPlace};
use twinline_trackers::{Notice, NoticeKind};

/// An edge that does not answer is asked again after at most so many doublings of the first wait.
const RETRY_DOUBLINGS_MAX: u32 = 6;

/// When nothing else comes for so long, it is stored that deliveries were passed.
const PASSED_WAIT: Duration = Duration::from_millis(250);
/// So long at most they are passed without that.
const PASSED_MAX: Duration = Duration::from_secs(1);

/// How far an edge was read.
struct Reader {
    /// `taken` is ahead of what is stored, while deliveries were passed.
    cursor: EdgeCursor,
    /// Since when it is.
    passed: Option<Instant>,
}

/// Pulls one edge until shutdown.
pub(crate) async fn run(host: Arc<Inner>, edge: Arc<dyn EdgeInbox>, shutdown: CancellationToken) {
    let mut failures = 0;
    let mut told = String::new();
    let mut reader = loop {
        match begin(&host, edge.as_ref()).await {
            Ok(cursor) => {
                break Reader {
                    cursor,
                    passed: None,
                };
            }
            Err(error) => {
                tracing::error!(edge = edge.name(), %error, "the edge's cursor cannot be read")
            }
        }
        if wait(&host, &mut failures, &shutdown).await {
            return;
        }
    };
    loop {
        let at = InboxPlace {
            inbox: reader.cursor.inbox.clone(),
            seq: reader.cursor.taken,
        };
        let wait_max = match reader.passed {
            Some(_) => PASSED_WAIT.min(host.settings.pull_wait),
            None => host.settings.pull_wait,
        };
        let pull = edge.pull(&at, host.settings.pull_max, wait_max);
        let taken = async {
            let Pulled {
                from,
                deliveries,
                refused,
            } = pull.await.map_err(|error| error.to_string())?;
            if !refused.is_empty() {
                hear(&host, edge.as_ref(), &refused).await?;
            }
            if from != at {
                reader.passed = None;
                begin_anew(&host, edge.name(), &mut reader.cursor, from.inbox).await
            } else if deliveries.is_empty() && reader.passed.is_none() {
                Ok(())
            } else {
                take(&host, edge.as_ref(), &mut reader, deliveries).await
            }
        };
        // At shutdown an edge may have ended before us, and hears no acknowledgement: what is durable is taken.
        let taken = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            taken = taken => taken,
        };
        match taken {
            Ok(()) => {
                if failures > 0 {
                    tracing::info!(edge = edge.name(), "the edge is pulled from again");
                }
                failures = 0;
            }
            Err(error) => {
                tell_failed(edge.name(), error, failures, &mut told);
                if wait(&host, &mut failures, &shutdown).await {
                    return;
                }
            }
        }
    }
}

/// Each group pulls for itself, and tries for as long as the edge is away: told once, and again where another reason has
/// come to stay. `told` is the reason that was told last.
fn tell_failed(edge: &str, error: String, before: u32, told: &mut String) {
    let lasts = before >= RETRY_DOUBLINGS_MAX;
    if before == 0 || (lasts && *told != error) {
        tracing::warn!(edge, error, "pulling failed; trying again");
        *told = error;
    } else {
        tracing::debug!(edge, error, "pulling failed again");
    }
}

/// Backs off; answers whether the host shuts down.
async fn wait(host: &Inner, failures: &mut u32, shutdown: &CancellationToken) -> bool {
    *failures = (*failures + 1).min(RETRY_DOUBLINGS_MAX);
    let doubled = host.settings.backoff().wait(*failures);
    tokio::select! {
        biased;
        () = shutdown.cancelled() => true,
        () = tokio::time::sleep(host.env.jittered(doubled)) => false,
    }
}

/// Where to go on. What is dirty now may stem from deliveries that are not safe yet.
async fn begin(host: &Inner, edge: &dyn EdgeInbox) -> Result<EdgeCursor, StoreError> {
    let name = edge.name().to_owned();
    let safe = Arc::clone(&host.safe);
    // A step of the writer, like every step that marks or clears, so that none comes in between.
    let cursor = host
        .store
        .write(move |tx| {
            let cursor = tx.edge_cursor(&name)?;
            safe.begin(
                &name,
                cursor.inbox.clone(),
                cursor.taken,
                tx.dirty_ends()?.map(|(_, last)| last),
            );
            Ok(cursor)
        })
        .await?;
    host.safe.durable(edge.name(), cursor.taken);
    Ok(cursor)
}

/// The edge has another inbox than the one that was pulled so far: it is read from its beginning. What the old one still
/// held is lost: sweeps go on from their cursors, which no delivery moves and so lie before the loss, and audits look for
/// what no feed shows.
async fn begin_anew(
    host: &Arc<Inner>,
    edge: &str,
    cursor: &mut EdgeCursor,
    inbox: InboxId,
) -> Result<(), String> {
    let is_first = cursor.inbox == InboxId::default();
    let mut told = host.nodes_now();
    told.retain(|_, node| !is_first && node.config.webhook.is_some());
    let names: Vec<NodeName> = told.keys().cloned().collect();
    let next = EdgeCursor {
        inbox,
        ..EdgeCursor::default()
    };
    let (shared, name, stored) = (Arc::clone(host), edge.to_owned(), next.clone());
    let written = host.store.write(move |tx| {
        tx.put_edge_cursor(&name, &stored)?;
        for name in &names {
            sweep::begin_audit(tx, name, shared.env.now())?;
        }
        shared.safe.begin(&name, stored.inbox, 0, None);
        Ok(())
    });
    written.await.map_err(|error| error.to_string())?;
    if !is_first {
        tracing::error!(
            edge,
            was = %cursor.inbox,
            is = %next.inbox,
            "the edge has another inbox: deliveries that it held are lost; sweeping and auditing all nodes with webhooks"
        );
        host.metrics.inboxes_replaced.inc();
        for node in told.values() {
            node.set_may_audit(true);
        }
        host.sweeps_asked.all();
    }
    *cursor = next;
    Ok(())
}

/// The edge did not take what came for some nodes. A sweep goes on from before that: its cursor is no delivery's. It need not
/// be remembered, since whoever begins to work on a node sweeps it.
async fn hear(host: &Inner, edge: &dyn EdgeInbox, refused: &[Refused]) -> Result<(), String> {
    for one in refused {
        let since = one.since.map(|at| at.to_string());
        tracing::warn!(edge = edge.name(), node = %one.node, since, "the edge has refused deliveries, or may have: sweeping the node");
        host.metrics.refusals.inc();
        host.sweeps_asked.one(&one.node);
    }
    edge.heard(refused).await.map_err(|error| error.to_string())
}

/// Takes what was pulled; of nothing, it stores what was passed.
async fn take(
    host: &Arc<Inner>,
    edge: &dyn EdgeInbox,
    reader: &mut Reader,
    deliveries: Vec<Delivery>,
) -> Result<(), String> {
    let last = deliveries
        .iter()
        .map(|delivery| delivery.seq)
        .max()
        .unwrap_or(reader.cursor.taken);
    if host.has_whole_group
        && let Some(unknown) = deliveries
            .iter()
            .find(|delivery| host.node(&delivery.node).is_none())
    {
        return Err(format!(
            "delivery {} is of the node '{}', which is not here yet",
            unknown.seq, unknown.node
        ));
    }
    host.metrics.deliveries.add(deliveries.len() as u64);
    let hints: Vec<Hint> = deliveries
        .iter()
        .flat_map(|delivery| {
            let span = debug_span!(target: TARGET, "pull", edge = edge.name(), node = %delivery.node, seq = delivery.seq);
            host.adopt_trace(&span, traceparent(delivery));
            span.in_scope(|| decode(host, delivery))
        })
        .collect();
    host.metrics.hints.add(hints.len() as u64);
    let may_pass = !deliveries.is_empty()
        && reader
            .passed
            .is_none_or(|since| since.elapsed() < PASSED_MAX);
    if may_pass && tell_nothing(host, &hints).await? {
        host.metrics.known.add(hints.len() as u64);
        reader.cursor.taken = last;
        reader.passed.get_or_insert_with(Instant::now);
        return Ok(());
    }
    let next = EdgeCursor {
        inbox: reader.cursor.inbox.clone(),
        taken: last,
        safe: host.safe.watermark(edge.name()).seq,
    };
    let stored = next.clone();
    let (shared, name) = (Arc::clone(host), edge.name().to_owned());
    let marked: Marked = host
        .store
        .write(move |tx| {
            tx.put_edge_cursor(&name, &stored)?;
            let marked = dirty::mark(&shared, tx, &hints)?;
            let items = marked.items().cloned().collect();
            shared.safe.taken(&name, last, items);
            Ok(marked)
        })
        .await
        .map_err(|error| error.to_string())?;
    *reader = Reader {
        cursor: next,
        passed: None,
    };
    host.safe.durable(edge.name(), last);
    let nothing = marked.announce(host);
    scheduler::clear(host, nothing).map_err(|error| error.to_string())
}

/// Whether a step with these would mark nothing.
async fn tell_nothing(host: &Arc<Inner>, hints: &[Hint]) -> Result<bool, String> {
    if hints.is_empty() {
        return Ok(true);
    }
    let (shared, hints) = (Arc::clone(host), hints.to_vec());
    let read = host
        .store
        .read(move |read| dirty::tell_nothing(&shared, read, &hints));
    read.await.map_err(|error| error.to_string())
}

fn decode(host: &Inner, delivery: &Delivery) -> Vec<Hint> {
    let Some(node) = host.node(&delivery.node) else {
        tracing::warn!(node = %delivery.node, seq = delivery.seq, "a delivery for a node that is not here");
        return Vec::new();
    };
    let Some(webhook) = &node.config.webhook else {
        return Vec::new();
    };
    let notices = match webhook.decode(&delivery.headers, &delivery.body) {
        Ok(notices) => notices,
        Err(error) => {
            host.metrics.deliveries_unreadable.inc();
            tracing::warn!(node = %delivery.node, seq = delivery.seq, %error, "a delivery cannot be read; the sweep finds what it meant");
            return Vec::new();
        }
    };
    notices
        .into_iter()
        .map(|notice| {
            node.announce(host.env.now(), &notice.scope);
            hint(host, delivery, notice)
        })
        .collect()
}

/// The context of the trace that the edge has begun for a delivery.
fn traceparent(delivery: &Delivery) -> Option<&str> {
    delivery.headers.get("traceparent")?.to_str().ok()
}

fn hint(host: &Inner, delivery: &Delivery, notice: Notice) -> Hint {
    let deleted = notice.kind == NoticeKind::Deleted;
    let moved = matches!(notice.kind, NoticeKind::Moved(_));
    let cause = match &notice.kind {
        NoticeKind::Deleted => Cow::Borrowed(DELETED),
        NoticeKind::Moved(Some(to)) => Cow::Owned(moved_to(to)),
        NoticeKind::Moved(None) | NoticeKind::Changed | NoticeKind::Commented => {
            Cow::Borrowed("delivery")
        }
    };
    let item = ItemId {
        node: delivery.node.clone(),
        id: notice.item,
    };
    Hint {
        changed_at: Some(notice.at.unwrap_or(delivery.received)),
        deleted,
        // That it moved is news, also where its version is known.
        version: notice.version.filter(|_| !moved),
        trace: traceparent(delivery).map(Arc::from),
        ..Hint::now(item, Lane::Live, cause, host.env.now())
    }
}

/// What an edge was told.
#[derive(Default)]
struct Told {
    taken: InboxPlace,
    safe: InboxPlace,
}

impl Told {
    /// Tells an edge what it does not know yet. What is safe is taken too.
    async fn tell(&mut self, host: &Inner, edge: &dyn EdgeInbox) -> Result<(), InboxError> {
        let (taken, safe) = (host.safe.taken_to(edge.name()), host.safe_to(edge.name()));
        if taken.seq > 0 && taken != safe && taken != self.taken {
            edge.ack_taken(&taken).await?;
        }
        self.taken = taken;
        if safe.seq > 0 && safe != self.safe {
            edge.ack_safe(&safe).await?;
        }
        self.safe = safe;
        Ok(())
    }
}

/// Tells edges what is taken and what is safe, until shutdown. An edge that cannot be told is told again at the next period.
pub(crate) async fn acknowledge(host: Arc<Inner>, shutdown: CancellationToken) {
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    loop {
        for edge in &host.edges {
            let told_now = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                told_now = told.entry(edge.name()).or_default().tell(&host, edge.as_ref()) => told_now,
            };
            if let Err(error) = told_now {
                tracing::warn!(%error, "the edge could not be told what is taken and safe");
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = host.safe.changed.notified() => {}
            () = host.replica_moved() => {}
            () = tokio::time::sleep(host.settings.period) => {}
        }
    }
}
