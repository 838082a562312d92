//! Whether this machine's host gives its groups away, kept in a file of its own: also after a restart.

use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The mark: a file that is there or not.
#[derive(Clone, Debug)]
pub struct Draining {
    file: PathBuf,
}

impl Draining {
    /// Kept in `file`.
    pub const fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Whether it is set.
    ///
    /// # Errors
    /// The folder cannot be read: then nobody knows, and nothing must be claimed.
    pub fn is_set(&self) -> Result<bool> {
        let there = self.file.try_exists();
        there.with_context(|| format!("looking for {}", self.file.display()))
    }

    /// Sets or clears it; on disk when this returns.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn set(&self, draining: bool) -> Result<()> {
        let done = if draining {
            fs::write(
                &self.file,
                "this machine takes no groups: twinline fleet undrain\n",
            )
            .and_then(|()| File::open(&self.file)?.sync_all())
        } else {
            match fs::remove_file(&self.file) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        };
        let folder = self.file.parent().unwrap_or(Path::new("."));
        done.and_then(|()| File::open(folder)?.sync_all())
            .with_context(|| {
                format!(
                    "keeping in {} that this machine drains",
                    self.file.display()
                )
            })
    }
}
