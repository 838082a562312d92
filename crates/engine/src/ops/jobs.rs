//! Backfills: started, listed, paused.

use super::{OpError, audit};
use crate::backfill::{BackfillSpec, waiting};
use crate::confirmed::grant;
use crate::host::Host;
use serde::Serialize;
use twinline_core::names::{ConnectionName, Side};
use twinline_core::time::Timestamp;
use twinline_store::host::{Job, JobKind, JobState};

/// A long job, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// For which connection.
    pub connection: ConnectionName,
    /// How far it is.
    pub state: JobState,
    /// How many items there are, where the tracker says.
    pub total: Option<u64>,
    /// How many are finished: looked at, and whatever that led to written.
    pub done: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it will be finished at the rate of the last minutes; `None` while nothing can be said.
    pub finish_at: Option<Timestamp>,
    /// What went wrong.
    pub sentence: Option<String>,
}

impl Host {
    /// Starts a backfill of one side's trigger. `items`: how many writes' worth of items the person has confirmed.
    ///
    /// # Errors
    /// There is no such connection, the side has no trigger, the store failed.
    pub async fn start_backfill(
        &self,
        connection: &ConnectionName,
        side: Side,
        query: Option<String>,
        items: u64,
        who: &str,
    ) -> Result<String, OpError> {
        let found = self.inner.connection(connection);
        let found = found.ok_or_else(|| OpError::Unknown(format!("connection '{connection}'")))?;
        if query.is_none() && found.contract().triggers.get(side).is_none() {
            return Err(OpError::Refused(format!(
                "the {side} side of {connection} has no trigger"
            )));
        }
        let entry = audit(&self.inner, who, "backfill", connection.as_str());
        let job = backfill(self.job_id("backfill"), connection, side, query, entry.at);
        let id = job.id.clone();
        self.inner
            .store
            .write(move |tx| {
                grant(tx, &job.connection, items)?;
                tx.put_job(&job)?;
                tx.append_audit(&entry)
            })
            .await?;
        self.inner.jobs_changed.notify_one();
        Ok(id)
    }

    /// A new job's id.
    pub(super) fn job_id(&self, kind: &str) -> String {
        format!("{kind}-{:016x}", self.inner.env.entropy.next_u64())
    }

    /// All backfills that are kept, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn jobs(&self) -> Result<Vec<JobView>, OpError> {
        const MAX: u32 = 200;
        let jobs = self.inner.store.read(|read| read.jobs(None, MAX)).await?;
        let now = self.inner.env.now();
        let mut views = Vec::with_capacity(jobs.len());
        for job in jobs.into_iter().filter(|job| job.kind == JobKind::Backfill) {
            let waiting = match job.state {
                JobState::Running | JobState::Paused => waiting(&self.inner, &job).await?,
                JobState::Finished | JobState::Failed => 0,
            };
            views.push(self.view(job, waiting, now));
        }
        Ok(views)
    }

    fn view(&self, job: Job, waiting: u64, now: Timestamp) -> JobView {
        let done = job.done.saturating_sub(waiting);
        JobView {
            finish_at: match job.state {
                JobState::Running => self.inner.paces.finish(&job, done, now),
                _ => None,
            },
            done,
            id: job.id,
            connection: job.connection,
            state: job.state,
            total: job.total,
            started_at: job.started_at,
            sentence: job.sentence,
        }
    }

    /// Pauses or resumes a job.
    ///
    /// # Errors
    /// There is no such job, or it has ended; the store failed.
    pub async fn set_job_paused(&self, id: &str, paused: bool) -> Result<(), OpError> {
        let wanted = id.to_owned();
        let now = self.inner.env.now();
        let done = self
            .inner
            .store
            .write(move |tx| {
                let Some(mut job) = tx.job(&wanted)? else {
                    return Ok(None);
                };
                if matches!(job.state, JobState::Finished | JobState::Failed) {
                    return Ok(Some(false));
                }
                job.state = if paused {
                    JobState::Paused
                } else {
                    JobState::Running
                };
                job.updated_at = now;
                tx.put_job(&job)?;
                Ok(Some(true))
            })
            .await?;
        self.inner.jobs_changed.notify_one();
        match done {
            None => Err(OpError::Unknown(format!("job '{id}'"))),
            Some(false) => Err(OpError::Refused(format!("job '{id}' has ended"))),
            Some(true) => Ok(()),
        }
    }
}

/// A backfill that is about to begin. Without a query its side's trigger is enumerated.
pub(super) fn backfill(
    id: String,
    connection: &ConnectionName,
    side: Side,
    query: Option<String>,
    now: Timestamp,
) -> Job {
    let spec = BackfillSpec { side, query };
    Job {
        id,
        kind: JobKind::Backfill,
        connection: connection.clone(),
        state: JobState::Running,
        spec: serde_json::to_string(&spec).expect("an order is JSON"),
        cursor: None,
        total: None,
        done: 0,
        failed: 0,
        sentence: None,
        started_at: now,
        updated_at: now,
    }
}
