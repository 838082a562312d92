use super::{Fault, OURS};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use twinline_sim::postgres::Postgres;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "frozen-backend",
    mode: Some(5),
    about: "the server processes behind all idle connections freeze; new connections are served",
    notice: Notice::Trouble,
    heals_itself: true,
    // A deadline, and a canary after it.
    recover_max: Duration::from_secs(10),
    ..Spec::USUAL
};

/// The server's processes behind idle connections stand still: whoever uses one of them next waits for ever.
#[derive(Default)]
pub(in crate::drill) struct FrozenBackend {
    frozen: Vec<u32>,
}

/// Freezes those of our backends that are idle; which. One in the middle of a transaction would keep its locks, and that
/// is another fault.
pub(super) fn freeze_idle(database: &Postgres) -> Result<Vec<u32>> {
    let mut frozen = Vec::new();
    for process in database.backends(OURS)? {
        // It may have ended meanwhile.
        if database.freeze(process).is_ok() {
            frozen.push(process);
        }
    }
    let busy = database.psql(&format!(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '{OURS}%' AND state <> 'idle'"
    ))?;
    for process in busy.lines().filter_map(|pid| pid.parse().ok()) {
        if frozen.contains(&process) {
            frozen.retain(|one| *one != process);
            database.thaw(process)?;
        }
    }
    Ok(frozen)
}

/// Lets them go on; one that has ended needs nothing.
pub(super) fn thaw(database: &Postgres, frozen: &[u32]) {
    for process in frozen {
        if let Err(error) = database.thaw(*process) {
            tracing::debug!(%error, "a backend has ended");
        }
    }
}

#[async_trait(?Send)]
impl Fault for FrozenBackend {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        self.frozen = blocking(move || freeze_idle(&database)).await?;
        Ok(format!("SIGSTOP to {} idle backends", self.frozen.len()))
    }

    async fn check(&mut self, _: &Stage) -> Result<Vec<String>> {
        let none = self.frozen.is_empty();
        let sentence = "no backend was idle, so none was frozen: this run proves nothing";
        Ok(none.then(|| sentence.to_owned()).into_iter().collect())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        thaw(&stage.database, &self.frozen);
        Ok("SIGCONT".to_owned())
    }
}
