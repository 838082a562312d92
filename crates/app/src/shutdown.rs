//! Ending a process: SIGTERM and Ctrl-C become one token that every task watches.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM or Ctrl-C.
pub fn on_signal() -> Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        cancelled.cancel();
    });
    Ok(token)
}

/// Ends this process when its supervisor dies, however it dies. `supervisor` is its process id.
pub fn end_with(supervisor: u32) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))
        .context("asking to end with the supervisor")?;
    // The supervisor may have died before the request: then this process has another parent by now.
    let parent = getppid().map_or(0, Pid::as_raw_pid);
    anyhow::ensure!(
        u32::try_from(parent).ok() == Some(supervisor),
        "the supervisor {supervisor} is gone"
    );
    Ok(())
}
