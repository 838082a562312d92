//! What watch reaches outside beside channels: the dead man's switch, and the addresses of channels ahead of time.

use super::build::Lasting;
use crate::config::Config;
use crate::instance::{DataFolder, replace};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, TransportLimits};
use twinline_watch::channel::Addresses;
use twinline_watch::driver::Setup;
use twinline_watch::ping::OutsidePing;

/// The addresses of channels are looked up ahead this often.
const LOOK_AHEAD: Duration = Duration::from_secs(600);

/// Where the addresses of channels are kept over a restart.
pub(super) fn addresses_file(folder: &DataFolder) -> PathBuf {
    folder.watch_store().with_file_name("addresses.json")
}

/// The dead man's switch outside, when there is one.
///
/// # Errors
/// Its address cannot be read, or an HTTP client cannot be made. Then its silence is what calls somebody.
pub(super) fn ping(file: &Path, config: &Config, lasting: &Lasting) -> Result<Option<OutsidePing>> {
    let Some(ping) = &config.watch.outside_ping else {
        return Ok(None);
    };
    let base = file.parent().unwrap_or(Path::new(""));
    let url = ping.url.read(base, "watch.outside_ping.url");
    let url = url.context("the outside is not pinged")?;
    let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
    let guard = AddressGuard::new(everywhere.to_vec());
    let names = Arc::new(lasting.addresses.clone());
    let limits = TransportLimits {
        idle_per_host_max: 0,
        ..TransportLimits::default()
    };
    let transport = ReqwestTransport::resolving(&lasting.trust, guard, limits, names);
    Ok(Some(OutsidePing {
        url,
        period: Duration::from_secs(ping.period_s.into()),
        transport: Arc::new(transport.context("the outside is not pinged")?),
        machine: config.instance.machine.clone(),
    }))
}

/// Finds the addresses of channels before they are needed, and keeps them over a restart.
pub(super) async fn look_ahead(setup: Setup, addresses: Addresses, folder: DataFolder) {
    loop {
        for channel in setup.channels.values() {
            if let Err(error) = addresses.find(channel.host()).await {
                tracing::warn!(channel = channel.name(), %error, "the address of a channel is not known");
            }
        }
        let (path, known) = (addresses_file(&folder), addresses.known());
        let stored =
            tokio::task::spawn_blocking(move || replace(&path, &serde_json::to_vec(&known)?));
        if let Ok(Err(error)) = stored.await {
            tracing::warn!(%error, "the addresses of channels are not kept");
        }
        tokio::time::sleep(LOOK_AHEAD).await;
    }
}
