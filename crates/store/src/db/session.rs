//! The writing connection: runs jobs in batches, each batch one transaction, each job one savepoint in it.

use super::fault::{CommitFault, FaultPlan};
use super::health::HealthCell;
use super::job::{Failed, Job};
use super::open::FileName;
use crate::error::StoreError;
use rusqlite::Connection;
use std::sync::Arc;

/// The one connection of a file that writes.
pub(super) struct Session {
    /// Why there is none any more: closed, or (simulated) crashed.
    conn: Result<Connection, StoreError>,
    file: FileName,
    faults: Box<dyn FaultPlan>,
    health: Arc<HealthCell>,
    batches: u64,
    commits: u64,
}

/// A batch that is being filled.
pub(super) struct Batch<'s> {
    session: &'s mut Session,
    jobs: Vec<Box<dyn Job>>,
    /// Set when the transaction is gone: SQLite rolls back all of it when the disk is full.
    broken: Option<StoreError>,
}

impl Session {
    pub(super) fn new(
        conn: Connection,
        file: FileName,
        faults: Box<dyn FaultPlan>,
        health: Arc<HealthCell>,
    ) -> Self {
        Self {
            conn: Ok(conn),
            file,
            faults,
            health,
            batches: 0,
            commits: 0,
        }
    }

    /// The connection, for reads and checkpoints between batches.
    pub(super) fn conn(&self) -> Result<&Connection, StoreError> {
        self.conn.as_ref().map_err(Clone::clone)
    }

    /// Lets the connection go.
    pub(super) fn close(&mut self) {
        self.conn = Err(StoreError::Closed {
            file: self.file.to_string(),
        });
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.conn.is_err()
    }

    /// Begins a batch.
    pub(super) fn batch(&mut self) -> Batch<'_> {
        self.batches += 1;
        let fault = self.faults.at_begin(self.batches);
        let began = fault
            .outcome()
            .and_then(|()| self.conn())
            .and_then(|conn| run(conn, "BEGIN IMMEDIATE"));
        let broken = began.err().map(|e| e.in_file(&self.file));
        Batch {
            session: self,
            jobs: Vec::new(),
            broken,
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.commits += 1;
        let fault = self.faults.at_commit(self.commits);
        match fault {
            CommitFault::None => run(self.conn()?, "COMMIT"),
            CommitFault::DiskFull => Err(StoreError::DiskFull {
                file: self.file.to_string(),
            }),
            CommitFault::ReadOnly => Err(StoreError::ReadOnly {
                file: self.file.to_string(),
            }),
            CommitFault::CrashBefore => self.crash(),
            CommitFault::CrashAfter => {
                run(self.conn()?, "COMMIT")?;
                self.crash()
            }
        }
    }

    fn crash(&mut self) -> Result<(), StoreError> {
        self.die();
        self.conn().map(drop)
    }

    /// Drops the connection as a dying process would; SQLite rolls an open transaction back.
    pub(super) fn die(&mut self) {
        self.conn = Err(StoreError::Crashed {
            file: self.file.to_string(),
        });
    }
}

impl Batch<'_> {
    /// How many jobs are in it.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether more jobs can join.
    pub(super) const fn is_open(&self) -> bool {
        self.broken.is_none()
    }

    /// Runs one job; its failure rolls back its own part only.
    pub(super) fn add(&mut self, mut job: Box<dyn Job>) {
        if self.broken.is_none()
            && let Err(error) = self.run_one(job.as_mut())
        {
            self.broken = Some(error.in_file(&self.session.file));
        }
        self.jobs.push(job);
    }

    /// An error means that the whole batch is lost.
    fn run_one(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        let conn = self.session.conn()?;
        run(conn, "SAVEPOINT job")?;
        let Err(failed) = job.run(conn) else {
            return run(conn, "RELEASE job");
        };
        if let Failed::Error(error) = failed {
            let error = error.in_file(&self.session.file);
            self.session.health.note(&self.session.file, Err(&error));
            if conn.is_autocommit() {
                return Err(error);
            }
        }
        run(conn, "ROLLBACK TO job")?;
        run(conn, "RELEASE job")
    }

    /// Commits, then tells every waiter.
    pub(super) fn finish(self) {
        let Self {
            session,
            jobs,
            broken,
        } = self;
        let outcome = match broken {
            None => session.commit(),
            Some(error) => Err(error),
        };
        let outcome = outcome.map_err(|e| e.in_file(&session.file));
        if outcome.is_err()
            && let Ok(conn) = &session.conn
            && !conn.is_autocommit()
            && let Err(error) = run(conn, "ROLLBACK")
        {
            tracing::error!(file = &*session.file, %error, "a failed batch could not be rolled back");
        }
        session
            .health
            .note(&session.file, outcome.as_ref().map(|&()| ()));
        for job in jobs {
            job.release(outcome.clone());
        }
    }
}

fn run(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}
