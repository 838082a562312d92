//! A group at work whose file takes no writes: a full disk, one that was taken away, one that stands still.

use super::life::Life;
use super::trouble::tried;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use twinline_store::central::ReplicationStatus;
use twinline_store::db::Health;
use twinline_store::host::HostStore;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

impl Life {
    /// Resolves when the group's file has taken no write for as long as a group is tried, and another host could go on with what
    /// the replica has, which is all that this one did. Its jobs would wait for their disk here; where nobody else could go on,
    /// they do.
    pub(super) async fn is_unwritable(
        &self,
        store: &HostStore,
        replica: watch::Receiver<ReplicationStatus>,
    ) -> String {
        let mut since = None;
        loop {
            let health = store.health();
            if health.accepts_writes() || health == Health::Stopped {
                since = None;
            } else {
                let since: Instant = *since.get_or_insert_with(Instant::now);
                let is_whole = {
                    let replica = replica.borrow();
                    replica.complete && replica.standing.is_ok()
                };
                let is_tried = since.elapsed() >= tried(&self.shared.settings.terms);
                if is_tried && is_whole && self.could_go_on_elsewhere() {
                    return format!("its file takes no writes: {health}");
                }
            }
            sleep(LOOK).await;
        }
    }
}
