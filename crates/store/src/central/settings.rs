//! How to reach the central database, and how long each step may take.

use super::error::CentralError;
use super::tls;
use crate::formats::Formats;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How to use the central database.
#[derive(Clone, Debug)]
pub struct CentralSettings {
    /// This machine's name: names its canary and its sessions.
    pub machine: String,
    /// The limits of each step.
    pub deadlines: Deadlines,
    /// How many connections each pool may have.
    pub pools: PoolSizes,
    /// So many writes may have been given up while the server may still be at them; then the breaker opens.
    pub abandoned_commits_max: u32,
    /// How often a commit is tried, and when it counts as stuck.
    pub canary: CanarySettings,
    /// Up to which schema the database is brought, and in which form replicas are.
    pub formats: Formats,
    /// Whether it writes nothing but what proves commits, for which every schema will do, also one that is newer than
    /// `formats`.
    pub proves_only: bool,
}

/// How long each step may take. Beginning a transaction has the time of a statement; a connection is given back without
/// asking the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Resolving the names, connecting, TLS and the server's handshake, together.
    pub connect: Duration,
    /// Waiting for a connection of a pool that is all in use.
    pub acquire: Duration,
    /// One statement.
    pub statement: Duration,
    /// A commit.
    pub commit: Duration,
}

/// How many connections each pool may have. They are apart, so that writes that hang take nothing from reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSizes {
    /// Writes.
    pub replicate: usize,
    /// Reads.
    pub read: usize,
    /// The commit canary.
    pub probe: usize,
}

/// The commit canary's pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanarySettings {
    /// Between two commits.
    pub period: Duration,
    /// A canary that takes longer means that commits are stuck.
    pub deadline: Duration,
}

impl Default for CentralSettings {
    fn default() -> Self {
        const fn ms(count: u64) -> Duration {
            Duration::from_millis(count)
        }
        Self {
            machine: "machine".to_owned(),
            deadlines: Deadlines {
                connect: ms(2000),
                acquire: ms(500),
                statement: ms(2000),
                commit: ms(2000),
            },
            pools: PoolSizes {
                replicate: 4,
                read: 4,
                probe: 1,
            },
            abandoned_commits_max: 8,
            canary: CanarySettings {
                period: ms(1000),
                deadline: ms(1500),
            },
            formats: Formats::CURRENT,
            proves_only: false,
        }
    }
}

/// Which servers, under which account. Its `Debug` shows no password.
#[derive(Clone)]
pub struct CentralAddress {
    pub(super) account: Config,
    /// Names or addresses with their ports, in the order of the URL.
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) tls: Option<Arc<MakeRustlsConnect>>,
}

impl CentralAddress {
    /// From `postgres://user:password@host1:5432,host2/database?sslmode=require`. Writes always go to the host that takes
    /// them (`target_session_attrs=read-write` is implied).
    ///
    /// TLS is `sslmode`: `disable`, `prefer` (when the server has it; so without the key) or `require`. Where there is
    /// TLS, the server's certificate is checked against `authority` (certificates as PEM), else against what the system
    /// trusts.
    ///
    /// # Errors
    /// [`CentralError::Settings`]; it names no part of the URL, which may hold a password.
    pub fn parse(url: &str, authority: Option<&[u8]>) -> Result<Self, CentralError> {
        let wrong = |reason: &str| CentralError::Settings(reason.to_owned());
        let account: Config = url.trim().parse().map_err(|_| {
            wrong("it is not of the form postgres://user:password@host1,host2/database?sslmode=require")
        })?;
        if account.get_user().is_none() {
            return Err(wrong("it names no user"));
        }
        if account.get_hosts().is_empty() {
            return Err(wrong("it names no host"));
        }
        let ports = account.get_ports();
        let mut hosts = Vec::new();
        for (place, host) in account.get_hosts().iter().enumerate() {
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => hosts.push((name.clone(), port)),
                #[cfg(unix)]
                Host::Unix(_) => return Err(wrong("a host is a path; give a name or an address")),
            }
        }
        let tls = match account.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(Arc::new(tls::connector(authority)?)),
        };
        Ok(Self {
            account,
            hosts,
            tls,
        })
    }

    /// The servers, each as `host:port`.
    pub fn servers(&self) -> Vec<String> {
        let each = self.hosts.iter();
        each.map(|(name, port)| format!("{name}:{port}")).collect()
    }
}

impl fmt::Debug for CentralAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CentralAddress")
            .field("hosts", &self.hosts)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}
