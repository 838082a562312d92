//! Long work that survives a restart: backfills, and looks at all twins of a connection under new rules.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{count, from_word, time, to_count, to_word};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use twinline_core::item::ItemId;
use twinline_core::names::ConnectionName;
use twinline_core::time::Timestamp;

/// What kind of work.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Bringing existing items into a connection.
    #[default]
    Backfill,
    /// Looking at a connection's twins again, since its rules are new.
    Relook,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It goes on.
    Running,
    /// A person has paused it.
    Paused,
    /// It is done.
    Finished,
    /// It cannot go on.
    Failed,
    /// A person has ended it.
    Cancelled,
}

impl JobState {
    /// Whether it never goes on.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobsPage {
    /// Only those of this kind.
    pub kind: JobKind,
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this connection.
    pub connection: Option<ConnectionName>,
    /// The last one of the page before, by its start and its id.
    pub after: Option<(Timestamp, String)>,
    /// At most so many.
    pub max: u32,
}

/// One piece of long work with its progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What kind of work.
    pub kind: JobKind,
    /// For which connection.
    pub connection: ConnectionName,
    /// How far it is.
    pub state: JobState,
    /// What was asked for, as JSON.
    pub spec: String,
    /// Where to go on, in the kind's own form; `None`: at the start.
    pub cursor: Option<String>,
    /// How many items there are; `None` while unknown.
    pub total: Option<u64>,
    /// How many are done.
    pub done: u64,
    /// What went wrong, for a person.
    pub sentence: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last advanced.
    pub updated_at: Timestamp,
}

const SELECT: &str = "SELECT id, kind, connection, state, spec, cursor, total, done, sentence, started_at, \
                      updated_at FROM jobs";

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    let total: Option<i64> = row.get(6)?;
    Ok(Job {
        id: row.get(0)?,
        kind: from_word("jobs.kind", row.get(1)?)?,
        connection: ConnectionName::new(row.get::<_, String>(2)?),
        state: from_word("jobs.state", row.get(3)?)?,
        spec: row.get(4)?,
        cursor: row.get(5)?,
        total: total.map(|total| u64::try_from(total).unwrap_or(0)),
        done: count(row, 7)?,
        sentence: row.get(8)?,
        started_at: time(row, 9)?,
        updated_at: time(row, 10)?,
    })
}

// `failed` is a column of the first version that tells nothing; a replica may still have rows with it.
static JOBS: Upsert = Upsert::new(
    "jobs",
    &["id"],
    &[
        "kind",
        "connection",
        "state",
        "spec",
        "cursor",
        "total",
        "done",
        "failed",
        "sentence",
        "started_at",
        "updated_at",
    ],
);

impl HostRead<'_> {
    /// One job.
    pub fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        self.one(&format!("{SELECT} WHERE id = ?1"), [id], read)
    }

    /// One page of the jobs that are kept, newest first.
    pub fn jobs(&self, page: &JobsPage) -> Result<Vec<Job>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR connection = ?2) \
             AND (?3 IS NULL OR started_at < ?3 OR (started_at = ?3 AND id > ?4)) AND kind = ?6 \
             ORDER BY started_at DESC, id LIMIT ?5"
        );
        let after = page.after.as_ref();
        let parameters = (
            page.state.as_ref().map(to_word),
            page.connection.as_ref().map(ConnectionName::as_str),
            after.map(|(started, _)| started.as_millis()),
            after.map(|(_, id)| id),
            page.max,
            to_word(&page.kind),
        );
        self.many(&sql, parameters, read)
    }

    /// How many different items a backfill has listed, as far as this file remembers.
    pub fn listed_of(&self, job: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM listed WHERE job = ?1";
        Ok(self.one(sql, [job], |row| Ok(count(row, 0)?))?.unwrap_or(0))
    }

    /// The jobs of a kind that go on, oldest first.
    pub fn open_jobs_of(&self, kind: JobKind) -> Result<Vec<Job>, StoreError> {
        let sql = format!("{SELECT} WHERE state = ?1 AND kind = ?2 ORDER BY started_at, id");
        let open = to_word(&JobState::Running);
        self.many(&sql, (open, to_word(&kind)), read)
    }

    /// The connections with a job that goes on or is paused, each once.
    pub fn connections_with_open_jobs(&self) -> Result<Vec<ConnectionName>, StoreError> {
        let open = [JobState::Running, JobState::Paused].map(|state| to_word(&state));
        let sql =
            "SELECT DISTINCT connection FROM jobs WHERE state IN (?1, ?2) ORDER BY connection";
        self.many(sql, open, |row| {
            Ok(ConnectionName::new(row.get::<_, String>(0)?))
        })
    }
}

impl HostTx<'_> {
    /// Notes that a backfill has listed these items of its side; gives those that it had not listed before, in their order,
    /// each once. They are remembered in this file only: on another machine an item may be taken for new once more.
    pub fn note_listed(&self, job: &str, items: Vec<ItemId>) -> Result<Vec<ItemId>, StoreError> {
        let sql = "INSERT INTO listed (job, item) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let mut statement = self.conn().prepare_cached(sql)?;
        let mut fresh = Vec::with_capacity(items.len());
        for item in items {
            if statement.execute((job, &item.id))? > 0 {
                fresh.push(item);
            }
        }
        Ok(fresh)
    }

    /// Forgets a piece of what backfills have listed that have ended; answers how many items.
    pub(super) fn drop_listed(&self, max: u32) -> Result<usize, StoreError> {
        let mut last = String::new();
        // A backfill is one step of the index, however much it has listed.
        while let Some(job) = self.one(
            "SELECT job FROM listed WHERE job > ?1 ORDER BY job LIMIT 1",
            [&last],
            |row| Ok(row.get::<_, String>(0)?),
        )? {
            if self.job(&job)?.is_none_or(|job| job.state.has_ended()) {
                let sql = "DELETE FROM listed WHERE job = ?1 AND item IN \
                           (SELECT item FROM listed WHERE job = ?1 ORDER BY item LIMIT ?2)";
                return Ok(self.conn().prepare_cached(sql)?.execute((&job, max))?);
            }
            last = job;
        }
        Ok(0)
    }

    /// Stores a job whole: its progress in the same step as what it has progressed by.
    pub fn put_job(&self, job: &Job) -> Result<(), StoreError> {
        self.upsert(
            &JOBS,
            &[
                &job.id,
                &to_word(&job.kind),
                &job.connection.as_str(),
                &to_word(&job.state),
                &job.spec,
                &job.cursor,
                &job.total.map(to_count),
                &to_count(job.done),
                &0,
                &job.sentence,
                &job.started_at.as_millis(),
                &job.updated_at.as_millis(),
            ],
        )
    }
}
