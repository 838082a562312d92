use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use twinline_sim::patroni::Synchronous;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "strict-standby",
    mode: Some(13),
    about: "Patroni's strict synchronous mode loses its standby: reads succeed and no commit ends",
    notice: Notice::CommitsOnly,
    patroni: Some(Synchronous::Strict),
    ..Spec::USUAL
};

/// The one standby is gone, and commits wait for another.
pub(in crate::drill) struct StrictStandby;

#[async_trait(?Send)]
impl Fault for StrictStandby {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        stage.on_cluster(|cluster| cluster.stop_standby()).await?;
        Ok("the standby is ended".to_owned())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        stage.on_cluster(|cluster| cluster.start_standby()).await?;
        Ok("the standby follows again".to_owned())
    }
}
