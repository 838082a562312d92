//! What sweeps have read that found no change.
//!
//! Most sweeps of most nodes find none. What they have read is true at once and need not be durable at once: a crash
//! repeats it. So it is stored once a second for all nodes together, and ten thousand nodes on which nothing happens do
//! not sync the disk at every sweep.

use super::place::KIND;
use crate::host::Inner;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use twinline_core::capability::ChangeKind;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostTx, SweepCursor};

/// How long progress may wait for others.
const WAIT: Duration = Duration::from_secs(1);
/// Scopes in one step of the store.
const STEP_MAX: usize = 500;

/// How far a page has brought one scope.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) cursor: SweepCursor,
    /// What the node's ledger may claim with it.
    pub(super) accounted_to: Option<Timestamp>,
    /// For which kinds of change.
    pub(super) covered: BTreeSet<ChangeKind>,
}

impl Progress {
    pub(super) fn store(
        &self,
        tx: &HostTx<'_>,
        node: &NodeName,
        key: &str,
    ) -> Result<(), StoreError> {
        tx.put_sweep_cursor(node, key, KIND, &self.cursor)?;
        let Some(to) = self.accounted_to else {
            return Ok(());
        };
        for kind in &self.covered {
            tx.account_to(node, *kind, to)?;
        }
        Ok(())
    }
}

/// The progress that waits, by node and scope: the last of each counts.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    waiting: Mutex<BTreeMap<(NodeName, String), Progress>>,
    noted: Notify,
}

impl Quiet {
    /// Takes progress whose page had no change.
    pub(super) fn note(&self, node: &NodeName, key: &str, progress: Progress) {
        self.lock().insert((node.clone(), key.to_owned()), progress);
        self.noted.notify_one();
    }

    /// Progress that is stored otherwise is about to pass what waits.
    pub(super) fn forget(&self, node: &NodeName, key: &str) {
        self.lock().remove(&(node.clone(), key.to_owned()));
    }

    fn take(&self) -> Vec<((NodeName, String), Progress)> {
        let mut waiting = self.lock();
        let more = waiting.keys().nth(STEP_MAX).cloned();
        let rest = more.map(|from| waiting.split_off(&from));
        let taken = std::mem::replace(&mut *waiting, rest.unwrap_or_default());
        taken.into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(NodeName, String), Progress>> {
        self.waiting.lock().expect("no code panics with this lock")
    }
}

/// Stores what waits, until shutdown, and once more then.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    loop {
        let ends = tokio::select! {
            biased;
            () = shutdown.cancelled() => true,
            () = host.quiet.noted.notified() => tokio::select! {
                biased;
                () = shutdown.cancelled() => true,
                () = tokio::time::sleep(WAIT) => false,
            },
        };
        if let Err(error) = store(&host).await {
            // Not lost: the memory knows the places, and the next sweep of each node brings its own.
            tracing::error!(%error, "how far the sweeps have read could not be stored");
        }
        if ends {
            return;
        }
    }
}

async fn store(host: &Inner) -> Result<(), StoreError> {
    loop {
        let taken = host.quiet.take();
        let full = taken.len() == STEP_MAX;
        if taken.is_empty() {
            return Ok(());
        }
        host.store
            .write(move |tx| {
                let mut all = taken.iter();
                all.try_for_each(|((node, key), progress)| progress.store(tx, node, key))
            })
            .await?;
        if !full {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "quiet_tests.rs"]
mod tests;
