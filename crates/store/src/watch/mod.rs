//! What a watch keeps: a document for the state of each of its machines, and a journal of what happened.
//!
//! A watch goes on without it: what is read here is where it begins, and what is written is behind what it does.

#[cfg(test)]
mod tests;

use crate::StoreError;
use crate::db::{Db, DbOptions, Health, Schema};
use crate::migrate::Migration;
use crate::row::time;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use twinline_core::time::Timestamp;

/// The file's schema.
pub(crate) static SCHEMA: Schema = Schema {
    name: "a watch's state",
    way_back: "Watch puts the file aside by itself when it starts, and begins anew",
    // "TwWa" in ASCII.
    application_id: 0x5477_5761,
    migrations: &[Migration {
        version: 1,
        sql: include_str!("migrations/001.sql"),
    }],
};

/// The most files that were put aside and are kept.
const ASIDE_MAX: usize = 3;

/// The file of one watch. Cheap to clone.
#[derive(Clone)]
pub struct WatchStore {
    db: Db,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// To which incident, if to one.
    pub incident: Option<u64>,
    /// What, as JSON.
    pub entry: String,
}

/// All that is read when a watch starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The machines' states by name, as JSON.
    pub states: BTreeMap<String, String>,
    /// The newest lines of the journal, the oldest of them first.
    pub journal: Vec<Line>,
}

/// What one write changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// States that are others than they were.
    pub states: BTreeMap<String, String>,
    /// New lines, the oldest first.
    pub journal: Vec<Line>,
}

impl WatchStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// See [`StoreError`]: damaged, newer, something else, no access.
    pub fn open(path: &Path, options: DbOptions) -> Result<Self, StoreError> {
        let db = Db::open(path, options, &SCHEMA)?;
        Ok(Self { db })
    }

    /// Reads all states and the newest lines of the journal.
    ///
    /// # Errors
    /// The file is damaged, or the disk does not answer in time.
    pub async fn read(&self, journal_max_lines: u32) -> Result<Kept, StoreError> {
        self.db
            .read(move |conn| read(conn, journal_max_lines))
            .await
    }

    /// Makes a change, and forgets the oldest lines over so many.
    ///
    /// # Errors
    /// The file's state: full, read-only, damaged, not in time.
    pub async fn write(&self, change: Change, journal_max_lines: u32) -> Result<(), StoreError> {
        self.db
            .write(move |conn| write(conn, &change, journal_max_lines))
            .await
    }

    /// The state that the last write found.
    pub fn health(&self) -> Health {
        self.db.health()
    }

    /// Finishes what is queued, then closes the file.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

fn read(conn: &Connection, journal_max_lines: u32) -> Result<Kept, StoreError> {
    let mut statement = conn.prepare_cached("SELECT name, document FROM states")?;
    let states = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let states = states.collect::<Result<_, _>>()?;
    let mut statement = conn.prepare_cached(
        "SELECT at, incident, entry FROM (SELECT * FROM journal ORDER BY id DESC LIMIT ?1) ORDER BY id",
    )?;
    let lines = statement.query_map([journal_max_lines], |row| {
        Ok(Line {
            at: time(row, 0)?,
            incident: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
            entry: row.get(2)?,
        })
    })?;
    let journal = lines.collect::<Result<_, _>>()?;
    Ok(Kept { states, journal })
}

fn write(conn: &Connection, change: &Change, journal_max_lines: u32) -> Result<(), StoreError> {
    let sql = "INSERT INTO states (name, document) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET document = excluded.document";
    let mut statement = conn.prepare_cached(sql)?;
    for (name, document) in &change.states {
        statement.execute([name, document])?;
    }
    if change.journal.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO journal (at, incident, entry) VALUES (?1, ?2, ?3)";
    let mut statement = conn.prepare_cached(sql)?;
    for line in &change.journal {
        let incident = line.incident.map(u64::cast_signed);
        statement.execute(params![line.at.as_millis(), incident, line.entry])?;
    }
    conn.prepare_cached("DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ?1")?
        .execute([journal_max_lines])?;
    Ok(())
}

/// Gives a file that cannot be used another name, its write-ahead log too, so that a new one can be made in its place and
/// the old one can be looked at; the newest three are kept. Answers with the new name.
///
/// # Errors
/// It cannot be renamed.
pub fn put_aside(path: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let beside = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = beside(path, &format!(".damaged-{}", now.as_millis()));
    // The log first: beside a new file it would be taken for that one's.
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (beside(path, suffix), beside(&aside, suffix));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File {
                    path: from.display().to_string(),
                    reason: format!("cannot be put aside: {error}"),
                });
            }
            _ => {}
        }
    }
    forget_older(path);
    Ok(aside)
}

/// Of the files that were put aside the newest stay. One that cannot be removed is no reason not to go on.
fn forget_older(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let begins = format!("{}.damaged-", name.to_string_lossy());
    let number = |name: &str| -> Option<i64> { name.strip_prefix(&begins)?.parse().ok() };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut aside: Vec<i64> = entries
        .filter_map(|entry| number(&entry.file_name().to_string_lossy()))
        .collect();
    aside.sort_unstable();
    let older = aside.len().saturating_sub(ASIDE_MAX);
    for number in aside.iter().take(older) {
        for suffix in ["-wal", "-shm", ""] {
            drop(std::fs::remove_file(
                folder.join(format!("{begins}{number}{suffix}")),
            ));
        }
    }
}
