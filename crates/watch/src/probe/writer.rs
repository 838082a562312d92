//! What a database says of itself, for whoever notices that it has changed: a restart, a failover, an upgrade.
//!
//! Each of them ends the sessions, so that what the client of the database finds when it connects anew is enough.

use crate::driver::Handle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use twinline_core::watch::change::Fingerprint;
use twinline_core::watch::element::Element;
use twinline_store::central::{CentralHealth, WriterFacts};

/// What the driver did not take is told again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// Tells the driver whenever the server that takes writes is another one, or says something else of itself; until it is
/// dropped.
pub async fn follow(mut health: watch::Receiver<CentralHealth>, database: Element, driver: Handle) {
    let mut told: Option<WriterFacts> = None;
    loop {
        let server = health.borrow_and_update().server.clone();
        if server.is_some() && server != told {
            let seen = server.as_ref().map(fingerprint);
            if let Some(seen) = seen
                && driver.seen(database.clone(), seen).await
            {
                told = server;
            } else {
                sleep(AGAIN).await;
                continue;
            }
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}

fn fingerprint(facts: &WriterFacts) -> Fingerprint {
    Fingerprint {
        system_identifier: facts.system_identifier,
        timeline: facts.timeline,
        server_version: facts.server_version,
        started_ms: facts.started_ms,
        leader: facts.at.clone(),
    }
}
