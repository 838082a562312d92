//! Backfill: bringing the items that a trigger lists into their connection, in the lane that has a reserved share.
//!
//! One long job at a time for each connection; its place is durable with what it has marked, so that a restart goes on
//! where it was. It marks a page only when little of the last one is left, so that a hundred thousand items never wait in
//! the queue at once and the progress is what was really done.

use crate::confirmed;
use crate::dirty::{self, Hint, is_alive};
use crate::host::{Connection, Inner};
use crate::pace::Pace;
use crate::scheduler;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::item::ItemId;
use twinline_core::names::Side;
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{Job, JobKind, JobState};
use twinline_trackers::ItemPage;

/// Marks that may wait in the backfill lane before the next page is read.
const AHEAD_MAX: usize = 200;
/// Jobs looked at.
const JOBS_MAX: u32 = 100;

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

/// Runs backfills until shutdown.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    loop {
        let worked = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            worked = round(&host) => worked,
        };
        let worked = match worked {
            Ok(worked) => worked,
            Err(error) => {
                tracing::error!(%error, "the store failed during a backfill");
                false
            }
        };
        let pause = if worked {
            host.settings.period / 50
        } else {
            host.settings.period
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = host.jobs_changed.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One page of every running backfill; answers whether there was one.
async fn round(host: &Arc<Inner>) -> Result<bool, StoreError> {
    let jobs = host
        .store
        .read(|read| read.jobs(Some(JobState::Running), JOBS_MAX))
        .await?;
    let mut worked = false;
    for job in jobs.into_iter().filter(|job| job.kind == JobKind::Backfill) {
        worked = true;
        let Some(connection) = host.connection(&job.connection) else {
            end(
                host,
                job,
                JobState::Failed,
                Some("the connection is not at work".to_owned()),
            )
            .await?;
            continue;
        };
        let waiting = waiting(host, &job).await?;
        host.paces
            .finished(&job.id, job.done.saturating_sub(waiting));
        let place = place(&job);
        if place.end && waiting == 0 {
            end(host, job, JobState::Finished, None).await?;
        } else if !place.end
            && !host.is_held(&job.connection)
            && host.scheduler.backfill_queued() <= AHEAD_MAX
        {
            page(host, &connection, job, place).await?;
        }
    }
    Ok(worked)
}

fn place(job: &Job) -> Place {
    let stored = job.cursor.as_deref();
    stored
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default()
}

/// How many of the items that a job has handed to the queue are not finished.
pub(crate) async fn waiting(host: &Inner, job: &Job) -> Result<u64, StoreError> {
    let cause = confirmed::backfill(&job.connection, &job.id);
    host.store
        .read(move |read| read.dirty_of_cause(&cause))
        .await
}

async fn end(
    host: &Inner,
    mut job: Job,
    state: JobState,
    sentence: Option<String>,
) -> Result<(), StoreError> {
    host.paces.forget(&job.id);
    job.state = state;
    job.sentence = sentence;
    job.updated_at = host.env.now();
    host.store.write(move |tx| tx.put_job(&job)).await
}

async fn page(
    host: &Arc<Inner>,
    connection: &Arc<Connection>,
    job: Job,
    place: Place,
) -> Result<(), StoreError> {
    let Ok(spec) = serde_json::from_str::<BackfillSpec>(&job.spec) else {
        return end(
            host,
            job,
            JobState::Failed,
            Some("its order cannot be read".to_owned()),
        )
        .await;
    };
    let contract = connection.contract();
    let query = spec
        .query
        .or_else(|| contract.triggers.get(spec.side).clone());
    let (Some(query), Some(node)) = (query, host.node(connection.node(spec.side))) else {
        return end(
            host,
            job,
            JobState::Failed,
            Some("the side has no trigger".to_owned()),
        )
        .await;
    };
    if !node.is_open() {
        return Ok(());
    }
    let scope = contract.scopes.get(spec.side);
    let asked = node.tracker().query(scope, &query, place.page.as_deref());
    let found = match node.request(asked).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(job = job.id, %error, "a page of the backfill could not be read; trying again");
            return Ok(());
        }
    };
    handed_on(host, connection, job, found).await
}

/// One page: its marks and the job's place in one step.
async fn handed_on(
    host: &Arc<Inner>,
    connection: &Connection,
    mut job: Job,
    found: ItemPage,
) -> Result<(), StoreError> {
    let items: Vec<ItemId> = found
        .items
        .into_iter()
        .map(|candidate| candidate.reference.item)
        .collect();
    let count = items.len() as u64;
    job.total = found.total.or(job.total);
    job.done += count;
    job.updated_at = host.env.now();
    let place = Place {
        end: found.next.is_none(),
        page: found.next,
    };
    job.cursor = Some(serde_json::to_string(&place).expect("a place is JSON"));
    if place.end {
        job.total = Some(job.done);
    }
    let shared = Arc::clone(host);
    let name = connection.name.clone();
    let marked = host
        .store
        .write(move |tx| {
            let cause = confirmed::backfill(&name, &job.id);
            let mut hints = Vec::new();
            for item in items {
                let twins = tx.twins_of_item(&item)?;
                if !twins
                    .iter()
                    .any(|twin| is_alive(twin) && twin.connection == name)
                {
                    hints.push(Hint::now(
                        item,
                        Lane::Backfill,
                        cause.clone(),
                        shared.env.now(),
                    ));
                }
            }
            tx.put_job(&job)?;
            dirty::mark(&shared, tx, &hints)
        })
        .await?;
    scheduler::clear(host, marked.announce(host)).await
}
