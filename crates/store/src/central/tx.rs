//! One transaction, a deadline on each of its steps.

use super::breaker::Pass;
use super::error::{CentralError, Step};
use super::health::PoolName;
use super::lease::Lease;
use super::session::{fault, leaves_connection, words};
use super::state::{Begun, State};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

/// A value with its type, so that a statement takes one round trip.
pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// What a step after a failed one is told.
const FAILED: &str = "an earlier statement of the transaction had failed";

/// A transaction. Dropped before its commit, or with a step under way, nothing of it is kept and its socket is destroyed.
pub(super) struct Tx {
    lease: Lease,
    state: Arc<State>,
    pool: PoolName,
    begun: Begun,
    /// The breaker's pass; `None`: it only reads.
    pass: Option<Pass>,
    /// A statement or commit was sent whose answer has not come.
    under_way: bool,
    proven: bool,
    /// A statement failed: the server ignores everything until the end.
    failed: bool,
    /// Its turn among those that replicate, held to its end.
    turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    /// Begins on a connection. `pass`: the right to write.
    pub(super) async fn begin(
        lease: Lease,
        state: Arc<State>,
        pool: PoolName,
        pass: Option<Pass>,
    ) -> Result<Self, CentralError> {
        let begun = state.begin();
        let mut tx = Self {
            lease,
            state,
            pool,
            begun,
            pass,
            under_way: false,
            proven: false,
            failed: false,
            turn: None,
        };
        let sql = if tx.pass.is_some() {
            "BEGIN"
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        };
        tx.lease.is_idle = false;
        tx.run(Step::Begin, sql).await?;
        Ok(tx)
    }

    /// Holds its turn to its end.
    pub(super) fn with_turn(mut self, turn: OwnedSemaphorePermit) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Statements without values.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), CentralError> {
        self.run(Step::Statement, sql).await
    }

    /// A statement's rows. The caller bounds them in the statement.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, CentralError> {
        let session = self.lease.session().clone();
        self.step(Step::Statement, session.client().query_typed(sql, params))
            .await
    }

    /// A statement's first row.
    pub(super) async fn query_first(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, CentralError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// A statement; answers how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<u64, CentralError> {
        let session = self.lease.session().clone();
        self.step(Step::Statement, session.client().execute_typed(sql, params))
            .await
    }

    /// Ends a transaction that is to keep nothing; the connection can be used again.
    pub(super) async fn rollback(mut self) -> Result<(), CentralError> {
        self.run(Step::Rollback, "ROLLBACK").await?;
        self.lease.is_idle = true;
        Ok(())
    }

    /// Commits. `Ok` only when the server confirmed it and warned of nothing.
    ///
    /// # Errors
    /// [`CentralError::Unknown`] when it may have been kept: repeat it idempotently.
    pub(super) async fn commit(mut self) -> Result<(), CentralError> {
        if self.failed {
            return Err(CentralError::Lost(FAILED.to_owned()));
        }
        let max = self.state.settings.deadlines.commit;
        let session = self.lease.session().clone();
        drop(session.take_warning());
        self.under_way = true;
        let ended = timeout(max, session.client().batch_execute("COMMIT")).await;
        let Ok(answer) = ended else {
            session.destroy();
            if self.pass.is_some() {
                self.state.bump("a commit did not end in time");
            }
            return Err(CentralError::Unknown(format!(
                "no answer within {} ms",
                max.as_millis()
            )));
        };
        self.under_way = false;
        judge(answer, session.take_warning())?;
        self.lease.is_idle = true;
        if self.pass.is_some() {
            self.proven = true;
            self.state.proven(self.pool, self.begun);
        }
        Ok(())
    }

    async fn run(&mut self, step: Step, sql: &str) -> Result<(), CentralError> {
        let session = self.lease.session().clone();
        self.step(step, session.client().batch_execute(sql)).await
    }

    async fn step<T>(
        &mut self,
        step: Step,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, CentralError> {
        if self.failed {
            // Its transaction has ended: a statement would stand alone and be kept.
            return Err(CentralError::Lost(FAILED.to_owned()));
        }
        let max: Duration = self.state.settings.deadlines.statement;
        self.under_way = true;
        let Ok(ended) = timeout(max, work).await else {
            self.failed = true;
            self.lease.session().destroy();
            return Err(CentralError::deadline(step, max));
        };
        self.under_way = false;
        let Err(error) = ended else {
            return ended.map_err(|e| fault(&e));
        };
        self.failed = true;
        let error = fault(&error);
        if matches!(error, CentralError::NoWriter(_)) {
            self.state.bump("the server takes no writes any more");
        } else if leaves_connection(&error) && self.undo().await {
            self.lease.is_idle = true;
        }
        Err(error)
    }

    /// Ends a failed transaction, so that the connection can go back to its pool; whether it can.
    async fn undo(&mut self) -> bool {
        let max = self.state.settings.deadlines.statement;
        let session = self.lease.session().clone();
        matches!(
            timeout(max, session.client().batch_execute("ROLLBACK")).await,
            Ok(Ok(()))
        )
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(pass) = self.pass {
            self.state.leave(pass, self.under_way, self.proven);
        }
    }
}

/// What a commit's answer means.
pub(super) fn judge(
    answer: Result<(), tokio_postgres::Error>,
    warning: Option<String>,
) -> Result<(), CentralError> {
    match (answer, warning) {
        (Ok(()), None) => Ok(()),
        // Cancelled while it waited for a standby: kept here, perhaps nowhere else.
        (Ok(()), Some(warning)) => Err(CentralError::Unknown(format!(
            "the server confirmed it with a warning: {warning}"
        ))),
        (Err(error), _) => {
            let said = fault(&error);
            match &said {
                // A transaction that the server refused to commit is rolled back.
                CentralError::Refused { sqlstate, .. }
                    if ["23", "40"].contains(&&sqlstate[..2]) =>
                {
                    Err(said)
                }
                _ => Err(CentralError::Unknown(words(&error))),
            }
        }
    }
}
