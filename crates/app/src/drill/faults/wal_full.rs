use super::{Fault, until};
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "wal-full",
    mode: Some(8),
    about: "the volume of the database's write-ahead log is full: the server ends, and ends again when it is started",
    notice: Notice::All,
    database: &[("max_wal_size", "8MB"), ("min_wal_size", "2MB")],
    rooted: Some(Rooted::SmallLog),
    ..Spec::USUAL
};

/// The volume of the write-ahead log runs full.
pub(in crate::drill) struct WalFull;

/// Writes more than a file of the log holds.
const WRITE: &str = "SELECT pg_logical_emit_message(false, 'drill', repeat('x', 2000000))";

#[async_trait(?Send)]
impl Fault for WalFull {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .fill()?;
        until("the end of the server", async || {
            let database = Arc::clone(&stage.database);
            blocking(move || {
                // What fails is what is waited for.
                let written = database.psql(WRITE);
                Ok(written.is_err() && !database.is_running())
            })
            .await
        })
        .await?;
        Ok("the volume of the write-ahead log is full, and the server has ended".to_owned())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .empty()?;
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.start_again()?)).await?;
        Ok("there is room again, and the server is started".to_owned())
    }
}
