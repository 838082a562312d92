//! The tasks of a role: all of them, or none. A role of which one task has ended looks healthy and is not, so the first that
//! ends before shutdown ends them all, and the process with an error; the supervisor starts another.

use anyhow::{Result, anyhow};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[cfg(test)]
mod tests;

/// Tasks that end together.
pub(super) struct Tasks {
    set: JoinSet<(&'static str, Result<()>)>,
    shutdown: CancellationToken,
}

impl Tasks {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self {
            set: JoinSet::new(),
            shutdown,
        }
    }

    /// A task that goes on until shutdown.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Result<()>> + Send + 'static,
    ) {
        self.set.spawn(async move { (name, task.await) });
    }

    /// Waits until all have ended.
    ///
    /// # Errors
    /// A task ended before shutdown, failed or panicked: the first of them.
    pub(super) async fn end(mut self) -> Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.set.join_next().await {
            let fault = match ended {
                Ok((_, Ok(()))) if self.shutdown.is_cancelled() => continue,
                Ok((name, Ok(()))) => anyhow!("the task '{name}' ended before shutdown"),
                Ok((name, Err(error))) => error.context(format!("the task '{name}' failed")),
                Err(error) => anyhow!(error).context("a task panicked"),
            };
            tracing::error!(error = format!("{fault:#}"), "one task has ended; all end");
            self.shutdown.cancel();
            outcome = outcome.and(Err(fault));
        }
        outcome
    }
}
