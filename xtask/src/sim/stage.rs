//! What a story is told on: trackers, an edge with its courier, and a machine with a host, in one process.

use super::disk::Disk;
use super::edge::Edge;
use super::handles::{env, stream};
use super::machine::Machine;
use super::network::Network;
use super::place::{Place, WEBHOOK_SECRET};
use super::trace::Trace;
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_engine::{Host, ops::Status};
use twinline_sim::Command;
use twinline_store::host::{JobState, JobsPage};
use twinline_store::inbox::InboxLimits;

/// How often is looked whether all is idle.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Everything but the people.
pub(super) struct Stage {
    pub(super) trace: Trace,
    pub(super) network: Arc<Network>,
    pub(super) edge: Arc<Edge>,
    pub(super) machine: Machine,
    pub(super) clock: Arc<dyn Clock>,
    courier: JoinHandle<Result<()>>,
}

impl Stage {
    /// Registers the trackers' webhooks and opens the edge; the machine is not started yet.
    pub(super) async fn build(
        seed: u64,
        network: Arc<Network>,
        places: &[Place],
        folder: &Path,
        clock: Arc<dyn Clock>,
        trace: Trace,
    ) -> Result<Self> {
        for place in places {
            if let Some(url) = place.hook() {
                let secret = Some(WEBHOOK_SECRET.to_owned());
                network.command(*place, Command::Webhook { url, secret })?;
            }
        }
        let disk = || Disk::new(stream(seed, "disk"));
        let inbox = folder.join("inbox.db");
        let limits = InboxLimits::default();
        let (alone, told) = (env(seed, "edge", &clock), trace.clone());
        let edge = Edge::open(&inbox, disk(), places, limits, alone, told);
        let edge = Arc::new(edge.await?);
        let courier = tokio::spawn(Arc::clone(&edge).carry(Arc::clone(&network)));
        let machine = Machine::new(
            env(seed, "engine", &clock),
            folder,
            disk(),
            Arc::clone(&edge),
            Arc::clone(&network),
            places,
            trace.clone(),
        );
        Ok(Self {
            trace,
            network,
            edge,
            machine,
            clock,
            courier,
        })
    }

    pub(super) fn host(&self) -> Result<&Host> {
        self.machine.host().context("the host runs")
    }

    /// Waits until nothing waits: no webhook, no delivery, no mark, no job.
    pub(super) async fn idle(&mut self, max: Duration) -> Result<()> {
        let end = Instant::now() + max;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.carries().await?;
            let host = self.host()?;
            let status = host.status().await?;
            if self.is_idle(host, &status).await? {
                return Ok(());
            }
            if Instant::now() >= end {
                bail!("work is left: {status:?} {:?}", host.errors().await?);
            }
        }
    }

    async fn is_idle(&self, host: &Host, status: &Status) -> Result<bool> {
        let waits = |node: &twinline_engine::ops::NodeStatus| node.dirty_live + node.dirty_backfill;
        let dirty: u64 = status.nodes.iter().map(waits).sum();
        let running = host.jobs(JobsPage {
            state: Some(JobState::Running),
            max: 1,
            ..JobsPage::default()
        });
        let is_running = !running.await?.is_empty();
        Ok(dirty == 0 && !is_running && self.edge.unsafe_deliveries() == 0)
    }

    /// # Errors
    /// Webhooks are carried no more, and why.
    pub(super) async fn carries(&mut self) -> Result<()> {
        if self.courier.is_finished() {
            (&mut self.courier).await.context("the courier")??;
            bail!("the courier has ended");
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.courier.abort();
    }
}
