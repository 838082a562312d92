//! The fleet's generation, and the newest claim that this host has seen in its etcd: told to the keeper, and kept for the
//! next process, so that an etcd that begins anew is not taken for the one that was.

use crate::fleet::Known;
use crate::instance;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_engine::ownership::{Keeper, Seen};

/// What this host's last process has seen.
///
/// # Errors
/// The file is there and cannot be read.
pub(super) fn saved(file: &Path) -> Result<Seen> {
    match std::fs::read(file) {
        // Not taken for none: an etcd that was emptied meanwhile would pass for the one that it was.
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "reading {}: where etcd has lost nothing, remove it; else remove it and then 'twinline fleet raise-generation'",
                file.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Seen::default()),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

/// Follows until shutdown.
pub(super) async fn run(
    file: PathBuf,
    keeper: Keeper,
    mut known: watch::Receiver<Known>,
    shutdown: CancellationToken,
) -> Result<()> {
    let mut owned = keeper.ownership();
    let mut kept = None;
    loop {
        let generation = known.borrow_and_update().definitions.generation;
        keeper.under(Seen {
            generation,
            revision: 0,
        });
        let seen = owned.borrow_and_update().seen;
        if kept != Some(seen) {
            match keep(&file, seen) {
                Ok(()) => kept = Some(seen),
                // It is tried again with the next claim.
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "what was seen of etcd could not be noted"
                ),
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            changed = known.changed() => changed.context("the definitions are not followed any more")?,
            changed = owned.changed() => changed.context("the ownership is not kept any more")?,
        }
    }
}

fn keep(file: &Path, seen: Seen) -> Result<()> {
    instance::replace(file, &serde_json::to_vec(&seen)?)
        .with_context(|| format!("writing {}", file.display()))
}
