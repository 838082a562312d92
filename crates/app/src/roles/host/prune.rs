//! Forgetting what is past its time, a bounded piece at a time.

use crate::config::KeepDays;
use crate::handles::SystemClock;
use crate::roles::pause;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock as _;
use twinline_store::host::{HostKeep, HostStore};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(3600);
/// After a step that failed: a disk that is busy or full now.
const RETRY: Duration = Duration::from_secs(60);
/// Between two pieces of one round, so that other writes go first.
const BREATH: Duration = Duration::from_millis(50);

pub(super) async fn run(store: HostStore, days: KeepDays, shutdown: CancellationToken) {
    let keep = HostKeep {
        history: DAY * days.history,
        observations: DAY * days.observations,
        ..HostKeep::default()
    };
    loop {
        let now = SystemClock.now();
        let pruned = store.write(move |tx| tx.prune(&keep, now)).await;
        let wait = match pruned {
            Ok(pruned) if pruned.more => BREATH,
            Ok(_) => PERIOD,
            Err(error) => {
                tracing::warn!(%error, "what is past its time could not be removed; trying again");
                RETRY
            }
        };
        if !pause(wait, &shutdown).await {
            return;
        }
    }
}
