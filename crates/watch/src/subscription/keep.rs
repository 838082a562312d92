//! The subscribers' file: a document that is replaced as a whole.

use serde::Serialize;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::time::Timestamp;
use twinline_core::watch::subscription::Subscribers;

/// What could not be written is tried again after this.
const RETRY: Duration = Duration::from_secs(5);
/// A disk that does not answer is not waited for longer; the write goes on in a thread of its own.
const WRITE_MAX: Duration = Duration::from_secs(10);

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
    let mut told = false;
    while newest.changed().await.is_ok() {
        loop {
            let subscribers = Arc::clone(&newest.borrow_and_update());
            let file = path.clone();
            let writing = tokio::task::spawn_blocking(move || replace(&file, &*subscribers));
            let fault = match tokio::time::timeout(WRITE_MAX, writing).await {
                Ok(Ok(Ok(()))) => break,
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", WRITE_MAX.as_secs()),
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

/// Puts a document in the place of another one, as a whole: for nobody else on the machine to read.
pub(crate) fn replace(path: &Path, document: &impl Serialize) -> std::io::Result<()> {
    let text = serde_json::to_vec(document)?;
    let fresh = path.with_extension("new");
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}
