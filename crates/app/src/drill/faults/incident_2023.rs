use super::Fault;
use super::restarts_hang::{self, RestartsHang};
use crate::drill::catalogue::Spec;
use crate::drill::incident::{Moments, Play};
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use tokio::time::Instant;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "incident-2023",
    about: "the database restarts three times; when all is well again, neither its reads nor its writes end",
    watched: true,
    ..restarts_hang::SPEC
};

/// The near-identical incident of eighteen months later, with people and watches.
#[derive(Default)]
pub(in crate::drill) struct Incident2023 {
    database: RestartsHang,
    play: Play,
}

#[async_trait(?Send)]
impl Fault for Incident2023 {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        RestartsHang::restarts(stage).await?;
        self.play.begins();
        self.database.hang(stage).await
    }

    fn last_step(&self) -> Option<Instant> {
        self.database.last_step()
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        self.play.goes_wrong(stage, until).await
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        self.play.check(stage).await
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        self.database.heal(stage).await
    }

    async fn after(&mut self, stage: &Stage) -> Result<Vec<String>> {
        self.play.ends(stage).await
    }

    fn told(&mut self) -> Option<Moments> {
        Some(self.play.told())
    }
}
