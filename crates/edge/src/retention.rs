//! Keeping the inbox within its limits. Level-triggered: looks again every period and goes on while there is more.

use crate::Shared;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(10);

/// Prunes until `shutdown`.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = period.tick() => {}
        }
        loop {
            match shared.inbox.prune(shared.clock.now()).await {
                Ok(pruned) if pruned.more && !shutdown.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the inbox could not be pruned; trying again");
                    break;
                }
            }
        }
    }
}
