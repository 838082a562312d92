//! The task that keeps the replica behind the store: its own, with its own pool and bounded memory. The store never waits
//! for it.

use super::db::Replicas;
use super::round::{ROUND_MAX_ROWS, Shipped, Shipper, TOMBSTONE_REVS};
use crate::central::error::{CentralError, Step};
use crate::central::health::Standing;
use crate::host::HostStore;
use crate::inbox::InboxId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use twinline_core::handles::Entropy;
use twinline_core::time::Timestamp;

/// What is processed of each inbox by now: deliveries up to these numbers.
pub type Marks = Arc<dyn Fn() -> BTreeMap<InboxId, u64> + Send + Sync>;

/// How often the store is asked whether it has changed.
const PERIOD: Duration = Duration::from_millis(250);
/// A round is made after so long, even when nothing has changed: it proves that the replica can be written.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// After a failed round; doubled each time. Commits that succeed again end the wait.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// About so many rows are read at once.
const BATCH_MAX_ROWS: u32 = 500;
/// How often old deletions are forgotten, how many at once, and beyond how many all go: then a full copy follows.
const TIDY_PERIOD: Duration = Duration::from_secs(30);
const TIDY_MAX_ROWS: u32 = 2000;
const TOMBSTONES_MAX: u64 = 1_000_000;

/// How far the replica is behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplicationStatus {
    /// Whether the last round succeeded, and since when rounds fail.
    pub standing: Standing,
    /// The store's newest revision.
    pub newest_rev: i64,
    /// The replica certainly has everything up to this revision.
    pub shipped_rev: i64,
    /// When that state was the store's newest, by its clock; `None`: nothing was shipped since the start.
    pub state_at: Option<Timestamp>,
    /// Whether the replica is one state of the store; false while a full copy is under way.
    pub complete: bool,
    /// Deliveries up to these numbers are processed, and the state that includes it is in the replica: by inbox.
    pub safe: BTreeMap<InboxId, u64>,
}

impl ReplicationStatus {
    /// How old the replica's state is, in milliseconds; zero while it has everything. `None`: nothing was shipped yet.
    pub fn lag_ms(&self, now: Timestamp) -> Option<u64> {
        if self.complete && self.shipped_rev >= self.newest_rev {
            return Some(0);
        }
        let since = now.as_millis() - self.state_at?.as_millis();
        Some(u64::try_from(since).unwrap_or(0))
    }
}

/// Ships a host's rows until it is told to end.
pub struct Replication {
    shipper: Shipper,
    status: watch::Sender<ReplicationStatus>,
    /// Since when the central database is known to have everything up to there; `None`: not known.
    confirmed: Option<(Instant, i64)>,
    /// How many commits the store had when its newest revision was read last: a host has hundreds of groups, most of which
    /// have not changed since the last look.
    looked_at: Option<u64>,
    pause: Duration,
    next_tidy: Instant,
    batch_max_rows: u32,
}

impl Replication {
    /// For the group and epoch that the store's handle writes under. `marks` is asked before each state that is shipped.
    pub fn new(
        store: HostStore,
        replicas: Arc<dyn Replicas>,
        entropy: &dyn Entropy,
        marks: Marks,
    ) -> Self {
        let writer = format!("{:016x}{:016x}", entropy.next_u64(), entropy.next_u64());
        Self {
            shipper: Shipper {
                store,
                replicas,
                writer,
                marks,
                batch_max_rows: BATCH_MAX_ROWS,
                round_max_rows: ROUND_MAX_ROWS,
            },
            status: watch::Sender::default(),
            confirmed: None,
            looked_at: None,
            pause: FIRST_PAUSE,
            next_tidy: Instant::now() + TIDY_PERIOD,
            batch_max_rows: BATCH_MAX_ROWS,
        }
    }

    /// Reads so many rows at once at most.
    #[cfg(test)]
    pub(in crate::central) const fn in_pieces_of(mut self, rows: u32) -> Self {
        self.shipper.batch_max_rows = rows;
        self.batch_max_rows = rows;
        self
    }

    /// Ships about so many rows in one transaction.
    #[cfg(test)]
    pub(in crate::central) const fn in_rounds_of(mut self, rows: usize) -> Self {
        self.shipper.round_max_rows = rows;
        self
    }

    /// How far it is, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<ReplicationStatus> {
        self.status.subscribe()
    }

    /// Ships until `shutdown` resolves. What is not shipped by then is after the next start.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            let step = async {
                let pause = self.step().await;
                if self.wait(pause).await {
                    self.pause = FIRST_PAUSE;
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = step => {}
            }
        }
    }

    /// A round when one is due; answers how long to wait, and whether for commits to succeed again.
    async fn step(&mut self) -> (Duration, bool) {
        let outcome = self.round_if_due().await;
        let now = self.shipper.replicas.now();
        match outcome {
            Ok(()) => {
                self.pause = FIRST_PAUSE;
                (PERIOD, false)
            }
            Err(error) => {
                self.confirmed = None;
                if matches!(
                    error,
                    CentralError::Deadline {
                        step: Step::Statement,
                        ..
                    }
                ) {
                    self.shipper.batch_max_rows = (self.shipper.batch_max_rows / 2).max(1);
                }
                self.status.send_modify(|status| {
                    if !status.standing.is_failing() {
                        tracing::warn!(%error, "the host's state is not replicated");
                    }
                    status.standing.fail(now, error.to_string());
                });
                let pause = self.pause;
                self.pause = (pause * 2).min(PAUSE_MAX);
                (
                    if error.is_retryable() {
                        pause
                    } else {
                        PAUSE_MAX
                    },
                    true,
                )
            }
        }
    }

    async fn round_if_due(&mut self) -> Result<(), CentralError> {
        let newest = self.newest().await?;
        self.status.send_if_modified(|status| {
            let changed = status.newest_rev != newest;
            status.newest_rev = newest;
            changed
        });
        let due = self
            .confirmed
            .is_none_or(|(at, rev)| rev < newest || at.elapsed() >= HEARTBEAT);
        if due {
            let shipped = self.shipper.round().await?;
            self.shipper.batch_max_rows =
                (self.shipper.batch_max_rows * 2).min(self.batch_max_rows);
            self.note(shipped);
        }
        self.tidy().await
    }

    fn note(&mut self, shipped: Shipped) {
        self.confirmed = shipped.complete.then(|| (Instant::now(), shipped.rev));
        self.status.send_modify(|status| {
            if status.standing.is_failing() {
                tracing::info!(rev = shipped.rev, "the host's state is replicated again");
            }
            status.standing = Standing::Ok;
            status.newest_rev = status.newest_rev.max(shipped.rev);
            status.shipped_rev = shipped.rev;
            status.complete = shipped.complete;
            if shipped.complete {
                status.state_at = Some(shipped.state_at);
                status.safe = shipped.marks;
            }
        });
    }

    /// Until the time is over; after a failure, until commits succeed again: then it answers that they do.
    async fn wait(&self, (pause, failed): (Duration, bool)) -> bool {
        let mut health = self.shipper.replicas.health();
        let was_ok = health.borrow_and_update().commits.is_ok();
        let healed = async {
            // The sender lives as long as the client: an error means that nobody will ever tell.
            if was_ok
                || health
                    .wait_for(|health| health.commits.is_ok())
                    .await
                    .is_err()
            {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = healed, if failed => true,
            () = sleep(pause) => false,
        }
    }

    async fn newest(&mut self) -> Result<i64, CentralError> {
        // Before the look: what is committed meanwhile is seen at the next one.
        let commits = self.shipper.store.db().commits();
        if commits.is_some() && commits == self.looked_at {
            return Ok(self.status.borrow().newest_rev);
        }
        let newest = self.shipper.store.read(|read| read.newest_rev()).await?;
        self.looked_at = commits;
        Ok(newest)
    }

    /// Forgets deletions that the replica has had for long, and all when they are too many.
    async fn tidy(&mut self) -> Result<(), CentralError> {
        if Instant::now() < self.next_tidy {
            return Ok(());
        }
        self.next_tidy = Instant::now() + TIDY_PERIOD;
        let store = &self.shipper.store;
        let group = store.stamp().group.clone();
        let certain = self.confirmed.map_or(0, |(_, rev)| rev) - TOMBSTONE_REVS;
        let (count, old) = {
            let group = group.clone();
            store
                .read(move |read| {
                    Ok((
                        read.tombstones_to(&group, i64::MAX)?,
                        read.tombstones_to(&group, certain)?,
                    ))
                })
                .await?
        };
        let upto = if count > TOMBSTONES_MAX {
            tracing::warn!(
                count,
                "too many deletions wait for the replica: it will be copied anew"
            );
            store.read(|read| read.newest_rev()).await?
        } else if old > 0 {
            certain
        } else {
            return Ok(());
        };
        loop {
            let group = group.clone();
            let gone = store
                .write(move |tx| tx.forget_tombstones(&group, upto, TIDY_MAX_ROWS))
                .await?;
            if gone < TIDY_MAX_ROWS as usize {
                return Ok(());
            }
        }
    }
}
