//! One host's way to the database.

use super::tx::Tx;
use super::{Database, Mode};
use crate::sim::fleet::links::Links;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use twinline_core::handles::Clock as _;
use twinline_core::time::Timestamp;
use twinline_store::central::{CentralError, CentralHealth, ReplicaTx, Replicas, Step};

/// The client's deadlines.
pub(super) const STATEMENT: Duration = Duration::from_secs(2);
pub(super) const COMMIT: Duration = Duration::from_secs(2);
/// One way to the server, at least.
const WAY: Duration = Duration::from_millis(1);

/// See the module.
#[derive(Clone)]
pub(in crate::sim::fleet) struct Client {
    pub(super) database: Arc<Database>,
    pub(super) links: Arc<Links>,
    pub(super) host: String,
    health: watch::Sender<CentralHealth>,
}

impl Client {
    pub(in crate::sim::fleet) fn new(
        database: Arc<Database>,
        links: Arc<Links>,
        host: &str,
    ) -> Self {
        Self {
            database,
            links,
            host: host.to_owned(),
            health: watch::Sender::default(),
        }
    }

    /// Whether the server can be reached and answers.
    pub(super) fn reaches(&self) -> bool {
        !self.links.of(&self.host).database_cut && self.database.lock().mode != Mode::Stalled
    }

    /// One way to the server.
    pub(super) async fn way(&self) {
        sleep(WAY + self.links.of(&self.host).database_way).await;
    }

    /// The way there and back, or as long as is waited for it.
    pub(super) async fn step(&self, step: Step) -> Result<(), CentralError> {
        self.way().await;
        if self.reaches() {
            self.way().await;
            return Ok(());
        }
        sleep(STATEMENT).await;
        Err(CentralError::Deadline { step, max_ms: 2000 })
    }
}

#[async_trait]
impl Replicas for Client {
    async fn write(&self) -> Result<Box<dyn ReplicaTx>, CentralError> {
        self.step(Step::Begin).await?;
        Ok(Box::new(Tx::begin(self.clone(), true)))
    }

    async fn read_newest(&self) -> Result<Box<dyn ReplicaTx>, CentralError> {
        self.step(Step::Begin).await?;
        Ok(Box::new(Tx::begin(self.clone(), false)))
    }

    fn now(&self) -> Timestamp {
        self.database.time.now()
    }

    fn machine(&self) -> &str {
        &self.host
    }

    fn health(&self) -> watch::Receiver<CentralHealth> {
        self.health.subscribe()
    }
}
