//! Three small pools that share nothing but the breaker and the generation.

use super::connect::{Access, Connector};
use super::error::{CentralError, Step};
use super::health::PoolName;
use super::session::Session;
use super::settings::CentralSettings;
use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use std::sync::Arc;

/// Makes sessions for one pool.
pub(super) struct Maker {
    connector: Arc<Connector>,
    access: Access,
}

impl Manager for Maker {
    type Type = Session;
    type Error = CentralError;

    async fn create(&self) -> Result<Session, CentralError> {
        self.connector.connect(self.access).await
    }

    /// Asks the server nothing: a ping would wait on a connection that may be poisoned.
    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<CentralError> {
        if session.is_usable(self.connector.state.generation()) {
            Ok(())
        } else {
            Err(RecycleError::message("retired"))
        }
    }
}

/// See the module.
pub(super) struct Pools {
    replicate: Pool<Maker>,
    read: Pool<Maker>,
    probe: Pool<Maker>,
}

impl Pools {
    pub(super) fn new(connector: &Arc<Connector>, settings: &CentralSettings) -> Self {
        let pool = |access, size: usize| {
            let maker = Maker {
                connector: Arc::clone(connector),
                access,
            };
            Pool::builder(maker)
                .max_size(size)
                .runtime(Runtime::Tokio1)
                .timeouts(Timeouts {
                    wait: Some(settings.deadlines.acquire),
                    // Connecting has its own deadline inside; this one only bounds what goes wrong with that.
                    create: Some(settings.deadlines.connect * 2),
                    recycle: Some(settings.deadlines.acquire),
                })
                .build()
                .expect("a runtime is given with the timeouts")
        };
        Self {
            replicate: pool(Access::Write, settings.pools.replicate),
            read: pool(Access::Read, settings.pools.read),
            probe: pool(Access::Write, settings.pools.probe),
        }
    }

    /// A connection of a pool.
    pub(super) async fn get(
        &self,
        name: PoolName,
        settings: &CentralSettings,
    ) -> Result<Object<Maker>, CentralError> {
        self.pool(name).get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(TimeoutType::Create) => {
                CentralError::deadline(Step::Connect, settings.deadlines.connect * 2)
            }
            PoolError::Timeout(_) => {
                CentralError::deadline(Step::Acquire, settings.deadlines.acquire)
            }
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                CentralError::Unreachable(error.to_string())
            }
        })
    }

    /// Destroys idle connections of older generations at once; those in use are destroyed when they come back.
    pub(super) fn retire(&self, generation: u64) {
        for pool in [&self.replicate, &self.read, &self.probe] {
            let retired = pool.retain(|session, _| session.is_usable(generation));
            for session in retired.removed {
                session.destroy();
            }
        }
    }

    fn pool(&self, name: PoolName) -> &Pool<Maker> {
        match name {
            PoolName::Replicate => &self.replicate,
            PoolName::Read => &self.read,
            PoolName::Probe => &self.probe,
        }
    }
}
