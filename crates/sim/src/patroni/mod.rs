//! A real Patroni on loopback for tests and drills: two members over an etcd of their own, configured by the repository's
//! `deploy/patroni/patroni.yml`, ended and removed when dropped. Calls block.

mod api;
mod certificate;
mod config;

#[cfg(test)]
mod tests;

pub use api::MemberState;

use crate::debian;
use crate::etcd::{Etcd, EtcdStartError};
use crate::ports::free_ports;
use crate::postgres::account::Account;
use crate::postgres::programs::Programs;
use crate::postgres::{PostgresError, run, signal, system};
use crate::watchman::Watchman;
use certificate::Certificate;
use config::{Own, config};
use rustix::process::Signal;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const PROGRAM: &str = "/usr/bin/patroni";
/// Without this Patroni does not speak to etcd (Debian: python3-etcd).
const ETCD_CLIENT: &str = "/usr/lib/python3/dist-packages/etcd";
const NAMES: [&str; 2] = ["m0", "m1"];
/// Of all accounts of the cluster.
const PASSWORD: &str = "scratch";
/// Where the members are.
const ADDRESS: &str = "127.0.0.1";
/// What people run on the leader of a new cluster.
const SETUP: &str = include_str!("../../../../deploy/patroni/twinline.sql");
/// What Patroni calls when a member gets another role, or was restarted.
const CALLBACK: &str = include_str!("../../../../deploy/patroni/twinline-callback");
/// How often it is looked whether something has come about, each tenth of a second.
const LOOKS_MAX: u32 = 900;

/// What commits wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// The leader only.
    Off,
    /// The standby, where there is one.
    On,
    /// The standby; without one they hang.
    Strict,
}

/// What cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PatroniError {
    /// The program is missing.
    #[error("Patroni is not installed (Debian: apt-get install patroni python3-etcd postgresql)")]
    NotInstalled,
    /// Its etcd does not start.
    #[error(transparent)]
    Etcd(#[from] EtcdStartError),
    /// A program of PostgreSQL failed, or a folder or an account cannot be used.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// No certificate could be made for it.
    #[error("making a certificate")]
    Certificate(#[source] rcgen::Error),
    /// Patroni was not reached.
    #[error("asking Patroni")]
    Unreachable(#[from] io::Error),
    /// It refused.
    #[error("Patroni refused ({status}): {said}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        said: String,
    },
    /// What was waited for did not come about.
    #[error("waited for {what}; the members are {members:?}; a log ends with: {log}")]
    Late {
        /// What was waited for.
        what: String,
        /// What there is instead.
        members: Vec<MemberState>,
        /// The first member's last words.
        log: String,
    },
}

/// A running cluster.
#[derive(Debug)]
pub struct Patroni {
    programs: Programs,
    account: Account,
    members: Vec<Member>,
    watchman: Option<Watchman>,
    etcd: Etcd,
    authority: String,
    folder: TempDir,
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    rest: u16,
    port: u16,
    /// `None`: it is stopped.
    child: Option<Child>,
}

/// Ends the cluster and removes its folder when this process is killed before it can.
const ENDS: &str = "for file in \"$2\"/*.pid; do kill -KILL \"$(cat \"$file\")\"; done; \
                    for data in \"$2\"/m?; do process=\"$(head -n 1 \"$data/postmaster.pid\")\"; \
                    kill -QUIT \"$process\"; kill -CONT \"$process\"; \
                    while kill -0 \"$process\"; do sleep 1; done; done; rm -rf \"$2\"";

impl Patroni {
    /// Whether this machine has the programs.
    pub fn is_installed() -> bool {
        let patroni = Path::new(PROGRAM).is_file() && Path::new(ETCD_CLIENT).exists();
        patroni && Programs::find().is_some() && Etcd::is_installed()
    }

    /// Whether a test that needs it can run. Without it the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When `TWINLINE_TESTDATA_REQUIRED=1` says that the programs were installed, and they are missing.
    pub fn can_run() -> bool {
        debian::met(Self::is_installed(), "Patroni")
    }

    /// Makes and starts a cluster of a leader and a standby, with an empty database. Answers when both serve, and the
    /// standby is what commits wait for where they are to.
    ///
    /// # Errors
    /// The programs are missing, or one of them fails.
    pub fn start(synchronous: Synchronous) -> Result<Self, PatroniError> {
        Self::start_with(synchronous, false)
    }

    /// The same, where Twinline's account needs TLS and no password.
    ///
    /// # Errors
    /// As [`Patroni::start`].
    pub fn start_trusting(synchronous: Synchronous) -> Result<Self, PatroniError> {
        Self::start_with(synchronous, true)
    }

    fn start_with(synchronous: Synchronous, is_trusted: bool) -> Result<Self, PatroniError> {
        let programs = Programs::find().filter(|_| Self::is_installed());
        let programs = programs.ok_or(PatroniError::NotInstalled)?;
        let account = Account::for_server()?;
        let etcd = Etcd::start(1)?;
        let folder = TempDir::with_prefix("twinline-patroni-")?;
        account.give(folder.path())?;
        let certificate = Certificate::new(ADDRESS).map_err(PatroniError::Certificate)?;
        let ports = free_ports(NAMES.len() * 2)?;
        let members = NAMES.iter().zip(ports.chunks(2));
        let members = members.map(|(name, ports)| Member {
            name,
            rest: ports[0],
            port: ports[1],
            child: None,
        });
        let mut cluster = Self {
            watchman: Some(Watchman::of(folder.path(), ENDS)?),
            members: members.collect(),
            programs,
            account,
            etcd,
            authority: certificate.authority,
            folder,
        };
        // As central.md has them put beside the configuration.
        cluster.install("twinline-callback", CALLBACK, 0o755)?;
        cluster.install("server.crt", &certificate.shown, 0o644)?;
        cluster.install("server.key", &certificate.key, 0o600)?;
        for number in 0..NAMES.len() {
            cluster.configure(number, synchronous, is_trusted)?;
            cluster.spawn(number)?;
        }
        cluster.wait_for_two(synchronous)?;
        let setup = cluster.install("twinline.sql", SETUP, 0o644)?;
        let mut psql = cluster.psql_command("postgres")?;
        psql.arg("--file")
            .arg(&setup)
            .arg(format!("--variable=password={PASSWORD}"));
        run(psql)?;
        Ok(cluster)
    }

    /// Puts a file into the cluster's folder, for its account alone to change; where it is.
    fn install(&self, name: &str, text: &str, mode: u32) -> Result<PathBuf, PatroniError> {
        let file = self.folder.path().join(name);
        let mut options = std::fs::File::options();
        let options = options.write(true).create_new(true).mode(mode);
        options.open(&file)?.write_all(text.as_bytes())?;
        std::fs::set_permissions(&file, Permissions::from_mode(mode))?;
        self.account.give(&file)?;
        Ok(file)
    }

    /// `postgres://…` with all members: as the database's owner, who is let in with TLS and a password only.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = (self.members.iter())
            .map(|member| format!("{ADDRESS}:{}", member.port))
            .collect();
        format!(
            "postgres://twinline:{PASSWORD}@{}/twinline?sslmode=require",
            hosts.join(",")
        )
    }

    /// What the members' certificate is checked against, as PEM: what `central.ca` names.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// From now on its callbacks tell these watches (`http://host:port`) of a new leader.
    ///
    /// # Errors
    /// The file beside the callback cannot be written.
    pub fn tells(&self, watches: &[String], token: &str) -> Result<(), PatroniError> {
        let settings = serde_json::json!({ "watches": watches, "token": token });
        let file = self.folder.path().join("watch.json");
        std::fs::write(&file, settings.to_string())?;
        Ok(self.account.give(&file)?)
    }

    /// The etcd that it stands on.
    pub const fn etcd(&self) -> &Etcd {
        &self.etcd
    }

    /// All members, as one that runs knows them.
    ///
    /// # Errors
    /// None answers.
    pub fn members(&self) -> Result<Vec<MemberState>, PatroniError> {
        let running = self.members.iter().find(|one| one.child.is_some());
        let running = running.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        Ok(api::members(running.rest)?)
    }

    /// The member that takes writes; `None`: there is none now.
    ///
    /// # Errors
    /// No member answers.
    pub fn leader(&self) -> Result<Option<MemberState>, PatroniError> {
        Ok(self.members()?.into_iter().find(MemberState::leads))
    }

    /// Makes the standby the leader; answers with it when it leads.
    ///
    /// # Errors
    /// Patroni refuses, or it does not come about.
    pub fn switchover(&self) -> Result<MemberState, PatroniError> {
        let old = self.wait("a leader", |all| {
            all.iter().find(|one| one.leads()).cloned()
        })?;
        let standby = |all: &[MemberState]| {
            let other = all.iter().find(|one| one.name != old.name);
            other.filter(|one| one.serves()).cloned()
        };
        let new = self.wait("a standby", standby)?;
        let wish = serde_json::json!({ "leader": old.name, "candidate": new.name });
        let (status, said) = api::ask(self.rest(), "POST", "/switchover", &wish.to_string())?;
        if status != 200 {
            return Err(PatroniError::Refused { status, said });
        }
        self.wait("the new leader", |all| {
            let leader = all.iter().find(|one| one.leads());
            leader.filter(|leader| leader.name == new.name).cloned()
        })
    }

    /// Ends the standby, as its machine's end would.
    ///
    /// # Errors
    /// There is no leader, or the standby does not end.
    pub fn stop_standby(&mut self) -> Result<(), PatroniError> {
        let leader = self.wait("a leader", |all| {
            all.iter().find(|one| one.leads()).cloned()
        })?;
        let standby = self.members.iter().position(|one| one.name != leader.name);
        let standby = standby.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        self.end(standby)?;
        Ok(())
    }

    /// Starts again what [`Patroni::stop_standby`] ended; answers when it follows the leader.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_standby(&mut self) -> Result<(), PatroniError> {
        for number in 0..self.members.len() {
            if self.members[number].child.is_none() {
                self.spawn(number)?;
            }
        }
        self.wait("two members that serve", |all| {
            (all.iter().filter(|one| one.serves()).count() == NAMES.len()).then_some(())
        })
    }

    /// Runs SQL as the superuser on the leader; answers with the rows, columns separated by `|`.
    ///
    /// # Errors
    /// There is no leader, or what `psql` says.
    pub fn psql(&self, sql: &str) -> Result<String, PatroniError> {
        let mut command = self.psql_command("twinline")?;
        command.args(["--command", sql]);
        Ok(run(command).map(|said| said.trim().to_owned())?)
    }

    fn psql_command(&self, database: &str) -> Result<Command, PatroniError> {
        let leader = self.wait("a leader", |all| {
            all.iter().find(|one| one.leads()).cloned()
        })?;
        let mut command = Command::new(self.programs.path("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host", ADDRESS])
            .arg(format!("--port={}", leader.port))
            .args(["--username=postgres", "--dbname", database])
            .env("PGPASSWORD", PASSWORD)
            // Certificates are looked for in the account's folder, and another's may not be read.
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        self.account.runs(&mut command);
        Ok(command)
    }

    fn configure(
        &self,
        number: usize,
        synchronous: Synchronous,
        is_trusted: bool,
    ) -> Result<(), PatroniError> {
        let member = &self.members[number];
        let etcd = self.etcd.endpoints().join(",").replace("http://", "");
        let text = config(&Own {
            name: member.name,
            rest: member.rest,
            port: member.port,
            etcd: &etcd,
            folder: self.folder.path(),
            programs: &self.programs.path(""),
            password: PASSWORD,
            synchronous,
            is_trusted,
        });
        let file = self.file(number, "yml");
        std::fs::write(&file, text)?;
        Ok(self.account.give(&file)?)
    }

    fn spawn(&mut self, number: usize) -> Result<(), PatroniError> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.file(number, "log"))?;
        let mut command = Command::new(PROGRAM);
        self.account.runs(&mut command);
        command
            .arg(self.file(number, "yml"))
            // The account's own folder may not be there, and another's may not be read.
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let child = command
            .spawn()
            .map_err(|error| system("starting patroni", error))?;
        std::fs::write(self.file(number, "pid"), child.id().to_string())?;
        self.members[number].child = Some(child);
        Ok(())
    }

    /// Kills a member's Patroni, then ends its server at once.
    fn end(&mut self, number: usize) -> io::Result<()> {
        let Some(mut child) = self.members[number].child.take() else {
            return Ok(());
        };
        child.kill()?;
        child.wait()?;
        let pid = self.data(number).join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&pid) else {
            return Ok(());
        };
        let postmaster = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        // One that has ended meanwhile is as good as ended.
        if let Some(postmaster) = postmaster
            && signal(postmaster, Signal::QUIT).is_ok()
        {
            wait_until(|| !pid.exists());
        }
        Ok(())
    }

    fn wait_for_two(&self, synchronous: Synchronous) -> Result<(), PatroniError> {
        let standby = match synchronous {
            Synchronous::Off => "replica",
            Synchronous::On | Synchronous::Strict => "sync_standby",
        };
        self.wait("a leader and a standby", |all| {
            let leads = all.iter().any(MemberState::leads);
            let follows = |one: &MemberState| one.role == standby && one.serves();
            (leads && all.iter().any(follows)).then_some(())
        })
    }

    fn wait<T>(
        &self,
        what: &str,
        wished: impl Fn(&[MemberState]) -> Option<T>,
    ) -> Result<T, PatroniError> {
        let mut found = None;
        wait_until(|| {
            found = self.members().ok().and_then(|members| wished(&members));
            found.is_some()
        });
        found.ok_or_else(|| {
            let log = std::fs::read_to_string(self.file(0, "log")).unwrap_or_default();
            PatroniError::Late {
                what: what.to_owned(),
                members: self.members().unwrap_or_default(),
                log: log.lines().rev().take(20).collect::<Vec<_>>().join("\n"),
            }
        })
    }

    /// A member that runs is asked.
    fn rest(&self) -> u16 {
        let running = self.members.iter().find(|one| one.child.is_some());
        running.map_or(0, |one| one.rest)
    }

    fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(self.members[number].name)
    }

    fn file(&self, number: usize, kind: &str) -> PathBuf {
        self.data(number).with_extension(kind)
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        drop(self.watchman.take());
        for number in 0..self.members.len() {
            if let Err(error) = self.end(number) {
                tracing::warn!(%error, "a member of a scratch Patroni could not be ended");
            }
        }
    }
}

/// Looks until it is so, or patience ends.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    // Tests' threads wait here; no clock is asked.
    for _ in 0..LOOKS_MAX {
        if is_so() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}
