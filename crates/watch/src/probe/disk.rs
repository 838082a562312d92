//! How much is left of a disk.

use super::Look;
use super::web::outcome;
use async_trait::async_trait;
use rustix::fs::statvfs;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Looks at the disk on which a folder lies.
pub struct Disk {
    folder: PathBuf,
    subject: Element,
    free_min_percent: u64,
    /// A disk that hangs holds a thread: one, and not one more with each look.
    looks: Arc<Semaphore>,
}

impl Disk {
    /// Of the disk's room so much must be free.
    pub fn new(folder: PathBuf, subject: Element, free_min_percent: u64) -> Self {
        Self {
            folder,
            subject,
            free_min_percent,
            looks: Arc::new(Semaphore::new(1)),
        }
    }

    async fn ask(&self) -> Result<(), String> {
        let permit = Arc::clone(&self.looks).try_acquire_owned();
        let permit = permit.map_err(|_| "an earlier look at it has not ended".to_owned())?;
        let folder = self.folder.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let found = statvfs(&folder);
            drop(permit);
            found
        });
        let found = looking.await.map_err(|error| error.to_string())?;
        let found = found.map_err(|error| format!("it cannot be asked: {error}"))?;
        let percent = found
            .f_bavail
            .saturating_mul(100)
            .checked_div(found.f_blocks)
            .unwrap_or(100);
        if percent < self.free_min_percent {
            let mib = found.f_bavail.saturating_mul(found.f_frsize) >> 20;
            return Err(format!("{percent} % of it is free, {mib} MiB"));
        }
        Ok(())
    }
}

#[async_trait]
impl Look for Disk {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.ask().await))]
    }
}
