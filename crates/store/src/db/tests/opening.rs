//! Files that are not ours, not current, not sound, not writable.

use super::*;
use crate::db::FileName;
use std::io::{Seek, SeekFrom, Write};

fn opened(folder: &TempDir) -> Result<Db, StoreError> {
    Db::open(
        &folder.path().join("notes.db"),
        DbOptions::default(),
        &SCHEMA,
    )
}

fn raw(folder: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.path().join("notes.db")).unwrap()
}

#[tokio::test]
async fn a_newer_file_is_refused_with_a_way_out() {
    let folder = TempDir::new().unwrap();
    opened(&folder).unwrap().close().await;
    raw(&folder).pragma_update(None, "user_version", 9).unwrap();
    let error = opened(&folder).err().unwrap();
    assert!(
        matches!(
            error,
            StoreError::NewerSchema {
                found: 9,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("run that version, or restore a backup"),
        "{error}"
    );
}

#[tokio::test]
async fn another_kind_of_file_is_refused() {
    let folder = TempDir::new().unwrap();
    raw(&folder)
        .execute_batch("CREATE TABLE other (x)")
        .unwrap();
    let error = opened(&folder).err().unwrap();
    assert!(matches!(error, StoreError::WrongFile { .. }), "{error:?}");
    std::fs::write(
        folder.path().join("notes.db"),
        "no database at all, but long enough for a header. ".repeat(100),
    )
    .unwrap();
    let error = opened(&folder).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_is_found_at_start_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let db = opened(&folder).unwrap();
    for id in 0..2000 {
        db.write(move |conn| {
            conn.execute(
                "INSERT INTO notes VALUES (?1, 'some text to fill a page with')",
                [id],
            )?;
            Ok(())
        })
        .await
        .unwrap();
    }
    db.close().await;
    drop(db);
    let log: i64 = raw(&folder)
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(log, 0);
    let path = folder.path().join("notes.db");
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let middle = file.metadata().unwrap().len() / 4096 / 2 * 4096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[0xA5; 4096]).unwrap();
    drop(file);
    let error = opened(&folder).err().unwrap();
    let StoreError::Corrupt { file, way_back, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(file.ends_with("notes.db"));
    assert_eq!(way_back, "Write them again");
    assert!(!error.is_retryable());
}

#[test]
fn sqlite_errors_are_told_apart() {
    let folder = TempDir::new().unwrap();
    raw(&folder)
        .execute_batch("CREATE TABLE notes (id)")
        .unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn =
        rusqlite::Connection::open_with_flags(folder.path().join("notes.db"), flags).unwrap();
    let name = FileName::new(Path::new("f"), &SCHEMA);
    let read_only =
        StoreError::from(conn.execute("DELETE FROM notes", []).unwrap_err()).in_file(&name);
    assert!(
        matches!(&read_only, StoreError::ReadOnly { file } if file == "f"),
        "{read_only:?}"
    );
    let mistake =
        StoreError::from(conn.execute("DELETE FROM nothing", []).unwrap_err()).in_file(&name);
    assert!(matches!(mistake, StoreError::Statement(_)), "{mistake:?}");
    let missing =
        rusqlite::Connection::open_with_flags(folder.path().join("none/x.db"), flags).unwrap_err();
    let missing = StoreError::from(missing).in_file(&name);
    assert!(matches!(missing, StoreError::Io { .. }), "{missing:?}");
}

#[tokio::test]
async fn statements_stay_prepared_whatever_is_bound() {
    use rusqlite::StatementStatus;
    let folder = TempDir::new().unwrap();
    let db = open(&folder, DbOptions::default());
    let prepared = |conn: &rusqlite::Connection| {
        let sql = "SELECT id FROM notes WHERE text = ?1";
        let mut statement = conn.prepare_cached(sql)?;
        for id in 0..10 {
            assert!(!statement.exists([format!("{id}")])?);
        }
        Ok(statement.get_status(StatementStatus::RePrepare))
    };
    let partial = "CREATE INDEX some ON notes (id) WHERE text = 'x'";
    db.write(move |conn| Ok(conn.execute_batch(partial)?))
        .await
        .unwrap();
    assert_eq!(db.write(prepared).await.unwrap(), 0);
    assert_eq!(db.read(prepared).await.unwrap(), 0);
}
