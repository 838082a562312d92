//! The background task: sets up, proves reads and commits apart, retires connections.
//!
//! A canary that does not commit in time is not given up: its commit stays under way and *is* the probe that sees the
//! healing, at once and without leaving another server process behind at every try. Beside it, servers are asked now and
//! then who they are; a canary is begun on another server, or on a restarted one, at once, and on the same one at ever
//! longer intervals, for the case that only the canary's own connection is stuck.
//!
//! The canary proves the database, and its own pool. That the other pools work is proven by themselves: the one that reads
//! with every look, the one that writes with what it writes and with a small commit now and then. While the canary fails
//! none of those is begun: it would only leave one more write hanging.

use super::client::Shared;
use super::connect::Access;
use super::error::CentralError;
use super::health::PoolName;
use super::session::Session;
use super::state::Server;
use super::tx::judge;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_postgres::types::Type;

/// The first interval between two canaries on one stuck server, short because it may be the canary's own connection alone
/// that is stuck; doubled each time, without a bound: in a stuck week there are twenty.
const FIRST_EXTRA: Duration = Duration::from_secs(1);

/// Between two commits that prove the pool that writes.
const WRITE_PERIOD: Duration = Duration::from_secs(5);

/// Runs until it is aborted.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut keeper = Keeper {
        flight: Arc::new(Flight::default()),
        canaries: JoinSet::new(),
        reads: JoinSet::new(),
        writes: JoinSet::new(),
        write_due: Instant::now(),
        last: 0,
        shared,
    };
    let mut health = keeper.shared.state.health();
    let mut generation = health.borrow().generation;
    let mut ticks = interval(keeper.shared.state.settings.canary.period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            Some(ended) = keeper.canaries.join_next() => {
                if let Ok(End::Proven) = ended {
                    keeper.healthy();
                }
            }
            Some(_) = keeper.reads.join_next() => {}
            Some(_) = keeper.writes.join_next() => {}
            changed = health.changed() => {
                // The sender lives in what this task shares.
                if changed.is_err() {
                    return;
                }
                let now = health.borrow_and_update().generation;
                if now != generation {
                    generation = now;
                    keeper.shared.pools.retire(generation);
                }
            }
            _ = ticks.tick() => keeper.tick(),
        }
    }
}

struct Keeper {
    shared: Arc<Shared>,
    flight: Arc<Flight>,
    canaries: JoinSet<End>,
    reads: JoinSet<()>,
    writes: JoinSet<()>,
    write_due: Instant,
    last: u64,
}

/// The canaries that are under way.
#[derive(Default)]
struct Flight {
    inner: Mutex<InFlight>,
}

#[derive(Default)]
struct InFlight {
    /// By number; `None`: not late yet.
    late: BTreeMap<u64, Option<Server>>,
    /// When another may be begun on the same stuck server, and how long after that the next.
    extra: Option<(Instant, Duration)>,
}

/// How a canary ended.
enum End {
    Proven,
    Failed,
    /// A canary is stuck on that server already: this one only asked who it is.
    Scouted,
}

impl Keeper {
    fn tick(&mut self) {
        if self.reads.is_empty() {
            let shared = Arc::clone(&self.shared);
            self.reads.spawn(async move { prove_read(&shared).await });
        }
        if !self.shared.state.health().borrow().commits.is_ok() {
            // At once, when they succeed again.
            self.write_due = Instant::now();
        } else if self.writes.is_empty() && self.write_due <= Instant::now() {
            self.write_due = Instant::now() + WRITE_PERIOD;
            let shared = Arc::clone(&self.shared);
            self.writes.spawn(async move { prove_write(&shared).await });
        }
        if self.flight.all_late() {
            self.last += 1;
            let canary = Canary {
                shared: Arc::clone(&self.shared),
                flight: Arc::clone(&self.flight),
                number: self.last,
            };
            self.flight.lock().late.insert(self.last, None);
            self.canaries.spawn(canary.fly());
        }
    }

    /// A commit was proven: the other canaries have nothing to tell any more.
    fn healthy(&mut self) {
        self.canaries.abort_all();
        let mut flight = self.flight.lock();
        flight.late.clear();
        flight.extra = None;
    }
}

impl Flight {
    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.inner.lock().expect("no code panics with this lock")
    }

    fn all_late(&self) -> bool {
        self.lock().late.values().all(Option::is_some)
    }

    /// Whether a canary is to be begun on a server.
    fn may_commit_on(&self, server: &Server) -> bool {
        let mut flight = self.lock();
        if !flight.late.values().flatten().any(|late| late == server) {
            return true;
        }
        let now = Instant::now();
        match flight.extra {
            Some((due, pause)) if now >= due => {
                flight.extra = Some((now + pause * 2, pause * 2));
                true
            }
            Some(_) => false,
            None => {
                flight.extra = Some((now + FIRST_EXTRA, FIRST_EXTRA));
                false
            }
        }
    }
}

async fn prove_read(shared: &Shared) {
    let begun = shared.state.begin();
    let look = async {
        let mut tx = shared.read().await?;
        tx.query("SELECT 1", &[]).await?;
        tx.rollback().await
    };
    let outcome = look.await;
    if outcome.is_ok() {
        shared.state.proven(PoolName::Read, begun);
    }
    shared.state.reads(outcome.as_ref().map(drop));
}

/// Commits a row on the pool that writes, which notes the proof. That it does not succeed shows by the proof's age.
async fn prove_write(shared: &Shared) {
    let machine = shared.state.settings.machine.as_str();
    let commit = async {
        let mut tx = shared.write().await?;
        let row = "INSERT INTO twinline.canary (machine) VALUES ($1)";
        tx.execute(row, &[(&machine, Type::TEXT)]).await?;
        tx.commit().await
    };
    if let Err(error) = commit.await {
        tracing::debug!(%error, "the pool that writes is not proven");
    }
}

/// One try to commit a row of its own in a logged table.
struct Canary {
    shared: Arc<Shared>,
    flight: Arc<Flight>,
    number: u64,
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.flight.lock().late.remove(&self.number);
    }
}

impl Canary {
    async fn fly(self) -> End {
        let was_failing = self.shared.state.health().borrow().commits.is_failing();
        let ended = if was_failing {
            self.scout().await
        } else {
            self.pooled().await
        };
        let state = &self.shared.state;
        match ended {
            Ok(End::Proven) => {
                state.commits(Ok(()));
                End::Proven
            }
            Ok(end) => end,
            Err(error) => {
                if !was_failing && matches!(error, CentralError::NoWriter(_)) {
                    state.bump("the server takes no writes any more");
                }
                state.commits(Err(&error));
                End::Failed
            }
        }
    }

    /// On the probe's own pooled connection.
    async fn pooled(&self) -> Result<End, CentralError> {
        self.shared.set_up().await?;
        let mut lease = self.shared.lease(PoolName::Probe).await?;
        let session = lease.session().clone();
        lease.is_idle = false;
        let begun = self.shared.state.begin();
        let mut commit = Box::pin(commit_row(&session, &self.shared.state.settings.machine));
        let deadline = self.shared.state.settings.canary.deadline;
        match timeout(deadline, &mut commit).await {
            Ok(ended) => {
                ended?;
                lease.is_idle = true;
            }
            Err(_) => {
                // The pool gets a free place; the connection lives as long as this try.
                let _held = lease.detach();
                self.is_late(session.server(), deadline);
                commit.await?;
            }
        }
        self.shared.state.proven(PoolName::Probe, begun);
        Ok(End::Proven)
    }

    /// On a new connection, and only where no other canary is stuck already.
    async fn scout(&self) -> Result<End, CentralError> {
        self.shared.set_up().await?;
        let session = self.shared.connector.connect(Access::Write).await?;
        if !self.flight.may_commit_on(session.server()) {
            return Ok(End::Scouted);
        }
        let begun = self.shared.state.begin();
        let mut commit = Box::pin(commit_row(&session, &self.shared.state.settings.machine));
        let deadline = self.shared.state.settings.canary.deadline;
        if let Ok(ended) = timeout(deadline, &mut commit).await {
            ended?;
        } else {
            self.is_late(session.server(), deadline);
            commit.await?;
        }
        self.shared.state.proven(PoolName::Probe, begun);
        Ok(End::Proven)
    }

    fn is_late(&self, server: &Server, deadline: Duration) {
        self.flight
            .lock()
            .late
            .insert(self.number, Some(server.clone()));
        let state = &self.shared.state;
        let error = CentralError::Unknown(format!(
            "a commit has not ended within {} ms",
            deadline.as_millis()
        ));
        state.commits(Err(&error));
        state.bump("the canary's commit did not end in time");
    }
}

/// Commits a row. Old rows of this machine go; a row that another canary holds is left, so that no canary waits for one.
async fn commit_row(session: &Session, machine: &str) -> Result<(), CentralError> {
    let client = session.client();
    let fault = |e: tokio_postgres::Error| super::session::fault(&e);
    client.batch_execute("BEGIN").await.map_err(fault)?;
    let machine: super::tx::Param<'_> = (&machine, Type::TEXT);
    client
        .execute_typed(
            "DELETE FROM twinline.canary WHERE id IN (SELECT id FROM twinline.canary WHERE machine = $1 \
             AND at < now() - interval '1 minute' ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)",
            std::slice::from_ref(&machine),
        )
        .await
        .map_err(fault)?;
    client
        .execute_typed(
            "INSERT INTO twinline.canary (machine) VALUES ($1)",
            &[machine],
        )
        .await
        .map_err(fault)?;
    drop(session.take_warning());
    let answer = client.batch_execute("COMMIT").await;
    judge(answer, session.take_warning())
}
