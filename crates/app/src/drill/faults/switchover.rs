use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{MACHINES, Stage};
use anyhow::Result;
use async_trait::async_trait;
use std::time::Duration;
use twinline_sim::patroni::Synchronous;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "switchover",
    mode: Some(12),
    about: "Patroni makes the standby the leader, and the leader a standby",
    notice: Notice::ShortTrouble,
    heals_itself: true,
    patroni: Some(Synchronous::On),
    watched: true,
    recover_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// Leader and standby change places, as before a person restarts the leader's machine. Nobody has told the watches: they
/// notice it, Patroni's callback tells them, and they prove it.
pub(in crate::drill) struct Switchover;

/// The machines whose canaries commit; their watches have canaries of their own.
const CANARIES: &str = "SELECT count(DISTINCT machine) FROM twinline.canary \
                        WHERE at > now() - interval '5 s' AND machine NOT LIKE '%/watch'";

#[async_trait(?Send)]
impl Fault for Switchover {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let new = stage.on_cluster(|cluster| cluster.switchover()).await?;
        Ok(format!("{} leads on port {}", new.name, new.port))
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let machines = stage.on_cluster(|cluster| cluster.psql(CANARIES)).await?;
        let all_write = machines == MACHINES.to_string();
        let mut wrong: Vec<String> = (!all_write)
            .then(|| format!("{machines} of {MACHINES} machines write to the new leader"))
            .into_iter()
            .collect();
        wrong.extend(stage.watched()?.noticed("on_role_change").await);
        Ok(wrong)
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        // What led before follows by itself.
        stage.on_cluster(|cluster| cluster.start_standby()).await?;
        Ok("the former leader follows".to_owned())
    }
}
