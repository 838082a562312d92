//! The lease that a machine's host holds, kept for its next process.

use crate::instance;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::PathBuf;
use twinline_engine::ownership::LeaseId;

/// See the module.
pub struct LeaseFile {
    file: PathBuf,
    machine: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Whose it is: a data folder that was copied to another machine is not to go on with it.
    machine: String,
    lease: LeaseId,
}

impl LeaseFile {
    /// `machine`: this machine's name.
    pub fn new(file: PathBuf, machine: &str) -> Self {
        Self {
            file,
            machine: machine.to_owned(),
        }
    }

    /// The lease of this machine's last process, if there was one. One that cannot be understood is none: a new lease is
    /// always sound, and the old one ends by itself.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn read(&self) -> Result<Option<LeaseId>> {
        let file = self.file.display();
        let bytes = match std::fs::read(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("reading {file}"))?,
        };
        match serde_json::from_slice::<Kept>(&bytes) {
            Ok(kept) => Ok(Some(kept.lease).filter(|_| kept.machine == self.machine)),
            Err(error) => {
                tracing::warn!(%file, %error, "the last lease cannot be understood: a new one is taken");
                Ok(None)
            }
        }
    }

    /// Keeps a lease.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, lease: LeaseId) -> Result<()> {
        let kept = Kept {
            machine: self.machine.clone(),
            lease,
        };
        instance::replace(&self.file, &serde_json::to_vec(&kept)?)
            .with_context(|| format!("writing {}", self.file.display()))
    }
}
