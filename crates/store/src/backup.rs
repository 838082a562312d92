//! Copies of a host's state, taken while it is in use, and their way back.
//!
//! An edge's inbox has none: an old copy of it would be worth nothing, and what a lost one held is found by sweeps.

use crate::StoreError;
use crate::db::{Db, FileName, Integrity, Schema, open_reader, quick_check, read_header};
use crate::formats::Formats;
use crate::host::{Gap, newest_time, note_gap};
use crate::stamp::{Epoch, GroupId};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Pages of 4 KiB copied between two reports of progress.
const STEP_PAGES: i32 = 1024;
/// How long to wait for another process, before a backup fails.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Pages copied so far.
    pub done_pages: u64,
    /// Pages in all.
    pub total_pages: u64,
}

impl Db {
    /// Copies the file as of now to `to`, which must not exist, while writes go on. Complete and synced when it
    /// resolves; `progress` is called from another thread.
    ///
    /// # Errors
    /// [`StoreError::File`] when `to` exists or cannot be written; otherwise the file's state. What was written of an
    /// unfinished copy is removed.
    pub async fn backup(
        &self,
        to: &Path,
        progress: impl Fn(CopyProgress) + Send + 'static,
    ) -> Result<(), StoreError> {
        let to = to.to_owned();
        // As long as it takes: it shows its progress, and nobody waits for it.
        self.read_at_leisure(move |conn| fresh_copy(conn, &to, progress))
            .await
    }
}

/// What a restore made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The file.
    pub path: PathBuf,
    /// Its new epoch.
    pub epoch: Epoch,
}

/// Makes a host's state at `to`, which must not exist, from a backup. The copy is checked whole and takes a new epoch,
/// so that whatever the lost file wrote later elsewhere is known to be older. It is brought to the form of `formats`. `now`:
/// the wall clock; what was written between the copy and now is not in it, and that is noted ([`Gap`]).
///
/// Blocking: call it from a command, not from a running role.
///
/// # Errors
/// The backup is damaged, newer, something else, or `to` exists. Then nothing is left at `to`.
pub fn restore_host(
    (from, to): (&Path, &Path),
    formats: &Formats,
    now: Timestamp,
    progress: impl Fn(CopyProgress),
) -> Result<Restored, StoreError> {
    let epoch = restore(from, to, formats.host, progress, |conn| {
        let (stored, group): (i64, String) =
            conn.query_row("SELECT epoch, grp FROM meta", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let gap = Gap {
            from: newest_time(conn)?,
            to: now,
        };
        let epoch = Epoch::from_stored(stored)
            .restored()
            .ok_or_else(|| StoreError::Missing("a further generation".to_owned()))?;
        conn.execute("UPDATE meta SET epoch = ?1", [epoch.to_stored()])?;
        note_gap(conn, &GroupId::new(group), epoch, gap)?;
        // The lost file may have shipped more than this one knows: the replica is made anew from here.
        conn.execute_batch("DELETE FROM replication; DELETE FROM tombstones;")?;
        Ok(epoch)
    })?;
    Ok(Restored {
        path: to.to_owned(),
        epoch,
    })
}

fn restore<T>(
    from: &Path,
    to: &Path,
    schema: &'static Schema,
    progress: impl Fn(CopyProgress),
    finish: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let file = FileName::new(from, schema);
    let look = || {
        let mut source = open_reader(from, LOCK_WAIT)?;
        let version = read_header(&source, schema, &file)?;
        if version == 0 {
            return Err(StoreError::WrongFile {
                file: file.to_string(),
                expected: schema.name,
            });
        }
        match quick_check(&mut source, None)? {
            Integrity::Damaged(what) => Err(StoreError::Corrupt {
                file: file.to_string(),
                what,
                way_back: "Use another backup".to_owned(),
            }),
            Integrity::Sound | Integrity::Unfinished => Ok(source),
        }
    };
    let source = look().map_err(|e| e.in_file(&file))?;
    let target = FileName::new(to, schema);
    fresh_copy(&source, to, progress).map_err(|e| e.in_file(&target))?;
    let made = Connection::open(to)
        .map_err(StoreError::from)
        .and_then(|mut conn| {
            crate::migrate::migrate(&mut conn, schema, &target)?;
            // All of it or nothing: an epoch without its gap would be believed.
            let step = conn.transaction()?;
            let made = finish(&step)?;
            step.commit()?;
            Ok(made)
        })
        .map_err(|e| e.in_file(&target));
    if made.is_err() {
        remove(to);
    }
    made
}

/// Copies to a file that must not exist; removes what it made when it fails.
fn fresh_copy(
    source: &Connection,
    to: &Path,
    progress: impl Fn(CopyProgress),
) -> Result<(), StoreError> {
    // Made exclusively first, so that two copies cannot meet and nothing is overwritten.
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to);
    drop(made.map_err(|e| StoreError::File {
        path: to.display().to_string(),
        reason: e.to_string(),
    })?);
    let copied = copy(source, to, progress);
    if copied.is_err() {
        remove(to);
    }
    copied
}

fn copy(source: &Connection, to: &Path, progress: impl Fn(CopyProgress)) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags)?;
    target.pragma_update(None, "synchronous", "FULL")?;
    let backup = Backup::new(source, &mut target)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let at = backup.progress();
        let total = u64::try_from(at.pagecount).unwrap_or(0);
        progress(CopyProgress {
            done_pages: total.saturating_sub(u64::try_from(at.remaining).unwrap_or(0)),
            total_pages: total,
        });
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => {
                return Err(StoreError::Busy {
                    file: to.display().to_string(),
                    what: "another process holds the file".to_owned(),
                });
            }
        }
    }
    drop(backup);
    // One file without a log beside it: it can be read from anywhere.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    sync_folder(to)
}

/// Makes one file of a store that nobody has open any more: what its log holds is in it then, and the log is gone.
///
/// # Errors
/// Somebody has it open, or it cannot be written.
pub fn one_file(path: &Path) -> Result<(), StoreError> {
    let name = FileName::new(path, &crate::host::SCHEMA);
    let settle = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(LOCK_WAIT)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "journal_mode", "DELETE")?;
        conn.close().map_err(|(_, error)| error)?;
        sync_folder(path)
    };
    settle().map_err(|e| e.in_file(&name))
}

/// Makes names durable that were given or taken beside this file.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| StoreError::File {
            path: folder.display().to_string(),
            reason: e.to_string(),
        })
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "an unfinished copy is left behind");
    }
}

#[cfg(test)]
mod tests;
