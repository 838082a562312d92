//! Wakes twins that wait for the parent of one of their items, once its cluster is on both sides.
//!
//! Level-triggered: told of clusters that have grown, at start, and once an hour, it reads who waits and marks those whose
//! parent is there, page by page. What a crash or a failing store leaves is found by the next look; who is woken for nothing
//! waits on.

use crate::confirmed;
use crate::dirty::{self, Hint, is_alive};
use crate::host::Inner;
use crate::job::counterpart;
use crate::scheduler;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::{ConnectionName, LinkId, NodeName, RootId};
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, ParentWait, TwinState};

/// Waits that are read in one step of the store.
const PAGE: u32 = 200;

const PERIOD: Duration = Duration::from_secs(3_600);

/// Clusters that have grown and have not been looked at for it.
#[derive(Debug, Default)]
pub(crate) struct Appeared {
    roots: Mutex<BTreeSet<RootId>>,
    rung: Notify,
}

impl Appeared {
    pub(crate) fn note(&self, roots: Vec<RootId>) {
        if !roots.is_empty() {
            self.lock().extend(roots);
            self.rung.notify_one();
        }
    }

    fn take(&self) -> BTreeSet<RootId> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<RootId>> {
        self.roots.lock().expect("no code panics with this lock")
    }
}

/// Runs until shutdown.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    let mut all_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep_until(all_at) => {
                all_at = Instant::now() + PERIOD;
                look(&host, None).await;
            }
            () = host.parents.rung.notified() => {
                let grown = host.parents.take();
                match keys(&host, grown).await {
                    Ok(keys) => for key in keys {
                        look(&host, Some(key)).await;
                    },
                    Err(error) => tracing::error!(%error, "it cannot be read who waits for a parent; looking again within the hour"),
                }
            }
        }
    }
}

/// What the items of clusters are called, of those that somebody waits for.
async fn keys(
    host: &Inner,
    roots: BTreeSet<RootId>,
) -> Result<Vec<(NodeName, String)>, StoreError> {
    let read = host.store.read(move |read| {
        let mut keys = Vec::new();
        for root in &roots {
            for row in read.items_of_root(root)? {
                let (node, key) = (row.reference.item.node, row.reference.key);
                let waits = read.waits_for_parent(Some((&node, &key)), None, 1)?;
                keys.extend(waits.first().map(|_| (node, key)));
            }
        }
        Ok(keys)
    });
    read.await
}

/// Marks who waits for one item, or (`None`) for any, and need not any more.
async fn look(host: &Arc<Inner>, item: Option<(NodeName, String)>) {
    let mut after = None;
    loop {
        match page(host, item.clone(), after).await {
            Ok(Some(last)) => after = Some(last),
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "twins that wait for a parent could not be woken; trying again within the hour");
                return;
            }
        }
    }
}

/// One page; answers where the next one begins.
async fn page(
    host: &Arc<Inner>,
    item: Option<(NodeName, String)>,
    after: Option<LinkId>,
) -> Result<Option<LinkId>, StoreError> {
    let shared = Arc::clone(host);
    let read = host.store.read(move |read| {
        let item = item.as_ref().map(|(node, key)| (node, key.as_str()));
        let waits = read.waits_for_parent(item, after.as_ref(), PAGE)?;
        let next = waits.last().filter(|_| waits.len() == PAGE as usize);
        let next = next.map(|wait| wait.link.clone());
        let mut ready = Vec::new();
        for wait in waits {
            ready.extend(woken(&shared, read, wait)?);
        }
        Ok((next, ready))
    });
    let (next, ready) = read.await?;
    if ready.is_empty() {
        return Ok(next);
    }
    let shared = Arc::clone(host);
    let marked = host
        .store
        .write(move |tx| {
            let now = shared.env.now();
            let mut granted: BTreeMap<&ConnectionName, u64> = BTreeMap::new();
            for connection in ready.iter().filter_map(|woken| woken.confirmed.as_ref()) {
                *granted.entry(connection).or_default() += 1;
            }
            for (connection, twins) in granted {
                confirmed::grant(tx, connection, twins)?;
            }
            let hints: Vec<Hint> = ready.iter().map(|woken| woken.hint(now)).collect();
            dirty::mark(&shared, tx, &hints)
        })
        .await?;
    scheduler::clear(host, marked.announce(host)).await?;
    Ok(next)
}

/// A twin whose parent is there.
struct Woken {
    hint: Hint,
    /// Its connection, where the write that follows is part of work that a person has confirmed.
    confirmed: Option<ConnectionName>,
}

impl Woken {
    fn hint(&self, now: Timestamp) -> Hint {
        Hint {
            due: now,
            ..self.hint.clone()
        }
    }
}

fn woken(host: &Inner, read: &HostRead<'_>, wait: ParentWait) -> Result<Option<Woken>, StoreError> {
    let Some(twin) = read.twin(&wait.link)?.filter(is_alive) else {
        return Ok(None);
    };
    let (Some(connection), Some(item)) = (host.connection(&twin.connection), twin.item(wait.side))
    else {
        return Ok(None);
    };
    if counterpart(read, connection.contract(), wait.side, &wait.key)?.is_none() {
        return Ok(None);
    }
    // What was refused for want of a parent is tried by signs of its own alone.
    let lane = match twin.state {
        TwinState::Quarantined { .. } => Lane::Live,
        _ => Lane::Backfill,
    };
    let confirmed = wait.confirmed.then_some(twin.connection);
    let cause = confirmed
        .as_ref()
        .map_or("parent".to_owned(), confirmed::parent);
    Ok(Some(Woken {
        hint: Hint::now(item, lane, cause, Timestamp::EPOCH),
        confirmed,
    }))
}
