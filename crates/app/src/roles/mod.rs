//! The roles: each its own process with its own files, so that one can hang without the others.

mod beat;
pub mod edge;
pub mod host;
mod line;
mod page_status;
mod pulse;
pub mod sim;
mod sockets;
mod tasks;
pub mod up;
pub mod watch;

use crate::config::{self, Config};
use crate::{shutdown, telemetry};
use anyhow::Result;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What every long-running role begins with: configuration, log, traces, signals.
///
/// # Errors
/// The configuration is wrong, or the supervisor is gone already.
pub fn begin(
    role: &str,
    file: &Path,
    supervisor: Option<u32>,
) -> Result<(Config, CancellationToken)> {
    let config = config::load(file)?;
    let shutdown = shutdown::on_signal()?;
    telemetry::start_role(&config.log, &config.traces, role, &shutdown)?;
    if let Some(supervisor) = supervisor {
        shutdown::end_with(supervisor)?;
    }
    open_many_files();
    Ok((config, shutdown))
}

/// Lets this process have as many files and connections as the system allows it: a shell gives a thousand, and an edge of a
/// fleet has one for each group.
fn open_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
}

/// Waits, unless shutdown begins: then `false`.
async fn pause(time: Duration, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}
