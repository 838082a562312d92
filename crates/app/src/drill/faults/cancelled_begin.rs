use super::frozen_backend::{freeze_idle, thaw};
use super::{Fault, OURS};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "cancelled-begin",
    mode: Some(10),
    about: "again and again whatever is begun stalls until it is given up, goes on after that, and is cancelled",
    notice: Notice::Trouble,
    ..Spec::USUAL
};

/// What is begun stalls for longer than its deadline, so that its future is dropped; then the server goes on with it all
/// the same, and what runs by then is cancelled. A pool that takes such a connection back is poisoned.
pub(in crate::drill) struct CancelledBegin;

/// Longer than the deadline of a statement.
const STALL: Duration = Duration::from_millis(2500);
/// The pools fill with connections again.
const BETWEEN: Duration = Duration::from_millis(1500);

#[async_trait(?Send)]
impl Fault for CancelledBegin {
    async fn make(&mut self, _: &Stage) -> Result<String> {
        Ok(format!(
            "idle backends are stopped for {} ms, go on and are cancelled, again and again",
            STALL.as_millis()
        ))
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        while Instant::now() < until {
            let database = Arc::clone(&stage.database);
            let frozen = blocking(move || freeze_idle(&database)).await?;
            sleep(STALL).await;
            let database = Arc::clone(&stage.database);
            blocking(move || {
                thaw(&database, &frozen);
                let cancel = format!(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '{OURS}%'"
                );
                database.psql(&cancel)?;
                Ok(())
            })
            .await?;
            sleep(BETWEEN).await;
        }
        Ok(())
    }

    async fn heal(&mut self, _: &Stage) -> Result<String> {
        Ok("nothing is stopped or cancelled any more".to_owned())
    }
}
