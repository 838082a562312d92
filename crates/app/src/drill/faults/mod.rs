//! The faults, a file each: how it is made, what goes on while it lasts, how it is healed.

pub(super) mod backends_exhausted;
pub(super) mod cancelled_begin;
pub(super) mod data_full;
pub(super) mod failover;
pub(super) mod frozen_backend;
pub(super) mod hung_host;
pub(super) mod incident_2021;
pub(super) mod incident_2023;
pub(super) mod killed;
pub(super) mod local_disk_full;
pub(super) mod lock_pile_up;
pub(super) mod mute_database;
pub(super) mod nothing;
pub(super) mod read_only;
pub(super) mod restarts_hang;
pub(super) mod storage_freeze;
pub(super) mod strict_standby;
pub(super) mod stuck_commits;
pub(super) mod switchover;
pub(super) mod vanished_peer;
pub(super) mod wal_full;

use super::incident::Moments;
use super::record::Death;
use super::stage::Stage;
use anyhow::{Result, bail};
use async_trait::async_trait;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How Twinline's connections are called at the server: `twinline MACHINE`.
const OURS: &str = "twinline ";
/// What a fault waits for comes within this.
const WAIT_MAX: Duration = Duration::from_secs(45);

/// One fault. What a step answers is told to the person who looks on.
#[async_trait(?Send)]
pub(super) trait Fault {
    /// Makes it.
    async fn make(&mut self, stage: &Stage) -> Result<String>;

    /// When its last step was about to be made, where it is a series of several: what comes of that is measured, so all
    /// has to be well again before it.
    fn last_step(&self) -> Option<Instant> {
        None
    }

    /// What goes on while it lasts.
    async fn hold(&mut self, _stage: &Stage, until: Instant) -> Result<()> {
        sleep_until(until).await;
        Ok(())
    }

    /// What did not hold, a sentence each; asked before it is healed.
    async fn check(&mut self, _stage: &Stage) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Heals it.
    async fn heal(&mut self, stage: &Stage) -> Result<String>;

    /// What people do when it is healed; what did not hold, a sentence each.
    async fn after(&mut self, _stage: &Stage) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The processes that it killed.
    fn deaths(&mut self) -> Vec<Death> {
        Vec::new()
    }

    /// When people were called and told, where that is part of the drill.
    fn told(&mut self) -> Option<Moments> {
        None
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    until_within(WAIT_MAX, what, is_so).await
}

/// The same for what may take longer.
async fn until_within(
    max: Duration,
    what: &str,
    mut is_so: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + max;
    while !is_so().await? {
        if Instant::now() > deadline {
            bail!("waited {} s for {what}", max.as_secs());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
