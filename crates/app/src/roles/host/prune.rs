//! Forgetting what is past its time, a bounded piece at a time.

use crate::config::KeepDays;
use crate::handles::SystemClock;
use crate::roles::pause;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock as _;
use twinline_store::host::{HostKeep, HostStore, PruneCursor};

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
    let mut from = PruneCursor::default();
    loop {
        let now = SystemClock.now();
        let pruned = store.write(move |tx| tx.prune(&keep, now, &from)).await;
        let wait = match pruned {
            Ok(pruned) => {
                from = pruned.next.unwrap_or_default();
                pruned.next.map_or(PERIOD, |_| BREATH)
            }
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
