//! Sessions beside those under test: one that holds a lock, others that take the server's places.

use super::{NAME, PASSWORD, Postgres, PostgresError, system};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, Stdio};

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The superuser, who has reserved places.
    Superuser,
    /// The database's owner, as the program under test.
    Owner,
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Superuser => "postgres",
            Self::Owner => NAME,
        }
    }
}

/// A `psql` that stays connected, with whatever it has open; it ends, and the server rolls back, when it is dropped.
#[derive(Debug)]
pub struct Session {
    child: Child,
    input: ChildStdin,
}

impl Postgres {
    /// Opens a session. Its application name is `drill`.
    ///
    /// # Errors
    /// `psql` cannot be started.
    pub fn session(&self, who: Who) -> Result<Session, PostgresError> {
        let mut command = self.program("psql");
        command
            .args(["--no-psqlrc", "--quiet", "--host=127.0.0.1"])
            .arg(format!("--port={}", self.port))
            .args(["--dbname", NAME, "--username", who.name()])
            .env("PGPASSWORD", PASSWORD)
            .env("PGAPPNAME", "drill")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|e| system("starting psql", e))?;
        let input = child.stdin.take().expect("its input is a pipe");
        Ok(Session { child, input })
    }

    /// Lets everybody in from an address who knows the password; `is_trusted`: everybody.
    ///
    /// # Errors
    /// The server's file cannot be written, or what `psql` says.
    pub fn admit(&self, from: Ipv4Addr, is_trusted: bool) -> Result<(), PostgresError> {
        let file = self.data().join("pg_hba.conf");
        let method = if is_trusted { "trust" } else { "scram-sha-256" };
        let write = || {
            // The first line that fits is what counts.
            let before = std::fs::read_to_string(&file)?;
            std::fs::write(&file, format!("host all all {from}/32 {method}\n{before}"))
        };
        write().map_err(|e| system("writing pg_hba.conf", e))?;
        self.reload()
    }

    /// The server's processes that serve this application, by the beginning of its name.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn backends(&self, application: &str) -> Result<Vec<u32>, PostgresError> {
        let sql = format!(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '{application}%' ORDER BY pid"
        );
        let listed = self.psql(&sql)?;
        Ok(listed.lines().filter_map(|pid| pid.parse().ok()).collect())
    }

    /// Every process of the server but the first.
    ///
    /// # Errors
    /// The server does not run, or the system's list of processes cannot be read.
    pub fn children(&self) -> Result<Vec<u32>, PostgresError> {
        let parent = self.postmaster()?;
        let listed = format!("/proc/{parent}/task/{parent}/children");
        let text = std::fs::read_to_string(listed);
        let text = text.map_err(|e| system("listing the server's processes", e))?;
        Ok(text
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect())
    }
}

impl Session {
    /// Sends a statement; whether it succeeds is seen at the server.
    ///
    /// # Errors
    /// `psql` has ended.
    pub fn send(&mut self, sql: &str) -> Result<(), PostgresError> {
        let sent = writeln!(self.input, "{sql};").and_then(|()| self.input.flush());
        sent.map_err(|e| system("speaking to psql", e))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
