//! Up to when nodes' changes were accounted for, as it was told last: a node that is said nothing of is late from then on.

use super::sweep::Measure;
use crate::kept::Kept;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use twinline_core::time::Timestamp;

/// From one look whether there is something to keep to the next: a restart takes back no more of a node's gap.
const PERIOD: Duration = Duration::from_secs(30);

type Told = BTreeMap<(Measure, String), Timestamp>;

/// By measure and node, up to when its changes were accounted for when that was last told; before, when it was first looked
/// at. Outlives the probes of a configuration, and in a file the process: neither an edit nor a restart makes a node's gap
/// begin anew. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Accounts(Arc<Mutex<Told>>);

impl Accounts {
    /// Goes on from what was kept in a file. Without it every gap begins now; why it cannot be read is logged.
    pub fn kept(file: &Path) -> Self {
        let found = match std::fs::read(file) {
            Ok(found) => serde_json::from_slice(&found).map_err(|error| error.to_string()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        };
        let found: Vec<(Measure, String, Timestamp)> = found.unwrap_or_else(|fault| {
            tracing::error!(file = %file.display(), fault, "how far nodes were is lost");
            Vec::new()
        });
        let told = found.into_iter();
        let told = told.map(|(measure, node, to)| ((measure, node), to));
        Self(Arc::new(Mutex::new(told.collect())))
    }

    /// Keeps it in a file, again and again, until it is dropped.
    pub async fn keep(self, file: PathBuf) {
        let file = Kept::new(file);
        let mut kept = self.lock().clone();
        loop {
            sleep(PERIOD).await;
            let told = self.lock().clone();
            if told == kept {
                continue;
            }
            match write(&file, told.clone()).await {
                Ok(()) => kept = told,
                Err(fault) => {
                    tracing::error!(fault, "how far nodes are is not kept; trying again");
                }
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets nodes that are not among these any more.
    pub(super) fn retain(&self, measure: Measure, nodes: &BTreeMap<String, Duration>) {
        let mut told = self.lock();
        told.retain(|(of, node), _| *of != measure || nodes.contains_key(node));
    }
}

async fn write(file: &Kept, told: Told) -> Result<(), String> {
    let lines: Vec<(Measure, String, Timestamp)> = told
        .into_iter()
        .map(|((measure, node), to)| (measure, node, to))
        .collect();
    file.replace(lines).await
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
