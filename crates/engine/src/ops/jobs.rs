//! Backfills: started, listed, paused, cancelled.

use super::{OpError, audit};
use crate::backfill::{BackfillSpec, forecast, total_is_estimate, waiting};
use crate::confirmed::grant;
use crate::host::Host;
use serde::Serialize;
use twinline_core::names::{ConnectionName, Side};
use twinline_core::progress::Finish;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{AuditEntry, Job, JobKind, JobState, JobsPage};

/// What a job waits for whose connection is not at work.
const STANDS_STILL: &str =
    "waits: the connection stands still, since a node is missing or its rules cannot be built";

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
    /// Whether the tracker says only about how many, rather too many than too few.
    pub total_is_estimate: bool,
    /// How many are finished: looked at, and whatever that led to written.
    pub done: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it will be finished, by its pace and by what the trackers' limits leave to it; `None` once it has ended, and
    /// while it cannot be said.
    pub finish_at: Option<Timestamp>,
    /// Why it cannot be said when a running one will be finished.
    pub finish_unknown: Option<String>,
    /// What went wrong, or what it waits for.
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

    /// One page of the jobs that are kept, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn jobs(&self, page: JobsPage) -> Result<Vec<JobView>, OpError> {
        let jobs = self.inner.store.read(move |read| {
            let jobs = read.jobs(&page)?.into_iter();
            let with_waiting = jobs.map(|job| Ok((waiting(read, &job)?, job)));
            with_waiting.collect::<Result<Vec<_>, StoreError>>()
        });
        let (jobs, now) = (jobs.await?.into_iter(), self.inner.env.now());
        Ok(jobs
            .map(|(waiting, job)| self.view(job, waiting, now))
            .collect())
    }

    /// One job.
    ///
    /// # Errors
    /// There is no such job; the store failed.
    pub async fn job(&self, id: &str) -> Result<JobView, OpError> {
        let wanted = id.to_owned();
        let job = self.inner.store.read(move |read| {
            let job = read.job(&wanted)?;
            let with_waiting = job.map(|job| Ok((waiting(read, &job)?, job)));
            with_waiting.transpose()
        });
        let (waiting, job) = job.await?.ok_or_else(|| unknown(id))?;
        Ok(self.view(job, waiting, self.inner.env.now()))
    }

    fn view(&self, job: Job, waiting: u64, now: Timestamp) -> JobView {
        let done = job.done.saturating_sub(waiting);
        let total_is_estimate = total_is_estimate(&job);
        let stands_still =
            job.state == JobState::Running && self.inner.connection(&job.connection).is_none();
        let waits_for = stands_still.then(|| STANDS_STILL.to_owned());
        let finish = (job.state == JobState::Running).then(|| forecast(&self.inner, &job, waiting));
        let (finish_at, finish_unknown) = match finish {
            None => (None, None),
            Some(Finish::In(wait)) => (Some(now.plus(wait)), None),
            Some(Finish::NotYet(why)) => (None, Some(why.to_string())),
        };
        JobView {
            finish_at,
            finish_unknown,
            done,
            id: job.id,
            connection: job.connection,
            state: job.state,
            total_is_estimate,
            total: job.total,
            started_at: job.started_at,
            sentence: job.sentence.or(waits_for),
        }
    }

    /// Pauses or resumes a job.
    ///
    /// # Errors
    /// There is no such job, or it has ended; the store failed.
    pub async fn set_job_paused(&self, id: &str, paused: bool) -> Result<(), OpError> {
        let state = if paused {
            JobState::Paused
        } else {
            JobState::Running
        };
        self.change_job(id, state, None).await
    }

    /// Ends a job where it is: what it has handed on already is finished, and nothing more is read.
    ///
    /// # Errors
    /// There is no such job, or it has ended; the store failed.
    pub async fn cancel_job(&self, id: &str, who: &str) -> Result<(), OpError> {
        let entry = audit(&self.inner, who, "cancel backfill", id);
        self.change_job(id, JobState::Cancelled, Some(entry)).await
    }

    async fn change_job(
        &self,
        id: &str,
        state: JobState,
        entry: Option<AuditEntry>,
    ) -> Result<(), OpError> {
        let (wanted, now) = (id.to_owned(), self.inner.env.now());
        let changed = self.inner.store.write(move |tx| {
            let Some(mut job) = tx.job(&wanted)? else {
                return Ok(None);
            };
            if job.state.has_ended() {
                return Ok(Some(false));
            }
            job.state = state;
            job.updated_at = now;
            tx.put_job(&job)?;
            if let Some(entry) = &entry {
                tx.append_audit(entry)?;
            }
            Ok(Some(true))
        });
        let changed = changed.await?;
        self.inner.jobs_changed.notify_one();
        match changed {
            None => Err(unknown(id)),
            Some(false) => Err(OpError::Refused(format!("job '{id}' has ended"))),
            Some(true) => Ok(()),
        }
    }
}

fn unknown(id: &str) -> OpError {
    OpError::Unknown(format!("job '{id}'"))
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
        sentence: None,
        started_at: now,
        updated_at: now,
    }
}
