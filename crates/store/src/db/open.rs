//! Opening a file: is it ours, is it sound, is its schema current.

use super::options::{DbOptions, Executor};
use crate::error::StoreError;
use crate::migrate::{self, Migration};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What kind of file this is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// With its article: `an edge's inbox`.
    pub(crate) name: &'static str,
    /// What a person can do about a damaged file, as sentences.
    pub(crate) way_back: &'static str,
    /// In the file's header, so that one kind is never taken for another.
    pub(crate) application_id: i32,
    /// All versions, oldest first, numbered from 1.
    pub(crate) migrations: &'static [Migration],
}

/// A file's path as text, and what kind of file it is.
#[derive(Clone, Debug)]
pub(crate) struct FileName {
    path: Arc<str>,
    schema: &'static Schema,
}

impl FileName {
    pub(crate) fn new(path: &Path, schema: &'static Schema) -> Self {
        Self {
            path: path.display().to_string().into(),
            schema,
        }
    }

    /// What a person can do when the file is damaged.
    pub(crate) const fn way_back(&self) -> &'static str {
        self.schema.way_back
    }
}

impl std::ops::Deref for FileName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.path
    }
}

/// How many prepared statements a connection keeps: more than this crate has.
const STATEMENTS_MAX: usize = 256;

pub(super) fn open_writer(
    path: &Path,
    file: &FileName,
    options: &DbOptions,
) -> Result<Connection, StoreError> {
    let mut conn = connect(path, file, options)?;
    let check_max = Duration::from_millis(options.limits.start_check_max_ms);
    match quick_check(&mut conn, Some(check_max)) {
        Ok(Integrity::Sound) => {}
        Ok(Integrity::Unfinished) => {
            tracing::warn!(
                file = &**file,
                "the file is too big to be checked whole at start"
            );
        }
        Ok(Integrity::Damaged(what)) => return Err(StoreError::corrupt(file, what)),
        Err(error) => return Err(error.in_file(file)),
    }
    migrate::migrate(&mut conn, file.schema, file).map_err(|e| e.in_file(file))?;
    Ok(conn)
}

fn connect(path: &Path, file: &FileName, options: &DbOptions) -> Result<Connection, StoreError> {
    let connect = || -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(Duration::from_millis(options.limits.lock_wait_max_ms))?;
        keep_statements(&conn)?;
        read_header(&conn, file.schema, file)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        // A row that takes another's place goes through that one's triggers too.
        conn.pragma_update(None, "recursive_triggers", true)?;
        conn.pragma_update(None, "cache_size", -16_384)?;
        let synchronous = match options.executor {
            Executor::Thread => {
                // The checkpointing thread does it.
                conn.pragma_update(None, "wal_autocheckpoint", 0)?;
                "FULL"
            }
            Executor::Inline => "OFF",
        };
        conn.pragma_update(None, "synchronous", synchronous)?;
        if let Some(pages) = options.limits.file_max_pages {
            conn.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(conn)
    };
    connect().map_err(|e| e.in_file(file))
}

/// A read-only connection to a file that a writer has opened before.
pub(crate) fn open_reader(path: &Path, lock_wait: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(lock_wait)?;
    keep_statements(&conn)?;
    Ok(conn)
}

/// Prepared statements are kept, and stay prepared: without the stability guarantee SQLite looks into bound values where
/// an index is partial, and prepares the statement anew with every value (<https://sqlite.org/queryplannerng.html>).
fn keep_statements(conn: &Connection) -> Result<(), StoreError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Reads the schema version, zero for a new file; refuses files of another kind and newer ones.
pub(crate) fn read_header(
    conn: &Connection,
    schema: &Schema,
    file: &str,
) -> Result<i64, StoreError> {
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = id == 0 && found == 0 && tables == 0;
    if !is_new && id != schema.application_id {
        return Err(StoreError::WrongFile {
            file: file.to_owned(),
            expected: schema.name,
        });
    }
    let known = schema.migrations.last().map_or(0, |m| m.version);
    if found > known {
        return Err(StoreError::NewerSchema {
            file: file.to_owned(),
            found,
            known,
        });
    }
    Ok(found)
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Integrity {
    /// No damage.
    Sound,
    /// No damage until the time was up.
    Unfinished,
    /// Damage, as SQLite words it.
    Damaged(String),
}

/// `PRAGMA quick_check`, given up when the time is over (`None`: it takes what it takes).
pub(crate) fn quick_check(
    conn: &mut Connection,
    at_most: Option<Duration>,
) -> Result<Integrity, StoreError> {
    /// Virtual machine steps between two looks at the clock.
    const STEPS: i32 = 10_000;
    if let Some(at_most) = at_most {
        let end = Instant::now() + at_most;
        conn.progress_handler(STEPS, Some(move || Instant::now() >= end))?;
    }
    let found = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    conn.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Ok(text) if text == "ok" => Ok(Integrity::Sound),
        Ok(text) => Ok(Integrity::Damaged(text)),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Ok(Integrity::Unfinished)
        }
        Err(e) => Err(e.into()),
    }
}
