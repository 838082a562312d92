use super::Fault;
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::disk::SmallDisk;
use crate::drill::stage::Stage;
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "local-disk-still",
    mode: Some(14),
    about: "the disk of a machine's data folder finishes no write: it refuses webhooks (503) and keeps what it has",
    notice: Notice::Store,
    refuses: true,
    rooted: Some(Rooted::FreezableMachine),
    // A write that stands still is noticed when it has taken longer than one may.
    detect_max: Duration::from_secs(15),
    recover_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// The first machine's disk stands still: as slow as a disk can be.
#[derive(Default)]
pub(in crate::drill) struct LocalDiskStill {
    frozen: Option<Arc<SmallDisk>>,
}

#[async_trait(?Send)]
impl Fault for LocalDiskStill {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let disk = stage.disk.as_ref().context("there is no small disk")?;
        self.frozen = Some(Arc::clone(disk));
        disk.freeze()?;
        let machine = &stage.machines.all[0].name;
        Ok(format!("the disk of {machine} finishes no write"))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        let disk = stage.disk.as_ref().context("there is no small disk")?;
        disk.unfreeze()?;
        Ok("it goes on".to_owned())
    }
}

impl Drop for LocalDiskStill {
    /// A process that waits for it could not be ended.
    fn drop(&mut self) {
        if let Some(disk) = &self.frozen {
            disk.end_freeze();
        }
    }
}
