use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{MACHINES, Stage, blocking};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "failover",
    mode: Some(12),
    about: "the standby is promoted; the old primary stays up and says that it takes writes",
    notice: Notice::Trouble,
    heals_itself: true,
    standby: true,
    recover_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// The standby takes the office, and the old primary does not know: it is up, reads well, and says that it takes writes.
/// Its commits wait for the standby that it had.
pub(in crate::drill) struct Failover;

/// The machines whose canaries commit.
const CANARIES: &str =
    "SELECT count(DISTINCT machine) FROM twinline.canary WHERE at > now() - interval '10 s'";

#[async_trait(?Send)]
impl Fault for Failover {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let standby = Arc::clone(stage.standby.as_ref().context("there is no standby")?);
        blocking(move || Ok(standby.promote()?)).await?;
        Ok("the standby is promoted; the old primary stays up".to_owned())
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let standby = Arc::clone(stage.standby.as_ref().context("there is no standby")?);
        let old = Arc::clone(&stage.database);
        blocking(move || {
            let mut wrong = Vec::new();
            let machines = standby.psql(CANARIES)?;
            if machines != MACHINES.to_string() {
                wrong.push(format!(
                    "{machines} of {MACHINES} machines write to the new primary"
                ));
            }
            if old.psql("SELECT pg_is_in_recovery()")? != "f" {
                wrong.push("the old primary is none any more: this run proves nothing".to_owned());
            }
            Ok(wrong)
        })
        .await
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let old = Arc::clone(&stage.database);
        blocking(move || Ok(old.crash()?)).await?;
        Ok("the old primary is ended".to_owned())
    }
}
