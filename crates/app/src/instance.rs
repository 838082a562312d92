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
/// Between two tries: callers wait in the meantime.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

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
            root.join("watch"),
            root.join("run"),
        ] {
            let mut builder = fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .recursive(true)
                .create(&folder)
                .with_context(|| format!("making the data folder {}", folder.display()))?;
        }
        Ok(Self::at(root))
    }

    /// The folder there, for who only names files in it.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
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

    /// Where a host's canary has its state: made anew by each process.
    pub fn canary(&self) -> PathBuf {
        self.root.join("canary")
    }

    /// A watch's store.
    pub fn watch_store(&self) -> PathBuf {
        self.root.join("watch/watch.db")
    }

    /// Who is told by mail what the status page says.
    pub fn subscribers(&self) -> PathBuf {
        self.root.join("watch/subscribers.json")
    }

    /// Where a watch keeps up to when nodes' changes were accounted for.
    pub fn accounts(&self) -> PathBuf {
        self.root.join("watch/accounts.json")
    }

    /// Where what a watch knows of queues of tickets lies.
    pub fn queues(&self) -> PathBuf {
        self.root.join("watch")
    }

    /// Where the states of a fleet's groups lie.
    pub fn groups(&self) -> PathBuf {
        self.root.join("host")
    }

    /// What this machine knows of its fleet's definitions. Each role has a file of its own.
    pub fn definitions(&self, role: &str) -> PathBuf {
        self.root.join(role).join("definitions.json")
    }

    /// The newest claim of a group that this machine's host has seen in etcd.
    pub fn seen(&self) -> PathBuf {
        self.root.join("host/seen.json")
    }

    /// The lease that this machine's host goes on with.
    pub fn lease(&self) -> PathBuf {
        self.root.join("host/lease.json")
    }

    /// There while this machine's host gives its groups away.
    pub fn draining(&self) -> PathBuf {
        self.root.join("host/draining")
    }

    /// What people did here to the fleet, as long as the central database does not have it.
    pub fn deeds(&self) -> PathBuf {
        self.root.join("host/deeds.jsonl")
    }

    /// Whether an empty state may be made where none is: not beside the parts of one, for then it was not the first start
    /// but a restore that was interrupted, or a file that was removed.
    ///
    /// # Errors
    /// There are such parts, or the folder cannot be read.
    pub fn check_host_store(&self) -> Result<()> {
        let store = self.host_store();
        if store.try_exists().context("looking for the host's state")? {
            return Ok(());
        }
        let folder = self.root.join("host");
        let mut parts = Vec::new();
        for entry in
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?
        {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("host.db") {
                parts.push(name);
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        parts.sort();
        bail!(
            "{} is not there, but beside it is {}: a restore was interrupted, or the file was removed. No empty state is \
             made in its place: run 'twinline restore', or move what is left out of the folder to begin anew",
            store.display(),
            parts.join(", ")
        )
    }

    /// Takes the folder for one role; waits for a predecessor that is shutting down.
    pub async fn hold(&self, role: &str, wait: Duration) -> Result<Hold> {
        let path = self.root.join(format!("run/{role}.lock"));
        let made = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        // On a disk that cannot be written a lock that is there can be held all the same.
        let file = made.or_else(|error| File::open(&path).map_err(|_| error));
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let deadline = tokio::time::Instant::now() + wait;
        let mut pause = tokio::time::interval(LOCK_PAUSE);
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

    /// Whether a process holds the folder for a role now.
    ///
    /// # Errors
    /// The disk refuses to tell.
    pub fn is_held(&self, role: &str) -> std::io::Result<bool> {
        let path = self.root.join(format!("run/{role}.lock"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.root.exists() => {
                return Ok(false);
            }
            // The whole folder was taken away: there is nothing left to watch here.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
            Err(error) => Err(error.into()),
        }
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
        replace(&path, &serde_json::to_vec(&running)?)
            .with_context(|| format!("writing {}", path.display()))
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
        self.secret("run/token", entropy)
    }

    /// What watch signs links with that say that a person is there; made on first use. Nobody is told it: who shows the
    /// token could make such links otherwise.
    pub fn presence_key(&self, entropy: &dyn Entropy) -> Result<Secret> {
        self.secret("run/presence.key", entropy)
    }

    fn secret(&self, name: &str, entropy: &dyn Entropy) -> Result<Secret> {
        let path = self.root.join(name);
        if let Some(token) = read_token(&path)? {
            return Ok(token);
        }
        let fresh = fresh_key(entropy);
        // It has its name only when it is whole, whenever this process dies, and whoever is first gives it.
        let making = path.with_extension(format!("new-{:016x}", entropy.next_u64()));
        let made = write_new(&making, fresh.as_bytes())
            .and_then(|()| fs::hard_link(&making, &path))
            .and_then(|()| File::open(self.root.join("run"))?.sync_all());
        let cleared = fs::remove_file(&making);
        match made {
            // Another process was first.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => made.with_context(|| format!("making {}", path.display()))?,
        }
        cleared.with_context(|| format!("removing {}", making.display()))?;
        read_token(&path)?.with_context(|| format!("{} is gone again", path.display()))
    }
}

/// Replaces a file as a whole: who reads it, also after a loss of power, finds the old one or the new one. One writer at a
/// time.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// 256 random bits, in hexadecimal digits.
pub(crate) fn fresh_key(entropy: &dyn Entropy) -> String {
    let words = (0..4).map(|_| format!("{:016x}", entropy.next_u64()));
    words.collect()
}

/// `None`: there is none yet.
fn read_token(path: &Path) -> Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().len() == 64 => Ok(Some(Secret::new(text.trim().to_owned()))),
        Ok(_) => bail!("{} is damaged: remove it and start again", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// A file that only its owner reads, written and synced.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
