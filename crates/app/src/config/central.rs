//! `[central]`: the central database of a fleet.

use super::error::ConfigError;
use super::secret::SecretRef;
use crate::release::Release;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinline_store::central::{CentralAddress, CentralSettings, Deadlines, PoolSizes};

/// The central database.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Central {
    /// `postgres://user:password@host1,host2/database`, as a secret.
    pub url: SecretRef,
    /// Certificates (PEM) that the server's is checked against; without it what the system trusts. Relative to the file.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How long each step may take, in milliseconds.
    #[serde(default)]
    pub deadline_ms: CentralDeadlines,
    /// How many connections each pool may have.
    #[serde(default)]
    pub pools: CentralPools,
    /// So many writes may have been given up while the server may still be at them; then the breaker opens.
    #[serde(default = "default_abandoned")]
    pub abandoned_commits_max: u32,
}

/// How long each step may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CentralDeadlines {
    /// Resolving, connecting and the handshake.
    pub connect: u32,
    /// Waiting for a connection.
    pub acquire: u32,
    /// A statement.
    pub statement: u32,
    /// A commit.
    pub commit: u32,
}

/// How many connections each pool may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CentralPools {
    /// Writes.
    pub replicate: u32,
    /// Reads.
    pub read: u32,
    /// The commit canary.
    pub probe: u32,
}

const fn default_abandoned() -> u32 {
    8
}

impl Default for CentralDeadlines {
    fn default() -> Self {
        Self {
            connect: 2000,
            acquire: 500,
            statement: 2000,
            commit: 2000,
        }
    }
}

impl Default for CentralPools {
    fn default() -> Self {
        Self {
            replicate: 4,
            read: 4,
            probe: 1,
        }
    }
}

impl Central {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let positive = [
            ("deadline_ms.connect", self.deadline_ms.connect),
            ("deadline_ms.acquire", self.deadline_ms.acquire),
            ("deadline_ms.statement", self.deadline_ms.statement),
            ("deadline_ms.commit", self.deadline_ms.commit),
            ("pools.replicate", self.pools.replicate),
            ("pools.read", self.pools.read),
            ("pools.probe", self.pools.probe),
            ("abandoned_commits_max", self.abandoned_commits_max),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            None => Ok(()),
            Some((key, _)) => Err(ConfigError::key(
                path,
                &format!("central.{key}"),
                "is 0; write at least 1",
            )),
        }
    }

    /// Reads the URL and the certificates. `base` is the configuration file's folder.
    ///
    /// # Errors
    /// A file cannot be read, or the URL is none; no part of the URL is named.
    pub fn address(&self, base: &Path) -> Result<CentralAddress, ConfigError> {
        let url = self.url.read(base, "central.url")?;
        let authority = self.ca.as_ref().map(|path| {
            std::fs::read(base.join(path)).map_err(|error| {
                let what = format!(
                    "the file {} cannot be read: {error}",
                    base.join(path).display()
                );
                ConfigError::secret("central.ca", what)
            })
        });
        let authority = authority.transpose()?;
        CentralAddress::parse(url.expose(), authority.as_deref())
            .map_err(|error| ConfigError::secret("central.url", error.to_string()))
    }

    /// The limits, for this machine.
    pub fn settings(&self, machine: &str) -> CentralSettings {
        let ms = |count: u32| Duration::from_millis(count.into());
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        CentralSettings {
            machine: machine.to_owned(),
            deadlines: Deadlines {
                connect: ms(self.deadline_ms.connect),
                acquire: ms(self.deadline_ms.acquire),
                statement: ms(self.deadline_ms.statement),
                commit: ms(self.deadline_ms.commit),
            },
            pools: PoolSizes {
                replicate: size(self.pools.replicate),
                read: size(self.pools.read),
                probe: size(self.pools.probe),
            },
            abandoned_commits_max: self.abandoned_commits_max,
            formats: Release::of_this_process().formats,
            ..CentralSettings::default()
        }
    }
}
