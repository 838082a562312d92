//! The host's part in a fleet: its state is replicated to the central database, behind everything that it does.

use crate::api::CentralView;
use crate::config::Config;
use crate::handles::{SystemClock, SystemEntropy};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;
use twinline_engine::Host;
use twinline_store::central::{CentralClient, Replication};

/// What replicates the host, and what shows how far it is; `None`: there is no central database.
///
/// # Errors
/// `[central]` cannot be used. A database that is away is none of them.
pub(super) fn begin(
    file: &Path,
    config: &Config,
    host: &Host,
) -> Result<Option<(Replication, CentralView)>> {
    let Some(central) = &config.central else {
        return Ok(None);
    };
    let base = file.parent().unwrap_or(Path::new(""));
    let address = central.address(base)?;
    let settings = central.settings(&config.instance.machine);
    let client = CentralClient::start(address, settings, Arc::new(SystemClock));
    let processed = {
        let host = host.clone();
        Arc::new(move || host.processed())
    };
    let store = host.store().clone();
    let replication = Replication::new(store, Arc::new(client.clone()), &SystemEntropy, processed);
    host.replicated_by(replication.status());
    let view = CentralView::new(client.health(), replication.status());
    Ok(Some((replication, view)))
}
