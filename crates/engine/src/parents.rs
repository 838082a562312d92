//! Wakes twins that wait for the parent of one of their items, once its cluster is on both sides.
//!
//! Level-triggered: told of clusters that have grown, at start, and once an hour, it reads who waits and marks those whose
//! parent is there, page by page. What a crash or a failing store leaves is found by the next look; who is woken for nothing
//! waits on.

use crate::confirmed;
use crate::dirty::{self, Hint, is_alive};
use crate::host::Inner;
use crate::job::{counterpart, has_parents};
use crate::scheduler;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, LinkId, NodeName, RootId, Side};
use twinline_core::quarantine::Kind;
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, HostTx, ParentWait, TwinState};

/// Waits that are read in one step of the store.
const PAGE: u32 = 200;

const PERIOD: Duration = Duration::from_secs(3_600);

/// Clusters that have grown and have not been looked at for it, each in the liveliest lane of what has made it grow: a child
/// whose parent came with a person's change waits for no room in limits either.
#[derive(Debug, Default)]
pub(crate) struct Appeared {
    roots: Mutex<BTreeMap<RootId, Lane>>,
    rung: Notify,
}

impl Appeared {
    pub(crate) fn note(&self, grown: Vec<(RootId, Lane)>) {
        if grown.is_empty() {
            return;
        }
        let mut roots = self.lock();
        for (root, lane) in grown {
            let known = roots.entry(root).or_insert(lane);
            *known = lane.min(*known);
        }
        drop(roots);
        self.rung.notify_one();
    }

    fn take(&self) -> BTreeMap<RootId, Lane> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RootId, Lane>> {
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
                look(&host, &shutdown, None).await;
            }
            () = host.parents.rung.notified() => {
                let grown = host.parents.take();
                for grown in grown.into_iter().collect::<Vec<_>>().chunks(PAGE as usize) {
                    match keys(&host, grown.to_vec()).await {
                        Ok(grown) => for grown in grown {
                            look(&host, &shutdown, Some(grown)).await;
                        },
                        Err(error) => tracing::error!(%error, "it cannot be read who waits for a parent; looking again within the hour"),
                    }
                }
            }
        }
    }
}

/// An item for which somebody waits, and in which lane its cluster has grown.
#[derive(Clone)]
struct Grown {
    node: NodeName,
    key: String,
    lane: Lane,
}

/// The items of clusters, of those that somebody waits for.
async fn keys(host: &Inner, roots: Vec<(RootId, Lane)>) -> Result<Vec<Grown>, StoreError> {
    let read = host.store.read(move |read| {
        let mut keys = Vec::new();
        for (root, lane) in &roots {
            for row in read.items_of_root(root)? {
                let (node, key) = (row.reference.item.node, row.reference.key);
                let waits = read.waits_for_parent(Some((&node, &key)), None, 1)?;
                let grown = || Grown {
                    node,
                    key,
                    lane: *lane,
                };
                keys.extend(waits.first().map(|_| grown()));
            }
        }
        Ok(keys)
    });
    read.await
}

/// Marks who waits for one item, or (`None`) for any, and need not any more.
async fn look(host: &Arc<Inner>, shutdown: &CancellationToken, item: Option<Grown>) {
    let mut after = None;
    while !shutdown.is_cancelled() {
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
    item: Option<Grown>,
    after: Option<(LinkId, Side)>,
) -> Result<Option<(LinkId, Side)>, StoreError> {
    let shared = Arc::clone(host);
    let read = host.store.read(move |read| {
        let lane = item.as_ref().map_or(Lane::Backfill, |item| item.lane);
        let item = item.as_ref().map(|item| (&item.node, item.key.as_str()));
        let waits = read.waits_for_parent(item, after.as_ref(), PAGE)?;
        let next = waits.last().filter(|_| waits.len() == PAGE as usize);
        let next = next.map(|wait| (wait.link.clone(), wait.side));
        let mut found = Vec::new();
        for wait in waits {
            match judged(&shared, read, &wait, lane)? {
                Judged::WaitsOn => {}
                judged => found.push((wait, judged)),
            }
        }
        Ok((next, found))
    });
    let (next, found) = read.await?;
    if found.is_empty() {
        return Ok(next);
    }
    let shared = Arc::clone(host);
    let marked = host
        .store
        .write(move |tx| {
            let (now, mut hints) = (shared.env.now(), Vec::new());
            for (wait, judged) in found {
                match judged {
                    Judged::WaitsOn => {}
                    Judged::ForNothing => tx.drop_parent_waits(&wait.link)?,
                    Judged::Woken(woken) => hints.push(woken.hint(tx, wait, now)?),
                }
            }
            dirty::mark(&shared, tx, &hints)
        })
        .await?;
    scheduler::clear(host, marked.announce(host))?;
    Ok(next)
}

/// What is to be done about a wait.
enum Judged {
    /// The parent is there.
    Woken(Woken),
    /// It is not; or the twin is not worked on, and looks for itself when it is again.
    WaitsOn,
    /// Parents do not cross any more.
    ForNothing,
}

struct Woken {
    item: ItemId,
    lane: Lane,
    connection: ConnectionName,
}

impl Woken {
    /// The sign. Where the write that follows is part of work that a person has confirmed, it is paid for, once.
    fn hint(self, tx: &HostTx<'_>, wait: ParentWait, now: Timestamp) -> Result<Hint, StoreError> {
        if !wait.confirmed {
            return Ok(Hint::now(self.item, self.lane, "parent", now));
        }
        confirmed::grant_writes(tx, &self.connection, 1)?;
        tx.put_parent_wait(&ParentWait {
            confirmed: false,
            ..wait
        })?;
        let cause = confirmed::parent(&self.connection);
        Ok(Hint::now(self.item, self.lane, cause, now))
    }
}

/// `lane`: in which the parent has come.
fn judged(
    host: &Inner,
    read: &HostRead<'_>,
    wait: &ParentWait,
    lane: Lane,
) -> Result<Judged, StoreError> {
    let Some(twin) = read.twin(&wait.link)?.filter(is_alive) else {
        return Ok(Judged::ForNothing);
    };
    let (Some(connection), Some(item)) = (host.connection(&twin.connection), twin.item(wait.side))
    else {
        return Ok(Judged::WaitsOn);
    };
    let contract = connection.contract();
    if !has_parents(contract) {
        return Ok(Judged::ForNothing);
    }
    let lane = match &twin.state {
        TwinState::Asleep { .. } => return Ok(Judged::WaitsOn),
        // It may have been refused for want of a parent: then it is tried by signs of its own alone.
        TwinState::Quarantined { cause, .. } => {
            let kind = Kind::of_group(cause);
            if !kind.is_some_and(Kind::is_mended_by_change) {
                return Ok(Judged::WaitsOn);
            }
            Lane::Live
        }
        _ => lane,
    };
    if counterpart(read, contract, wait.side, &wait.key)?.is_none() {
        return Ok(Judged::WaitsOn);
    }
    Ok(Judged::Woken(Woken {
        item,
        lane,
        connection: twin.connection,
    }))
}
