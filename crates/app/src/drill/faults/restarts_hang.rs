use super::{Fault, until_within};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::record::are_well;
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "restarts-hang",
    about: "the database restarts three times; when all is well again, its reads and its writes hang",
    notice: Notice::All,
    ..Spec::USUAL
};

/// The second public variant of the incident: after several restarts nothing of the database answers.
#[derive(Default)]
pub(in crate::drill) struct RestartsHang {
    hangs: Option<Instant>,
    stopped: Vec<u32>,
}

const RESTARTS: usize = 3;
/// All is well after them within this: for a watch each probe has to succeed several times, and what failed for it is over
/// when it has been well for a while.
const CALM_MAX: Duration = Duration::from_secs(180);

impl RestartsHang {
    /// Restarts the server, and waits until nobody says any more that something is wrong: else what is noticed of the
    /// restarts would pass for the hang.
    pub(super) async fn restarts(stage: &Stage) -> Result<()> {
        let database = Arc::clone(&stage.database);
        blocking(move || {
            for _ in 0..RESTARTS {
                database.crash()?;
                database.start_again()?;
            }
            Ok(())
        })
        .await?;
        let restarted = Instant::now();
        stage
            .account
            .say("waiting until all is well after the restarts");
        let what = "all to be well after the restarts";
        until_within(CALM_MAX, what, async || {
            let calm = match &stage.watched {
                Some(watched) => watched.is_calm().await,
                None => true,
            };
            Ok(calm && are_well(&stage.looks.all(), restarted, Instant::now()))
        })
        .await
    }

    /// Has all its processes stand still.
    pub(super) async fn hang(&mut self, stage: &Stage) -> Result<String> {
        self.hangs = Some(Instant::now());
        let database = Arc::clone(&stage.database);
        self.stopped = blocking(move || {
            // The first process first, so that it starts no other.
            let postmaster = database.postmaster()?;
            database.freeze(postmaster)?;
            let mut stopped = vec![postmaster];
            for process in database.children()? {
                // It may have ended meanwhile.
                if database.freeze(process).is_ok() {
                    stopped.push(process);
                }
            }
            Ok(stopped)
        })
        .await?;
        Ok(format!(
            "after {RESTARTS} restarts SIGSTOP to all {} processes of the server",
            self.stopped.len()
        ))
    }
}

#[async_trait(?Send)]
impl Fault for RestartsHang {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        Self::restarts(stage).await?;
        self.hang(stage).await
    }

    fn last_step(&self) -> Option<Instant> {
        self.hangs
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        super::frozen_backend::thaw(&stage.database, &self.stopped);
        Ok("SIGCONT".to_owned())
    }
}
