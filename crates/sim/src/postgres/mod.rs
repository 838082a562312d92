//! A real PostgreSQL on loopback for tests and drills: made in a folder of its own, ended and removed when dropped.
//!
//! The faults are real ones: settings by `ALTER SYSTEM`, processes stopped by signals. Calls block: use them from a test's
//! own thread or a blocking task.

pub(crate) mod account;
pub(crate) mod programs;
mod session;
mod standby;

#[cfg(test)]
mod tests;

use crate::debian;
use crate::ports::free_port;
use crate::watchman::Watchman;
use account::Account;
use programs::Programs;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
pub use session::{Session, Who};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use tempfile::TempDir;

/// The database and its owner, an account without special rights.
const NAME: &str = "twinline";
/// The owner's password and the superuser's.
const PASSWORD: &str = "scratch";
/// How long starting and ending may take, in seconds.
const START_MAX_S: &str = "60";
/// A port that was free may be taken by somebody else before the server has it.
const PORTS_TRIED_MAX: u32 = 5;

/// What cannot be done with the server, with the last words of the program that failed.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The programs are missing.
    #[error("PostgreSQL is not installed (Debian: apt-get install postgresql)")]
    NotInstalled,
    /// A folder, an account or a program could not be used.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which one.
        program: String,
        /// Its last words.
        said: String,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    account: Account,
    port: u16,
    /// Processes that were stopped by a signal: they go on before the server is ended.
    stopped: Mutex<BTreeSet<u32>>,
    settings: Vec<(String, String)>,
    watchman: Option<Watchman>,
    folder: TempDir,
}

/// Ends the server, also one that stands still, and removes its folder when this process is killed before it can.
const ENDS: &str = "process=\"$(head -n 1 \"$2/data/postmaster.pid\")\"; kill -QUIT \"$process\"; kill -CONT \"$process\"; \
                    while kill -0 \"$process\"; do sleep 1; done; rm -rf \"$2\"";

impl Postgres {
    /// Whether this machine has the server's programs.
    pub fn is_installed() -> bool {
        Programs::find().is_some()
    }

    /// Whether a test that needs a server can run. Without one the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When `TWINLINE_TESTDATA_REQUIRED=1` says that the programs were installed, and they are missing.
    pub fn can_run() -> bool {
        debian::met(Self::is_installed(), "PostgreSQL")
    }

    /// Makes and starts a server with these settings (`max_connections`, `20`) and an empty database. Answers when it
    /// serves. It does not survive a crash of the machine: nothing is synced.
    ///
    /// # Errors
    /// The programs are missing, or one of them fails.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self, PostgresError> {
        Self::start_with(settings, None)
    }

    /// The same with its write-ahead log in a folder of the caller's, which is empty and the server's own from then on, in
    /// files of 1 MiB: a small volume is soon full.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_with_log_in(settings: &[(&str, &str)], log: &Path) -> Result<Self, PostgresError> {
        Self::start_with(settings, Some(log))
    }

    fn start_with(settings: &[(&str, &str)], log: Option<&Path>) -> Result<Self, PostgresError> {
        let settings = settings.iter();
        let owned = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut server = Self::in_folder(owned.collect())?;
        server.init(log)?;
        server.start_on_free_port()?;
        server.watchman = Some(server.watch()?);
        server.make_database()?;
        Ok(server)
    }

    /// A server with a folder and nothing in it.
    fn in_folder(settings: Vec<(String, String)>) -> Result<Self, PostgresError> {
        let programs = Programs::find().ok_or(PostgresError::NotInstalled)?;
        let account = Account::for_server()?;
        let folder = TempDir::with_prefix("twinline-postgres-")
            .map_err(|e| system("making a folder for PostgreSQL", e))?;
        account.give(folder.path())?;
        Ok(Self {
            programs,
            account,
            port: 0,
            stopped: Mutex::default(),
            settings,
            watchman: None,
            folder,
        })
    }

    /// Where it listens on loopback.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://…`: as the database's owner.
    pub fn url(&self) -> String {
        format!(
            "postgres://{NAME}:{PASSWORD}@127.0.0.1:{}/{NAME}",
            self.port
        )
    }

    /// Runs SQL as the superuser in the database; answers with the rows, columns separated by `|`.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn psql(&self, sql: &str) -> Result<String, PostgresError> {
        self.psql_in(NAME, sql)
    }

    /// As [`Postgres::psql`], on a server whose transactions are read-only unless they say otherwise.
    ///
    /// # Errors
    /// What `psql` says.
    fn psql_writing(&self, sql: &str) -> Result<String, PostgresError> {
        let mut command = self.psql_command(NAME, sql);
        command.env("PGOPTIONS", "-c default_transaction_read_only=off");
        run(command).map(|said| said.trim().to_owned())
    }

    /// Changes a setting for all sessions, those that are open too.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn set(&self, name: &str, value: &str) -> Result<(), PostgresError> {
        self.psql(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        self.reload()
    }

    /// Takes a change of [`Postgres::set`] back.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn reset(&self, name: &str) -> Result<(), PostgresError> {
        self.psql_writing(&format!("ALTER SYSTEM RESET {name}"))?;
        self.reload()
    }

    /// The commits hang while everything else works: no standby of the name that they wait for exists.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn hang_commits(&self) -> Result<(), PostgresError> {
        self.set("synchronous_standby_names", "ghost")
    }

    /// Heals [`Postgres::hang_commits`].
    ///
    /// # Errors
    /// What `psql` says.
    pub fn let_commit(&self) -> Result<(), PostgresError> {
        self.reset("synchronous_standby_names")
    }

    /// Makes a tablespace in a folder that is not there yet, below one that the server's account may pass.
    ///
    /// # Errors
    /// The folder cannot be made, or what `psql` says.
    pub fn make_tablespace(&self, name: &str, folder: &Path) -> Result<(), PostgresError> {
        std::fs::create_dir(folder).map_err(|e| system("making a tablespace's folder", e))?;
        self.account.give(folder)?;
        let place = folder.display();
        self.psql(&format!("CREATE TABLESPACE {name} LOCATION '{place}'"))?;
        Ok(())
    }

    /// The process that accepts connections.
    ///
    /// # Errors
    /// The server does not run.
    pub fn postmaster(&self) -> Result<u32, PostgresError> {
        let file = self.data().join("postmaster.pid");
        let text =
            std::fs::read_to_string(&file).map_err(|e| system("reading postmaster.pid", e))?;
        let first = text.lines().next().unwrap_or_default();
        first.trim().parse().map_err(|_| PostgresError::Failed {
            program: "postgres".to_owned(),
            said: format!("its process id is '{first}'"),
        })
    }

    /// Stops one of the server's processes where it stands (SIGSTOP).
    ///
    /// # Errors
    /// There is no such process.
    pub fn freeze(&self, process: u32) -> Result<(), PostgresError> {
        self.stopped().insert(process);
        signal(process, Signal::STOP)
    }

    /// Lets a stopped process go on.
    ///
    /// # Errors
    /// There is no such process.
    pub fn thaw(&self, process: u32) -> Result<(), PostgresError> {
        self.stopped().remove(&process);
        signal(process, Signal::CONT)
    }

    /// Ends the server at once, as a crash would: no checkpoint, open transactions are lost.
    ///
    /// # Errors
    /// What `pg_ctl` says.
    pub fn crash(&self) -> Result<(), PostgresError> {
        self.pg_ctl(&["stop", "--mode=immediate"])
    }

    /// Starts the server again, on the port that it had.
    ///
    /// # Errors
    /// What `pg_ctl` says, with the end of the server's log.
    pub fn start_again(&self) -> Result<(), PostgresError> {
        let mut options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c shared_buffers=16MB",
            self.port
        );
        for (name, value) in &self.settings {
            options.push_str(&format!(" -c {name}={value}"));
        }
        let log = self.folder.path().join("log").display().to_string();
        self.pg_ctl(&["start", "--log", &log, "--options", &options])
            .map_err(|error| match error {
                PostgresError::Failed { program, said } => PostgresError::Failed {
                    program,
                    said: format!(
                        "{said}\n{}",
                        std::fs::read_to_string(&log).unwrap_or_default()
                    ),
                },
                other => other,
            })
    }

    /// Ends the server, removes all that it had, and makes an empty one at the same address: a database that was lost.
    ///
    /// # Errors
    /// What the programs say.
    pub fn lose(&self) -> Result<(), PostgresError> {
        self.crash()?;
        std::fs::remove_dir_all(self.data())
            .map_err(|e| system("removing the server's data", e))?;
        self.init(None)?;
        self.start_again()?;
        self.make_database()
    }

    fn make_database(&self) -> Result<(), PostgresError> {
        self.psql_in(
            "postgres",
            &format!("CREATE ROLE {NAME} LOGIN PASSWORD '{PASSWORD}'"),
        )?;
        let made = self.psql_in("postgres", &format!("CREATE DATABASE {NAME} OWNER {NAME}"));
        made.map(drop)
    }

    /// Whether the server's first process is there.
    pub fn is_running(&self) -> bool {
        let process = self.postmaster().ok();
        process.is_some_and(|process| asked(process).is_ok())
    }

    fn init(&self, log: Option<&Path>) -> Result<(), PostgresError> {
        let word = self.folder.path().join("password");
        std::fs::write(&word, PASSWORD).map_err(|e| system("writing the password", e))?;
        self.account.give(&word)?;
        let mut command = self.program("initdb");
        command
            .args(["--username=postgres", "--auth=scram-sha-256", "--no-sync"])
            .args(["--encoding=UTF8", "--no-locale", "--no-instructions"])
            .arg(format!("--pwfile={}", word.display()))
            .arg(self.data());
        if let Some(log) = log {
            self.account.give(log)?;
            command.arg("--wal-segsize=1").arg("--waldir").arg(log);
        }
        run(command).map(drop)
    }

    fn start_on_free_port(&mut self) -> Result<(), PostgresError> {
        let mut tried = 0;
        loop {
            tried += 1;
            self.port = free_port().map_err(|e| system("looking for a free port", e))?;
            match self.start_again() {
                Err(PostgresError::Failed { said, .. })
                    if tried < PORTS_TRIED_MAX && said.contains("Address already in use") => {}
                started => return started,
            }
        }
    }

    fn watch(&self) -> Result<Watchman, PostgresError> {
        Watchman::of(self.folder.path(), ENDS).map_err(|e| system("starting sh", e))
    }

    fn reload(&self) -> Result<(), PostgresError> {
        self.psql("SELECT pg_reload_conf()").map(drop)
    }

    fn psql_in(&self, database: &str, sql: &str) -> Result<String, PostgresError> {
        run(self.psql_command(database, sql)).map(|said| said.trim().to_owned())
    }

    fn psql_command(&self, database: &str, sql: &str) -> Command {
        let mut command = self.program("psql");
        command
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host=127.0.0.1"])
            .arg(format!("--port={}", self.port))
            .args([
                "--username=postgres",
                "--dbname",
                database,
                "--command",
                sql,
            ])
            .env("PGPASSWORD", PASSWORD);
        command
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<(), PostgresError> {
        let mut command = self.program("pg_ctl");
        command
            .args(arguments)
            .args(["--silent", "--wait", "--timeout", START_MAX_S, "--pgdata"])
            .arg(self.data());
        // What pg_ctl starts keeps its output open: a pipe to it would never end.
        let said = self.folder.path().join("pg_ctl");
        let file = std::fs::File::create(&said).map_err(|e| system("making pg_ctl's log", e))?;
        let copy = file
            .try_clone()
            .map_err(|e| system("doubling pg_ctl's log", e))?;
        let status = command.stdout(file).stderr(copy).status();
        if status.map_err(|e| system("starting pg_ctl", e))?.success() {
            return Ok(());
        }
        Err(PostgresError::Failed {
            program: format!("pg_ctl {}", arguments.first().copied().unwrap_or_default()),
            said: std::fs::read_to_string(said).unwrap_or_default(),
        })
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.path(name));
        self.account.runs(&mut command);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn stopped(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.stopped.lock().expect("no code panics with this lock")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watchman.take());
        for process in std::mem::take(&mut *self.stopped()) {
            // One that has ended meanwhile needs nothing.
            drop(signal(process, Signal::CONT));
        }
        if self.data().join("postmaster.pid").exists()
            && let Err(error) = self.crash()
        {
            tracing::warn!(%error, "a scratch PostgreSQL could not be ended");
        }
    }
}

/// Whether a process is there: asked, not told anything.
fn asked(process: u32) -> Result<(), PostgresError> {
    let what = || format!("looking for process {process}");
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| system(what(), io::ErrorKind::InvalidInput.into()))?;
    test_kill_process(id).map_err(|e| system(what(), e.into()))
}

pub(crate) fn signal(process: u32, signal: Signal) -> Result<(), PostgresError> {
    let what = || format!("a signal to process {process}");
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| system(what(), io::ErrorKind::InvalidInput.into()))?;
    kill_process(id, signal).map_err(|e| system(what(), e.into()))
}

pub(crate) fn run(mut command: Command) -> Result<String, PostgresError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|e| system(format!("starting {program}"), e))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(PostgresError::Failed {
        program,
        said: format!("{said}{errors}"),
    })
}

pub(crate) fn system(what: impl Into<String>, source: io::Error) -> PostgresError {
    PostgresError::System {
        what: what.into(),
        source,
    }
}
