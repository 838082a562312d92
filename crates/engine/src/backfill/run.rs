//! The backfills' one task: looks at every running job, and reads a page for each node that has one to be read.

use super::page::{self, Outcome, Page};
use super::{Place, end, waiting};
use crate::host::{Connection, Inner};
use crate::panics;
use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, Job, JobState, JobsPage};

/// Items of one job that may wait before its next page is read.
const AHEAD_MAX: u64 = 200;
/// Jobs in one look at the store.
const JOBS_MAX: u32 = 100;

/// Runs backfills until shutdown. A page under way is dropped then: it is read again at the next start.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    let mut reader = Reader::default();
    loop {
        let began = Instant::now();
        let looked = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            looked = reader.look(&host) => looked,
        };
        let moves = looked.unwrap_or_else(|error| {
            tracing::error!(%error, "the store failed during a backfill");
            false
        });
        let pause = if moves {
            // However many jobs there are, looking at them takes little of the time.
            (host.settings.period / 50).max(began.elapsed() * 10)
        } else {
            host.settings.period
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = host.jobs_changed.notified() => {}
            Some(ended) = reader.pages.join_next() => reader.ended(&host, ended),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What is known of a job's reading; lost with the process without harm.
#[derive(Debug, Default)]
struct Try {
    /// How often in a row a page could not be read.
    failures: u32,
    not_before: Option<Instant>,
    /// When it last had its node's turn, counted.
    turn: u64,
}

/// A running job, as one look at the store has it.
struct Found {
    job: Job,
    /// How many of the items that it has handed on are not finished.
    waiting: u64,
    /// Its connection; `None`: it stands still.
    connection: Option<Arc<Connection>>,
}

impl Found {
    fn of(host: &Inner, read: &HostRead<'_>, job: Job) -> Result<Self, StoreError> {
        Ok(Self {
            waiting: waiting(read, &job)?,
            connection: host.connection_in_force(read, &job.connection)?,
            job,
        })
    }

    /// How many of the items that were handed on are finished. Those that were in a twin already were passed by, however
    /// fast that was.
    fn finished(&self) -> u64 {
        let passed = Place::of(&self.job).in_twins;
        self.job.done.saturating_sub(self.waiting + passed)
    }
}

#[derive(Default)]
struct Reader {
    pages: JoinSet<Read>,
    /// The nodes with a page under way.
    reading: BTreeSet<NodeName>,
    tries: BTreeMap<String, Try>,
    turns: u64,
}

/// A page that was read, or not.
struct Read {
    node: NodeName,
    job: String,
    outcome: Result<Outcome, StoreError>,
}

impl Reader {
    /// One look at all running jobs. Whether any of them moves.
    async fn look(&mut self, host: &Arc<Inner>) -> Result<bool, StoreError> {
        let mut moves = !self.reading.is_empty();
        let mut wanted: BTreeMap<NodeName, (u64, Page)> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut page = JobsPage {
            state: Some(JobState::Running),
            max: JOBS_MAX,
            ..JobsPage::default()
        };
        loop {
            let (shared, asked) = (Arc::clone(host), page.clone());
            let jobs = host.store.read(move |read| {
                let jobs = read.jobs(&asked)?.into_iter();
                let found = jobs.map(|job| Found::of(&shared, read, job));
                found.collect::<Result<Vec<_>, StoreError>>()
            });
            let jobs = jobs.await?;
            let is_last = jobs.len() < JOBS_MAX as usize;
            let last = jobs.last().map(|found| &found.job);
            page.after = last.map(|job| (job.started_at, job.id.clone()));
            for found in jobs {
                seen.insert(found.job.id.clone());
                host.paces.finished(&found.job.id, found.finished());
                moves |= found.waiting > 0;
                if let Some(next) = self.next(host, found).await? {
                    let turn = self.tries.get(&next.job.id).map_or(0, |job| job.turn);
                    let name = next.node.name().clone();
                    if wanted.get(&name).is_none_or(|(other, _)| turn < *other) {
                        wanted.insert(name, (turn, next));
                    }
                }
            }
            if is_last {
                break;
            }
        }
        self.tries.retain(|job, _| seen.contains(job));
        moves |= !wanted.is_empty();
        for (_, page) in wanted.into_values() {
            self.begin(host, page);
        }
        Ok(moves)
    }

    /// The page that a job wants to read now. A job at its end is ended.
    async fn next(&self, host: &Arc<Inner>, found: Found) -> Result<Option<Page>, StoreError> {
        let Found {
            job,
            waiting,
            connection,
        } = found;
        let place = Place::of(&job);
        if place.end {
            if waiting == 0 {
                end(host, &job, JobState::Finished, None).await?;
            }
            return Ok(None);
        }
        let waits = self.tries.get(&job.id).and_then(|job| job.not_before);
        if waiting > AHEAD_MAX
            || host.is_held(&job.connection)
            || waits.is_some_and(|until| Instant::now() < until)
        {
            return Ok(None);
        }
        let Some(connection) = connection else {
            // What it was told to do waits for it.
            return Ok(None);
        };
        match Page::of(host, &job, place, connection) {
            Ok(page) => {
                let free = page.node.is_open() && !self.reading.contains(page.node.name());
                Ok(free.then_some(page))
            }
            Err(sentence) => {
                end(host, &job, JobState::Failed, Some(sentence.to_owned())).await?;
                Ok(None)
            }
        }
    }

    fn begin(&mut self, host: &Arc<Inner>, page: Page) {
        self.turns += 1;
        let own = self.tries.entry(page.job.id.clone()).or_default();
        own.turn = self.turns;
        let failures = own.failures;
        let node = page.node.name().clone();
        self.reading.insert(node.clone());
        let host = Arc::clone(host);
        self.pages.spawn(async move {
            let job = page.job.clone();
            let read = AssertUnwindSafe(page::read(&host, page, failures)).catch_unwind();
            let outcome = match read.await {
                Ok(outcome) => outcome,
                Err(panic) => page::panicked(&host, &job, panics::said(&*panic), failures).await,
            };
            let job = job.id;
            Read { node, job, outcome }
        });
    }

    fn ended(&mut self, host: &Inner, ended: Result<Read, JoinError>) {
        let read = match ended {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, "reading a page of a backfill ended outside its boundary");
                // Whose page it was is lost with it. A page that is read twice is handed on once.
                self.reading.clear();
                return;
            }
        };
        self.reading.remove(&read.node);
        let own = self.tries.entry(read.job).or_default();
        let failed = match read.outcome {
            Ok(Outcome::Read) => {
                *own = Try {
                    turn: own.turn,
                    ..Try::default()
                };
                return;
            }
            Ok(Outcome::NoRoom { after }) => {
                own.not_before = Some(Instant::now() + after);
                return;
            }
            Ok(Outcome::Failed { after }) => after,
            Err(error) => {
                tracing::error!(%error, "the store failed during a backfill");
                None
            }
        };
        own.failures = own.failures.saturating_add(1);
        let backed_off = host
            .env
            .jittered(host.settings.backoff().wait(own.failures));
        own.not_before = Some(Instant::now() + failed.unwrap_or_default().max(backed_off));
    }
}
