use super::{Fault, until};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use twinline_sim::postgres::{Session, Who};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "lock-pile-up",
    mode: Some(3),
    about: "somebody locks all tables against writers and keeps the locks",
    notice: Notice::CommitsOnly,
    ..Spec::USUAL
};

/// A session holds all tables in a mode that lets readers pass.
#[derive(Default)]
pub(in crate::drill) struct LockPileUp {
    session: Option<Session>,
}

const TABLES: &str = "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ' ORDER BY tablename) \
                      FROM pg_tables WHERE schemaname = 'twinline'";
/// Tables that our session holds, of all.
const HELD: &str = "SELECT (SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) \
                    WHERE application_name = 'drill' AND mode = 'ExclusiveLock' AND granted AND relation IS NOT NULL) \
                    = (SELECT count(*) FROM pg_tables WHERE schemaname = 'twinline')";
/// Two who lock several tables may stand in each other's way: the server ends one of them, and it is tried anew.
const TRY_AGAIN: Duration = Duration::from_secs(3);

#[async_trait(?Send)]
impl Fault for LockPileUp {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = &stage.database;
        let mut begun: Option<Instant> = None;
        until("the locks of all tables", async || {
            if begun.is_none_or(|begun| begun.elapsed() > TRY_AGAIN) {
                begun = Some(Instant::now());
                self.session = None;
                let database = Arc::clone(database);
                let locking = blocking(move || {
                    let tables = database.psql(TABLES)?;
                    let mut session = database.session(Who::Superuser)?;
                    session.send("BEGIN")?;
                    session.send(&format!("LOCK TABLE {tables} IN EXCLUSIVE MODE"))?;
                    Ok(session)
                });
                self.session = Some(locking.await?);
            }
            let database = Arc::clone(database);
            blocking(move || Ok(database.psql(HELD)? == "t")).await
        })
        .await?;
        Ok("LOCK TABLE … IN EXCLUSIVE MODE of all tables is held".to_owned())
    }

    async fn heal(&mut self, _: &Stage) -> Result<String> {
        self.session = None;
        Ok("the session that held the locks is ended".to_owned())
    }
}
