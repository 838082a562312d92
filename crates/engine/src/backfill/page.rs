//! One page of a backfill: asked for, marked, or found to be unreadable.

use super::{BackfillSpec, Place, end};
use crate::confirmed;
use crate::dirty::{self, Hint, is_alive};
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::scheduler;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::item::ItemId;
use twinline_core::progress;
use twinline_core::queue::Lane;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, HostTx, Job, JobState, TwinStateName};
use twinline_trackers::http::Meter;
use twinline_trackers::{ItemPage, TrackerError};

/// How often in a row a page may be unreadable before the job fails.
const FAILURES_MAX: u32 = 12;

/// A page that a job is to read next.
pub(super) struct Page {
    pub(super) job: Job,
    pub(super) node: Arc<Node>,
    place: Place,
    connection: Arc<Connection>,
    spec: BackfillSpec,
    query: String,
}

/// How the reading of a page has ended.
pub(super) enum Outcome {
    /// The job has gone on, or has ended.
    Read,
    /// The tracker's limits have no room for it now; nothing has failed.
    NoRoom { after: Duration },
    /// It may pass.
    Failed { after: Option<Duration> },
}

impl Page {
    /// The page that comes next; else why the job can never go on. `connection`: as its version in force has it.
    pub(super) fn of(
        host: &Inner,
        job: &Job,
        place: Place,
        connection: Arc<Connection>,
    ) -> Result<Self, &'static str> {
        let Ok(spec) = serde_json::from_str::<BackfillSpec>(&job.spec) else {
            return Err("its order cannot be read");
        };
        let trigger = connection.contract().triggers.get(spec.side);
        let query = spec.query.clone().or_else(|| trigger.clone());
        let (Some(query), Some(node)) = (query, host.node(connection.node(spec.side))) else {
            return Err("the side has no trigger");
        };
        Ok(Self {
            job: job.clone(),
            node,
            place,
            connection,
            spec,
            query,
        })
    }
}

/// Reads a page and hands it on. `failures`: how often in a row it could not be read before.
pub(super) async fn read(
    host: &Arc<Inner>,
    page: Page,
    failures: u32,
) -> Result<Outcome, StoreError> {
    let scope = page.connection.contract().scopes.get(page.spec.side);
    let tracker = page.node.tracker();
    let asked = tracker.query(scope, &page.query, page.place.page.as_deref());
    let meter = Meter::default();
    let asked = meter.of(page.node.request(asked)).await;
    host.paces.listed(&page.job.id, meter.take());
    match asked {
        Ok(found) => {
            hand_on(host, page, found).await?;
            Ok(Outcome::Read)
        }
        Err(error) => not_read(host, page, error, failures).await,
    }
}

/// What follows when a page could not be read. What the tracker refuses it refuses for ever, except that a page's token
/// may have run out while the job stood still: then the enumeration begins anew, as long as it gets further than before.
async fn not_read(
    host: &Arc<Inner>,
    page: Page,
    error: TrackerError,
    failures: u32,
) -> Result<Outcome, StoreError> {
    tracing::warn!(job = page.job.id, %error, "a page of a backfill could not be read");
    match error {
        TrackerError::Busy { after, .. } => return Ok(Outcome::NoRoom { after }),
        TrackerError::Retry { after, .. } => return Ok(Outcome::Failed { after }),
        TrackerError::Unknown { .. } | TrackerError::Credentials { .. } => {
            return Ok(Outcome::Failed { after: None });
        }
        TrackerError::Refused { .. }
        | TrackerError::Unfit { .. }
        | TrackerError::Unreadable { .. }
        | TrackerError::Unreachable { .. }
        | TrackerError::Changed => {}
    }
    let got_further = page.place.restarted_at.is_none_or(|at| page.job.done > at);
    if page.place.page.is_some() && got_further {
        begin_anew(host, &page).await?;
        return Ok(Outcome::Read);
    }
    let for_ever = matches!(error, TrackerError::Refused { .. });
    if !for_ever && failures < FAILURES_MAX {
        return Ok(Outcome::Failed { after: None });
    }
    end(host, &page.job, JobState::Failed, Some(error.to_string())).await?;
    Ok(Outcome::Read)
}

/// What follows when the reading of a page has panicked.
pub(super) async fn panicked(
    host: &Inner,
    job: &Job,
    said: &str,
    failures: u32,
) -> Result<Outcome, StoreError> {
    host.metrics.panics.inc();
    tracing::error!(job = job.id, said, "reading a page of a backfill panicked");
    if failures < FAILURES_MAX {
        return Ok(Outcome::Failed { after: None });
    }
    let sentence = format!("a defect of Twinline: {said}");
    end(host, job, JobState::Failed, Some(sentence)).await?;
    Ok(Outcome::Read)
}

/// The job as it is now, if it still goes on from where its page was asked for.
fn unmoved(tx: &HostTx<'_>, page: &Job) -> Result<Option<Job>, StoreError> {
    let job = tx.job(&page.id)?;
    Ok(job.filter(|job| job.state == JobState::Running && job.cursor == page.cursor))
}

async fn begin_anew(host: &Inner, page: &Page) -> Result<(), StoreError> {
    let (asked, now) = (page.job.clone(), host.env.now());
    let asked_place = page.place.clone();
    let written = host.store.write(move |tx| {
        let Some(mut job) = unmoved(tx, &asked)? else {
            return Ok(());
        };
        let place = Place {
            restarted_at: Some(job.done),
            in_twins: asked_place.in_twins,
            twins_before: asked_place.twins_before,
            ..Place::default()
        };
        job.cursor = Some(place.json());
        // What was listed before is not handed on again, as far as this file remembers.
        job.done = tx.listed_of(&job.id)?;
        job.updated_at = now;
        tx.put_job(&job)
    });
    written.await
}

/// A page's marks and the job's place in one step. What was read for a job that a person has paused or ended meanwhile is
/// dropped, and read again when it goes on.
async fn hand_on(host: &Arc<Inner>, page: Page, found: ItemPage) -> Result<(), StoreError> {
    let shared = Arc::clone(host);
    let marked = host.store.write(move |tx| {
        let Some(mut job) = unmoved(tx, &page.job)? else {
            return Ok(None);
        };
        let is_last = found.next.is_none();
        let twins_before = match page.place.twins_before {
            Some(before) => before,
            None => twins(tx, &job)?,
        };
        let items = found.items.into_iter();
        let items: Vec<ItemId> = items.map(|candidate| candidate.reference.item).collect();
        let fresh = tx.note_listed(&job.id, items)?;
        job.done += fresh.len() as u64;
        let (in_twins, marked) = mark(&shared, tx, &job, fresh)?;
        let place = Place {
            end: is_last,
            page: found.next,
            restarted_at: page.place.restarted_at,
            total_is_estimate: !is_last
                && found.total.is_none()
                && (found.estimate.is_some() || page.place.total_is_estimate),
            in_twins: page.place.in_twins + in_twins,
            twins_before: Some(twins_before),
        };
        let told = found.total.or(found.estimate);
        job.total = progress::total(job.done, told, job.total, is_last);
        job.cursor = Some(place.json());
        job.updated_at = shared.env.now();
        tx.put_job(&job)?;
        Ok(Some(marked))
    });
    match marked.await? {
        Some(marked) => scheduler::clear(host, marked.announce(host)),
        None => Ok(()),
    }
}

/// How many twins the job's connection has.
fn twins(read: &HostRead<'_>, job: &Job) -> Result<u64, StoreError> {
    let tally = read.twin_tally()?.into_iter();
    let own = tally.filter(|count| count.connection == job.connection);
    let alive = own.filter(|count| count.state != TwinStateName::Unlinked);
    Ok(alive.map(|count| count.twins).sum())
}

/// Marks the items that are in no twin of the job's connection; answers how many are in one, too.
fn mark(
    host: &Inner,
    tx: &HostTx<'_>,
    job: &Job,
    items: Vec<ItemId>,
) -> Result<(u64, dirty::Marked), StoreError> {
    let cause = confirmed::backfill(&job.connection, &job.id);
    let (mut in_twins, mut hints) = (0, Vec::new());
    for item in items {
        let twins = tx.twins_of_item(&item)?;
        let mut twins = twins.iter().filter(|twin| is_alive(twin));
        if twins.any(|twin| twin.connection == job.connection) {
            in_twins += 1;
        } else {
            hints.push(Hint::now(
                item,
                Lane::Backfill,
                cause.clone(),
                host.env.now(),
            ));
        }
    }
    Ok((in_twins, dirty::mark(host, tx, &hints)?))
}
