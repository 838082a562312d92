//! A file of ours: a document that is replaced as a whole.

use serde::Serialize;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// A disk that does not answer is not waited for longer; the write goes on in a thread of its own.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// The file. One write at a time: both of two would first be in the same place, and a disk that hangs would have a thread for
/// each try.
pub(crate) struct Kept {
    file: PathBuf,
    within: Duration,
    /// Held while a write is under way, whether somebody still waits for it or not.
    turn: Arc<Mutex<()>>,
}

impl Kept {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            within: WRITE_MAX,
            turn: Arc::default(),
        }
    }

    /// Puts a document in the place of the one before. Where an earlier write is still under way, this one has not begun when
    /// it is given up.
    ///
    /// # Errors
    /// It could not be written, or not in time; in a sentence.
    pub(crate) async fn replace(
        &self,
        document: impl Serialize + Send + 'static,
    ) -> Result<(), String> {
        let (turn, file) = (Arc::clone(&self.turn), self.file.clone());
        let written = async {
            let turn = turn.lock_owned().await;
            let write = spawn_blocking(move || {
                let _turn = turn;
                replace(&file, &document)
            });
            write.await
        };
        match timeout(self.within, written).await {
            Ok(Ok(written)) => written.map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", self.within.as_secs())),
        }
    }
}

/// As a whole, and for nobody else on the machine to read.
fn replace(path: &Path, document: &impl Serialize) -> std::io::Result<()> {
    let text = serde_json::to_vec(document)?;
    let fresh = path.with_extension("new");
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
