use super::Fault;
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::stage::Stage;
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::time::Duration;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "local-disk-full",
    mode: Some(14),
    about: "the disk of a machine's data folder is full: it refuses webhooks (503) and keeps what it has",
    notice: Notice::Store,
    refuses: Some(FULL),
    rooted: Some(Rooted::SmallMachine),
    // The edge tells what it has refused when it takes webhooks again, and hosts sweep for it.
    recover_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// The machine whose disk runs full.
const FULL: usize = 0;

/// The first machine's disk runs full.
pub(in crate::drill) struct LocalDiskFull;

#[async_trait(?Send)]
impl Fault for LocalDiskFull {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .fill()?;
        let machine = &stage.machines.all[FULL].name;
        Ok(format!("the disk of {machine} is full to the last byte"))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .empty()?;
        Ok("there is room again".to_owned())
    }
}
