//! What people did to this machine, or asked it to do to the fleet: kept in a file until the central database has it, so that
//! it is noted also while that is away.

use crate::handles::{SystemClock, SystemEntropy};
use crate::instance;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::{Clock as _, Entropy as _};
use twinline_core::time::Timestamp;
use twinline_store::central::{CentralClient, Deed};
use twinline_store::host::AuditEntry;

/// Between two looks whether there is something for the database.
const PERIOD: Duration = Duration::from_secs(2);

/// A deed that is done now.
pub fn deed(who: &str, action: &str, subject: &str, detail: &serde_json::Value) -> Deed {
    Deed {
        id: format!(
            "{:016x}{:016x}",
            SystemEntropy.next_u64(),
            SystemEntropy.next_u64()
        ),
        entry: AuditEntry {
            at: SystemClock.now(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_string(),
        },
    }
}

/// A deed as a line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    at: i64,
    who: String,
    action: String,
    subject: String,
    detail: String,
}

/// See the module. Cheap to clone; clones are one file.
#[derive(Clone)]
pub struct Deeds {
    file: PathBuf,
    /// Whoever changes the file.
    turn: Arc<Mutex<()>>,
}

impl Deeds {
    /// Kept in `file`.
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            turn: Arc::default(),
        }
    }

    /// Notes a deed; on disk when this returns.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn note(&self, deed: &Deed) -> Result<()> {
        let entry = &deed.entry;
        let line = Line {
            id: deed.id.clone(),
            at: entry.at.as_millis(),
            who: entry.who.clone(),
            action: entry.action.clone(),
            subject: entry.subject.clone(),
            detail: entry.detail.clone(),
        };
        // On a line of its own, whatever was cut off before it.
        let text = format!("\n{}\n", serde_json::to_string(&line)?);
        let _turn = self.turn.lock().expect("no code panics with this lock");
        let noted = || {
            let mut file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.file)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let folder = self.file.parent().unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        noted().with_context(|| format!("noting it in {}", self.file.display()))
    }

    /// Brings what is noted to the central database, until shutdown.
    pub async fn run(self, central: CentralClient, shutdown: CancellationToken) -> Result<()> {
        let mut failing = false;
        loop {
            match self.send(&central).await {
                Ok(()) => failing = false,
                Err(error) if failing => {
                    tracing::debug!(error = format!("{error:#}"), "deeds wait for the database")
                }
                Err(error) => {
                    failing = true;
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "what people did to this fleet waits for the central database"
                    );
                }
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    async fn send(&self, central: &CentralClient) -> Result<()> {
        let waiting = self.read()?;
        if waiting.is_empty() {
            return Ok(());
        }
        central
            .note_deeds(&waiting)
            .await
            .context("noting deeds in the central database")?;
        let sent: BTreeSet<&str> = waiting.iter().map(|deed| deed.id.as_str()).collect();
        self.forget(&sent)
    }

    /// What the database does not have yet. A line that cannot be read was cut off with its process: nobody was told that it is
    /// noted.
    fn read(&self) -> Result<Vec<Deed>> {
        let deeds = self.lines()?.into_iter().map(|(_, line)| Deed {
            id: line.id,
            entry: AuditEntry {
                at: Timestamp::from_millis(line.at),
                who: line.who,
                action: line.action,
                subject: line.subject,
                detail: line.detail,
            },
        });
        Ok(deeds.collect())
    }

    fn lines(&self) -> Result<Vec<(String, Line)>> {
        let text = match fs::read(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.with_context(|| format!("reading {}", self.file.display()))?,
        };
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().filter_map(|line| {
            let read = serde_json::from_str(line).ok()?;
            Some((line.to_owned(), read))
        });
        Ok(lines.collect())
    }

    fn forget(&self, sent: &BTreeSet<&str>) -> Result<()> {
        let _turn = self.turn.lock().expect("no code panics with this lock");
        let mut left = String::new();
        for (text, line) in self.lines()? {
            if !sent.contains(line.id.as_str()) {
                left.push_str(&text);
                left.push('\n');
            }
        }
        instance::replace(&self.file, left.as_bytes())
            .with_context(|| format!("writing {}", self.file.display()))
    }
}

#[cfg(test)]
#[path = "deeds_tests.rs"]
mod tests;
