use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::incident::{Moments, Play};
use crate::drill::stage::{Stage, blocking};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::time::Instant;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "incident-2021",
    about: "the database fails over unattended, and on the new writer no commit ends while reads succeed",
    notice: Notice::CommitsOnly,
    standby: true,
    watched: true,
    ..Spec::USUAL
};

/// The incident that Twinline was made against, with people and watches: the standby takes over, and waits with every
/// commit for a standby of its own that does not exist.
#[derive(Default)]
pub(in crate::drill) struct Incident2021 {
    play: Play,
}

#[async_trait(?Send)]
impl Fault for Incident2021 {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let standby = Arc::clone(stage.standby.as_ref().context("there is no standby")?);
        let old = Arc::clone(&stage.database);
        self.play.begins();
        blocking(move || {
            standby.hang_commits()?;
            old.crash()?;
            Ok(standby.promote()?)
        })
        .await?;
        Ok("the primary is ended, the standby is promoted and waits for 'ghost'".to_owned())
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        self.play.goes_wrong(stage, until).await
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        self.play.check(stage).await
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let standby = Arc::clone(stage.standby.as_ref().context("there is no standby")?);
        blocking(move || Ok(standby.let_commit()?)).await?;
        Ok("the new writer waits for nobody any more".to_owned())
    }

    async fn after(&mut self, stage: &Stage) -> Result<Vec<String>> {
        self.play.ends(stage).await
    }

    fn told(&mut self) -> Option<Moments> {
        Some(self.play.told())
    }
}
