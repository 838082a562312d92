use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "stuck-commits",
    mode: Some(1),
    about: "the database reads well and no commit ends: it waits for a standby that does not exist",
    notice: Notice::CommitsOnly,
    ..Spec::USUAL
};

/// Commits wait for a standby that does not exist.
pub(in crate::drill) struct StuckCommits;

#[async_trait(?Send)]
impl Fault for StuckCommits {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.hang_commits()?)).await?;
        Ok("synchronous_standby_names = 'ghost'".to_owned())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.let_commit()?)).await?;
        Ok("synchronous_standby_names is taken back".to_owned())
    }
}
