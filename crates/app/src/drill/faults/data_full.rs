use super::{Fault, until};
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::disk::SmallDisk;
use crate::drill::stage::{Stage, blocking};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "data-full",
    mode: Some(9),
    about: "the volume of the replicas' table is full: what needs room there fails (53100), and the rest of the database works",
    notice: Notice::Replicas,
    // A replica that is refused is tried again after 5 s.
    recover_max: Duration::from_secs(10),
    rooted: Some(Rooted::SmallTable),
    ..Spec::USUAL
};

/// The volume that the replicas lie on runs full.
pub(in crate::drill) struct DataFull;

/// The table moves to the small volume, where no page of it has room for one row more.
const MOVE: [&str; 2] = [
    "ALTER TABLE twinline.replica SET TABLESPACE small",
    "VACUUM FULL twinline.replica",
];
/// What the server says.
const SQLSTATE: &str = "53100";

fn volume(stage: &Stage) -> Result<&Arc<SmallDisk>> {
    stage.disk.as_ref().context("there is no small disk")
}

#[async_trait(?Send)]
impl Fault for DataFull {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        let place = volume(stage)?.path().join("table");
        blocking(move || {
            database.make_tablespace("small", &place)?;
            for sql in MOVE {
                database.psql(sql)?;
            }
            Ok(())
        })
        .await?;
        volume(stage)?.fill()?;
        Ok("twinline.replica lies on a volume that is full".to_owned())
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let mut said = String::new();
        let named = until("a word about the full volume", async || {
            said = stage.machines.fleet_status().await?;
            Ok(said.contains(SQLSTATE))
        });
        let named = named.await;
        let failure =
            |error| format!("{error:#}: 'fleet status' does not name what is refused: {said}");
        Ok(named.err().map(failure).into_iter().collect())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        volume(stage)?.empty()?;
        Ok("there is room again".to_owned())
    }
}
