//! The data folder: who holds it, where its processes listen, and the token between them.

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinline_core::handles::Entropy;
use twinline_trackers::http::Secret;

/// How long a role waits for its predecessor to let go of the folder.
pub const LOCK_WAIT: Duration = Duration::from_secs(12);

/// The data folder of one installation.
#[derive(Clone, Debug)]
pub struct DataFolder {
    root: PathBuf,
}

/// Where a running process can be reached; written by it to `run/ROLE.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    /// The process.
    pub pid: u32,
    /// Its listeners by name: `webhooks`, `private`, `api`.
    pub listeners: std::collections::BTreeMap<String, SocketAddr>,
}

/// A role's hold on the folder; released when dropped or when the process dies.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

impl DataFolder {
    /// Makes the folder (readable by its owner only) where it is missing.
    pub fn open(root: &Path) -> Result<Self> {
        for folder in [
            root.to_owned(),
            root.join("edge"),
            root.join("host"),
            root.join("run"),
        ] {
            let mut builder = fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .recursive(true)
                .create(&folder)
                .with_context(|| format!("making the data folder {}", folder.display()))?;
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The edge's inbox.
    pub fn inbox(&self) -> PathBuf {
        self.root.join("edge/inbox.db")
    }

    /// The edge's snapshot of where nodes and hosts are.
    pub fn directory(&self) -> PathBuf {
        self.root.join("edge/directory.json")
    }

    /// The host's store.
    pub fn host_store(&self) -> PathBuf {
        self.root.join("host/host.db")
    }

    /// Takes the folder for one role; waits for a predecessor that is shutting down.
    pub async fn hold(&self, role: &str, wait: Duration) -> Result<Hold> {
        let path = self.root.join(format!("run/{role}.lock"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        let deadline = tokio::time::Instant::now() + wait;
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if tokio::time::Instant::now() >= deadline {
                bail!(
                    "another '{role}' runs on {}: stop it first, or give this one a data folder of its own",
                    self.root.display()
                );
            }
            pause.tick().await;
        }
        Ok(Hold { _file: file })
    }

    /// Says where this process listens.
    pub fn announce(&self, role: &str, listeners: &[(&str, SocketAddr)]) -> Result<()> {
        let listeners = listeners
            .iter()
            .map(|(name, at)| ((*name).to_owned(), *at))
            .collect();
        let running = Running {
            pid: std::process::id(),
            listeners,
        };
        let path = self.root.join(format!("run/{role}.json"));
        let fresh = path.with_extension("json.new");
        fs::write(&fresh, serde_json::to_vec(&running)?)
            .with_context(|| format!("writing {}", fresh.display()))?;
        fs::rename(&fresh, &path).with_context(|| format!("writing {}", path.display()))
    }

    /// Where a role's process listens; an error that says how to start it.
    pub fn running(&self, role: &str) -> Result<Running> {
        let path = self.root.join(format!("run/{role}.json"));
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "no {role} has run on {}: start one with 'twinline up'",
                self.root.display()
            )
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))
    }

    /// Where a role's process listens, or has last listened; `None` when none has run yet.
    pub fn running_if_ever(&self, role: &str) -> Result<Option<Running>> {
        match self.root.join(format!("run/{role}.json")).try_exists() {
            Ok(false) => Ok(None),
            _ => self.running(role).map(Some),
        }
    }

    /// The token that this installation's processes and command line show each other; made on first use.
    pub fn token(&self, entropy: &dyn Entropy) -> Result<Secret> {
        let path = self.root.join("run/token");
        if let Ok(text) = fs::read_to_string(&path) {
            let text = text.trim();
            if text.len() == 64 {
                return Ok(Secret::new(text.to_owned()));
            }
        }
        let fresh: String = (0..4)
            .map(|_| format!("{:016x}", entropy.next_u64()))
            .collect();
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(mut file) => {
                file.write_all(fresh.as_bytes())
                    .and_then(|()| file.sync_all())
                    .context("writing the token")?;
                Ok(Secret::new(fresh))
            }
            // Another process made it in the meantime.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(&path).context("reading the token")?;
                if text.trim().len() != 64 {
                    bail!("{} is damaged: remove it and start again", path.display());
                }
                Ok(Secret::new(text.trim().to_owned()))
            }
            Err(error) => Err(error).with_context(|| format!("making {}", path.display())),
        }
    }
}

impl Running {
    /// One of its listeners.
    pub fn listener(&self, name: &str) -> Result<SocketAddr> {
        self.listeners
            .get(name)
            .copied()
            .with_context(|| format!("process {} has no listener '{name}'", self.pid))
    }
}
