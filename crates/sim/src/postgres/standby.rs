//! A second server that follows a first one, and may take its place.

use super::{PASSWORD, Postgres, PostgresError, run};

impl Postgres {
    /// Makes and starts a standby that follows this server under a name (as `synchronous_standby_names` knows it).
    ///
    /// # Errors
    /// The programs are missing, or one of them fails.
    pub fn standby(&self, name: &str) -> Result<Self, PostgresError> {
        let mut standby = Self::in_folder(self.settings.clone())?;
        let from = format!(
            "host=127.0.0.1 port={} user=postgres password={PASSWORD} application_name={name}",
            self.port
        );
        let mut copy = standby.program("pg_basebackup");
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync"])
            .args(["--write-recovery-conf", "--dbname", &from, "--pgdata"])
            .arg(standby.data());
        run(copy)?;
        standby.start_on_free_port()?;
        standby.watchman = Some(standby.watch()?);
        Ok(standby)
    }

    /// Makes a standby a server of its own that takes writes, on a new timeline. The one that it followed is not asked.
    ///
    /// # Errors
    /// What `pg_ctl` says.
    pub fn promote(&self) -> Result<(), PostgresError> {
        self.pg_ctl(&["promote"])
    }

    /// `postgres://…` with both servers in it, this one first.
    pub fn url_with(&self, other: &Self) -> String {
        let both = format!("@127.0.0.1:{},127.0.0.1:{}/", self.port, other.port);
        let one = format!("@127.0.0.1:{}/", self.port);
        self.url().replace(&one, &both)
    }
}
