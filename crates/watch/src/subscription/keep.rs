//! The subscribers' file.

use crate::kept::Kept;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::time::Timestamp;
use twinline_core::watch::subscription::Subscribers;

/// What could not be written is tried again after this.
const RETRY: Duration = Duration::from_secs(5);

/// Reads what was kept; never fails: a damaged file is put aside, and it begins with nobody.
pub(super) fn read(path: &Path, now: Timestamp) -> Subscribers {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::error!(%error, "the subscribers cannot be read; nobody is told");
            }
            return Subscribers::default();
        }
    };
    match serde_json::from_str(&text) {
        Ok(subscribers) => subscribers,
        Err(error) => {
            let aside = path.with_extension(format!("damaged-{}", now.as_millis()));
            let aside = fs::rename(path, &aside).map(|()| aside.display().to_string());
            tracing::error!(%error, ?aside, "the subscribers' file is damaged; nobody is told");
            Subscribers::default()
        }
    }
}

/// Writes whatever is newest, until nothing more comes.
pub(super) async fn write(path: PathBuf, mut newest: watch::Receiver<Arc<Subscribers>>) {
    let kept = Kept::new(path);
    let mut told = false;
    while newest.changed().await.is_ok() {
        loop {
            let subscribers = Arc::clone(&newest.borrow_and_update());
            let Err(fault) = kept.replace(subscribers).await else {
                break;
            };
            if !std::mem::replace(&mut told, true) {
                tracing::error!(
                    error = fault,
                    "the subscribers are not stored; trying again"
                );
            }
            tokio::time::sleep(RETRY).await;
        }
        if std::mem::take(&mut told) {
            tracing::info!("the subscribers are stored again");
        }
    }
}
