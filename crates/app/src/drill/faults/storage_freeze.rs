use super::Fault;
use crate::drill::catalogue::{Rooted, Spec};
use crate::drill::disk::SmallDisk;
use crate::drill::stage::Stage;
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "storage-freeze",
    mode: Some(2),
    about: "the file system of the database's write-ahead log is frozen: whoever writes there waits",
    database: &[("max_wal_size", "8MB"), ("min_wal_size", "2MB")],
    rooted: Some(Rooted::FreezableLog),
    ..Spec::USUAL
};

/// The volume of the write-ahead log stands still.
#[derive(Default)]
pub(in crate::drill) struct StorageFreeze {
    frozen: Option<Arc<SmallDisk>>,
}

#[async_trait(?Send)]
impl Fault for StorageFreeze {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let disk = stage.disk.as_ref().context("there is no small disk")?;
        disk.freeze()?;
        self.frozen = Some(Arc::clone(disk));
        Ok("fsfreeze --freeze".to_owned())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .unfreeze()?;
        Ok("fsfreeze --unfreeze".to_owned())
    }
}

impl Drop for StorageFreeze {
    /// A server that waits for it could not be ended.
    fn drop(&mut self) {
        if let Some(disk) = &self.frozen {
            disk.end_freeze();
        }
    }
}
