//! Backfill: bringing the items that a trigger lists into their connection, in the lane that has a reserved share.
//!
//! Its place is durable with what it has marked, so that a restart goes on where it was. It marks a page only when little
//! of the last one is left, so that a hundred thousand items never wait in the queue at once and the progress is what was
//! really done: its own connection's part, since an item's twins in other connections may wait for long. Each node has one
//! page under way, for its jobs in turn: a tracker that takes long for a page, or fails, delays the backfills of no other.

mod page;
mod run;

pub(crate) use run::run;

use crate::confirmed;
use crate::host::Inner;
use crate::pace::Pace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::time::Instant;
use twinline_core::names::Side;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, Job, JobState};

/// What a backfill is asked for; kept as JSON in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillSpec {
    /// The side whose trigger is enumerated.
    pub side: Side,
    /// Another query than the trigger, in the tracker's language.
    pub query: Option<String>,
}

/// Where the enumeration stands; kept as JSON in the job's cursor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The next page's token; `None`: the first page.
    page: Option<String>,
    /// Whether the last page was handed to the queue: the job ends when none of its items waits any more.
    end: bool,
    /// How far the enumeration was when it began anew, since its page could not be read any more.
    #[serde(default)]
    restarted_at: Option<u64>,
    /// Whether the job's total is the tracker's estimate.
    #[serde(default)]
    total_is_estimate: bool,
}

impl Place {
    fn of(job: &Job) -> Self {
        let stored = job.cursor.as_deref();
        stored
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("a place is JSON")
    }
}

/// How fast each running job goes.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<BTreeMap<String, (Pace, u64)>>);

impl Paces {
    /// So many of a job's items are finished by now.
    fn finished(&self, job: &str, finished: u64) {
        let now = Instant::now();
        let mut paces = self.0.lock().expect("no code panics with this lock");
        let (pace, before) = paces
            .entry(job.to_owned())
            .or_insert_with(|| (Pace::new(now), finished));
        pace.done(now, finished.saturating_sub(*before));
        *before = finished;
    }

    /// When a job with so many finished items will be finished at its measured rate, which has the trackers' rate limits
    /// in it.
    pub(crate) fn finish(&self, job: &Job, finished: u64, clock: Timestamp) -> Option<Timestamp> {
        let remaining = job.total?.saturating_sub(finished);
        let paces = self.0.lock().expect("no code panics with this lock");
        paces
            .get(&job.id)?
            .0
            .finish(Instant::now(), clock, remaining)
    }

    fn forget(&self, job: &str) {
        self.0
            .lock()
            .expect("no code panics with this lock")
            .remove(job);
    }
}

/// How many of the items that a job has handed to the queue are not finished.
pub(crate) fn waiting(read: &HostRead<'_>, job: &Job) -> Result<u64, StoreError> {
    read.dirty_of_cause(&confirmed::backfill(&job.connection, &job.id))
}

/// Whether a job's total is an estimate.
pub(crate) fn total_is_estimate(job: &Job) -> bool {
    Place::of(job).total_is_estimate
}

/// Ends a job, unless a person has paused or ended it meanwhile.
async fn end(
    host: &Inner,
    job: &Job,
    state: JobState,
    sentence: Option<String>,
) -> Result<(), StoreError> {
    host.paces.forget(&job.id);
    let (id, now) = (job.id.clone(), host.env.now());
    let ended = host.store.write(move |tx| {
        let Some(mut job) = tx.job(&id)?.filter(|job| job.state == JobState::Running) else {
            return Ok(());
        };
        job.state = state;
        job.sentence = sentence;
        job.updated_at = now;
        tx.put_job(&job)
    });
    ended.await
}
