//! The handle to the central database.

use super::connect::Connector;
use super::error::CentralError;
use super::health::{CentralHealth, PoolName};
use super::keeper;
use super::lease::Lease;
use super::migrate;
use super::pools::Pools;
use super::resolve::{Names, SystemNames};
use super::settings::{CentralAddress, CentralSettings};
use super::state::State;
use super::tx::Tx;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;
use twinline_core::handles::Clock;

/// The central database. Cheap to clone; what runs in the background ends with the last clone.
///
/// Every step has a deadline of this process. Where one passes, the socket is destroyed: nothing waits for a server that
/// hangs, and no connection in an unknown state is used again.
#[derive(Clone)]
pub struct CentralClient {
    pub(super) shared: Arc<Shared>,
    _keeper: Arc<Background>,
}

/// A background task that ends when it is dropped.
struct Background(AbortHandle);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the client and its background task share.
pub(super) struct Shared {
    pub(super) state: Arc<State>,
    pub(super) connector: Arc<Connector>,
    pub(super) pools: Pools,
    /// Replication takes turns for the connections that write. A machine has more groups than it has connections, and all
    /// come at once when the database is healed: who finds none free within its deadline would fail and back off.
    turns: Arc<Semaphore>,
    /// The generation for which the schema was found to be current; zero: none.
    set_up_in: AtomicU64,
}

impl CentralClient {
    /// Starts with no connection at all, and never fails for a database that is away: a background task sets the schema
    /// up, tries commits and publishes the health.
    ///
    /// Needs a runtime of tokio.
    pub fn start(
        address: CentralAddress,
        settings: CentralSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::start_by(Arc::new(SystemNames), address, settings, clock)
    }

    /// As [`Self::start`], with names that lead where these say.
    pub(super) fn start_by(
        names: Arc<dyn Names>,
        address: CentralAddress,
        settings: CentralSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let state = Arc::new(State::new(settings, clock));
        let connector = Arc::new(Connector::new(address, Arc::clone(&state), names));
        let shared = Arc::new(Shared {
            pools: Pools::new(&connector, &state.settings),
            // One connection is left for what does not wait in the row: publishing, say.
            turns: Arc::new(Semaphore::new(state.settings.pools.replicate.max(2) - 1)),
            state,
            connector,
            set_up_in: AtomicU64::new(0),
        });
        let keeper = tokio::spawn(keeper::run(Arc::clone(&shared))).abort_handle();
        Self {
            shared,
            _keeper: Arc::new(Background(keeper)),
        }
    }

    /// The health, now and whenever it changes.
    pub fn health(&self) -> watch::Receiver<CentralHealth> {
        self.shared.state.health()
    }

    /// The settings that it was started with.
    pub fn settings(&self) -> &CentralSettings {
        &self.shared.state.settings
    }
}

impl Shared {
    /// Begins a transaction that writes.
    pub(super) async fn write(&self) -> Result<Tx, CentralError> {
        self.set_up().await?;
        let tx = self.begin_write().await?;
        let checked = migrate::checked(tx, &self.state.settings).await;
        if matches!(checked, Err(CentralError::NewerSchema { .. })) {
            // The canary is to find it, too.
            self.set_up_in.store(0, Ordering::Release);
        }
        checked
    }

    /// As [`Shared::write`], in turn: waits for those that came before, however long their steps' deadlines let them take.
    pub(super) async fn write_in_turn(&self) -> Result<Tx, CentralError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("nobody closes it");
        Ok(self.write().await?.with_turn(turn))
    }

    /// Begins a transaction that sees one state of the writer's, for decisions that follow from it.
    pub(super) async fn read_newest(&self) -> Result<Tx, CentralError> {
        self.set_up().await?;
        self.begin_read_newest().await
    }

    /// As [`Shared::read_newest`], on a schema that may not be there yet.
    pub(super) async fn begin_read_newest(&self) -> Result<Tx, CentralError> {
        let lease = self.lease(PoolName::Replicate).await?;
        Tx::begin(lease, Arc::clone(&self.state), PoolName::Replicate, None).await
    }

    /// Begins a transaction that sees one state of whatever server answers.
    pub(super) async fn read(&self) -> Result<Tx, CentralError> {
        let lease = self.lease(PoolName::Read).await?;
        Tx::begin(lease, Arc::clone(&self.state), PoolName::Read, None).await
    }

    /// A connection of a pool.
    pub(super) async fn lease(&self, pool: PoolName) -> Result<Lease, CentralError> {
        let object = self.pools.get(pool, &self.state.settings).await?;
        Ok(Lease::new(object, Arc::clone(&self.state)))
    }

    /// Brings the schema up to date; looked at anew in each generation, since another server may lack it.
    pub(super) async fn set_up(&self) -> Result<(), CentralError> {
        let generation = self.state.generation();
        if self.set_up_in.load(Ordering::Acquire) == generation {
            return Ok(());
        }
        migrate::migrate(self).await?;
        // Should the writer have changed meanwhile, the generation has too, and the next call looks again.
        self.set_up_in.store(generation, Ordering::Release);
        Ok(())
    }

    /// As [`Shared::write`], on a schema that may not be there yet.
    pub(super) async fn begin_write(&self) -> Result<Tx, CentralError> {
        let pass = self.state.enter()?;
        let entered = Entered {
            state: &self.state,
            pass: Some(pass),
        };
        let lease = self.lease(PoolName::Replicate).await?;
        entered.hand_over();
        Tx::begin(
            lease,
            Arc::clone(&self.state),
            PoolName::Replicate,
            Some(pass),
        )
        .await
    }
}

/// A pass that goes back when no transaction takes it over.
struct Entered<'a> {
    state: &'a State,
    pass: Option<super::breaker::Pass>,
}

impl Entered<'_> {
    fn hand_over(mut self) {
        self.pass = None;
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass {
            self.state.leave(pass, false, false);
        }
    }
}
