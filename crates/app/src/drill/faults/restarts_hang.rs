use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "restarts-hang",
    about: "the database restarts three times; then its reads and its writes hang",
    notice: Notice::All,
    is_made_in_steps: true,
    ..Spec::USUAL
};

/// The second public variant of the incident: after several restarts nothing of the database answers.
#[derive(Default)]
pub(in crate::drill) struct RestartsHang {
    stopped: Vec<u32>,
}

const RESTARTS: usize = 3;

#[async_trait(?Send)]
impl Fault for RestartsHang {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        self.stopped = blocking(move || {
            for _ in 0..RESTARTS {
                database.crash()?;
                database.start_again()?;
            }
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
            "{RESTARTS} restarts, then SIGSTOP to all {} processes of the server",
            self.stopped.len()
        ))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        super::frozen_backend::thaw(&stage.database, &self.stopped);
        Ok("SIGCONT".to_owned())
    }
}
