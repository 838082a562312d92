//! Writes that wait for the commit of others.

use super::{Script, ids, open, put, until};
use crate::StoreError;
use crate::db::{Db, DbOptions, Limits, NoFaults};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A file whose patient writes wait so long for others.
fn patient(folder: &TempDir, along_max_ms: u64) -> (Db, Script) {
    let script = Script::default();
    let options = DbOptions {
        faults: Box::new(script.clone()),
        limits: Limits {
            along_max_ms,
            ..Limits::default()
        },
        ..DbOptions::default()
    };
    (open(folder, options), script)
}

const FOR_EVER_MS: u64 = 3_600_000;

/// A patient write; when it is committed.
async fn along(db: &Db, id: i64) -> Result<(), StoreError> {
    let insert = move |conn: &rusqlite::Connection| {
        conn.execute("INSERT INTO notes VALUES (?1, 'x')", [id])?;
        Ok(())
    };
    db.write_along(insert).await
}

/// A patient write, queued when this returns.
async fn put_along(db: &Db, id: i64) -> JoinHandle<Result<(), StoreError>> {
    let (before, writer) = (db.queued_writes(), db.clone());
    let written = tokio::spawn(async move {
        let insert = move |conn: &rusqlite::Connection| {
            conn.execute("INSERT INTO notes VALUES (?1, 'x')", [id])?;
            Ok(())
        };
        writer.write_along(insert).await
    });
    until("it is queued", || db.queued_writes() > before).await;
    written
}

#[tokio::test]
async fn patient_writes_share_the_commit_of_the_next_and_come_before_it() {
    let folder = TempDir::new().unwrap();
    let (db, script) = patient(&folder, FOR_EVER_MS);
    let first = put_along(&db, 1).await;
    let second = put_along(&db, 2).await;
    assert_eq!(ids(&db).await, [0; 0]);
    let seen = db.write(super::ids_of).await.unwrap();
    assert_eq!(seen, [1, 2]);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(script.commits(), 1);
    put(&db, 3).await.unwrap();
    assert_eq!(ids(&db).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_patient_write_that_nobody_joins_is_committed_in_time() {
    let folder = TempDir::new().unwrap();
    let (db, script) = patient(&folder, 20);
    for id in 1..=2 {
        along(&db, id).await.unwrap();
    }
    assert_eq!(ids(&db).await, [1, 2]);
    assert_eq!(script.commits(), 2);
}

#[tokio::test]
async fn closing_commits_what_is_patient() {
    let folder = TempDir::new().unwrap();
    let (db, _) = patient(&folder, FOR_EVER_MS);
    let written = put_along(&db, 1).await;
    db.close().await;
    written.await.unwrap().unwrap();
    let refused = db.post_along(|_| Ok(()), drop::<Result<(), StoreError>>);
    assert!(
        matches!(refused, Err(StoreError::Closed { .. })),
        "{refused:?}"
    );
    assert_eq!(ids(&open(&folder, DbOptions::default())).await, [1]);
}

#[tokio::test]
async fn inline_nothing_is_patient() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, DbOptions::inline(NoFaults));
    let insert = |conn: &rusqlite::Connection| {
        conn.execute("INSERT INTO notes VALUES (1, 'x')", [])?;
        Ok(())
    };
    db.write_along(insert).await.unwrap();
    assert_eq!(ids(&db).await, [1]);
}

/// The disk takes nothing: whoever waits is told, and what comes later goes on.
#[tokio::test]
async fn a_patient_write_fails_with_its_batch() {
    let folder = TempDir::new().unwrap();
    let script = Script::of(&[crate::db::CommitFault::DiskFull]);
    let options = DbOptions {
        faults: Box::new(script.clone()),
        ..DbOptions::default()
    };
    let db = open(&folder, options);
    let outcome = along(&db, 1).await;
    assert!(
        matches!(outcome, Err(StoreError::DiskFull { .. })),
        "{outcome:?}"
    );
    put(&db, 2).await.unwrap();
    assert_eq!(ids(&db).await, [2]);
}
