//! Backfill: bringing the items that a trigger lists into their connection, in the lane that has a reserved share.
//!
//! Its place is durable with what it has marked, so that a restart goes on where it was. It marks a page only when little
//! of the last one is left, so that a hundred thousand items never wait in the queue at once and the progress is what was
//! really done: its own connection's part, since an item's twins in other connections may wait for long. Each node has one
//! page under way, for its jobs in turn: a tracker that takes long for a page, or fails, delays the backfills of no other.
//! A list that is sorted by time shows an item again that was edited meanwhile: each is handed on and counted once.

mod forecast;
mod measured;
mod page;
mod run;

pub(crate) use forecast::forecast;
pub(crate) use measured::Paces;
pub(crate) use run::run;

use crate::confirmed;
use crate::host::Inner;
use serde::{Deserialize, Serialize};
use twinline_core::names::Side;
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
    /// How many items were listed that were in a twin already.
    #[serde(default)]
    in_twins: u64,
    /// How many twins there were before the first page.
    #[serde(default)]
    twins_before: Option<u64>,
}

impl Place {
    fn of(job: &Job) -> Self {
        let stored = job.cursor.as_deref();
        stored
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }

    /// How many twins of before there may be whose items are not listed yet.
    fn twins_to_come(&self) -> u64 {
        self.twins_before.unwrap_or(0).saturating_sub(self.in_twins)
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("a place is JSON")
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
