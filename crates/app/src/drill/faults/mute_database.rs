use super::{Fault, until};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use twinline_sim::postgres::Who;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "mute-database",
    mode: Some(6),
    about: "all connections end, and new ones are accepted by the system and never answered",
    notice: Notice::All,
    ..Spec::USUAL
};

/// Ends every connection but the one that asks.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
const TERMINATIONS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(50);

/// The server's first process stands still: the system accepts connections for it, and nobody answers.
pub(in crate::drill) struct MuteDatabase;

#[async_trait(?Send)]
impl Fault for MuteDatabase {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        // It has to be connected before nobody can be any more.
        let database = Arc::clone(&stage.database);
        let mut session = blocking(move || Ok(database.session(Who::Superuser)?)).await?;
        until("a session of our own", async || {
            let database = Arc::clone(&stage.database);
            blocking(move || Ok(!database.backends("drill")?.is_empty())).await
        })
        .await?;
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.freeze(database.postmaster()?)?)).await?;
        // One that is just being served may not be known to the server yet.
        for _ in 0..TERMINATIONS {
            session.send(TERMINATE)?;
            sleep(BETWEEN).await;
        }
        drop(session);
        Ok("SIGSTOP to the postmaster, and every connection is ended".to_owned())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.thaw(database.postmaster()?)?)).await?;
        Ok("SIGCONT".to_owned())
    }
}
