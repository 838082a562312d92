//! The roles: each its own process with its own files, so that one can hang without the others.

pub mod edge;
pub mod host;
mod pulse;
pub mod sim;
mod sockets;
mod tasks;
pub mod up;

use crate::config::{self, Config};
use crate::{shutdown, telemetry};
use anyhow::Result;
use std::path::Path;
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
    Ok((config, shutdown))
}
