//! Writes that wait for the commit of others.

use super::{Script, ids, open, put, until};
use crate::StoreError;
use crate::db::{CommitFault, Db, DbOptions, Limits, NoFaults};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

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

/// Inline, as a simulation has it: a patient write, queued when this returns; when it is committed.
fn post_inline(db: &Db, id: i64) -> oneshot::Receiver<Result<(), StoreError>> {
    let (send, ended) = oneshot::channel();
    let insert = move |conn: &rusqlite::Connection| {
        conn.execute("INSERT INTO notes VALUES (?1, 'x')", [id])?;
        Ok(())
    };
    db.post_along(insert, move |outcome| drop(send.send(outcome)))
        .unwrap();
    ended
}

#[tokio::test(start_paused = true)]
async fn inline_patient_writes_come_with_the_next_or_in_time() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, DbOptions::inline(NoFaults));
    let mut first = post_inline(&db, 1);
    assert_eq!(ids(&db).await, [0; 0]);
    assert!(first.try_recv().is_err(), "nobody is told before");
    assert_eq!(db.write(super::ids_of).await.unwrap(), [1]);
    first.await.unwrap().unwrap();
    let began = Instant::now();
    post_inline(&db, 2).await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_millis(), 200);
    assert_eq!(ids(&db).await, [1, 2]);
    let last = post_inline(&db, 3);
    db.close().await;
    last.await.unwrap().unwrap();
    assert_eq!(ids(&open(&folder, DbOptions::default())).await, [1, 2, 3]);
}

/// A process that is killed, one that dies at a commit, and one of which no handle is left.
#[tokio::test(start_paused = true)]
async fn inline_patient_writes_are_lost_with_their_process() {
    let lost = async |fault: CommitFault, dies: fn(Db) -> Option<Db>| {
        let folder = TempDir::new().unwrap();
        let db = open(
            &folder,
            DbOptions::inline(Script::of(&[CommitFault::None, fault])),
        );
        put(&db, 1).await.unwrap();
        let ended = post_inline(&db, 2);
        let left = dies(db);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(!matches!(ended.await, Ok(Ok(()))), "it is told");
        drop(left);
        assert_eq!(ids(&open(&folder, DbOptions::default())).await, [1]);
    };
    lost(CommitFault::None, |db| {
        db.crash();
        let refused = db.post_along(|_| Ok(()), drop::<Result<(), StoreError>>);
        assert!(matches!(refused, Err(StoreError::Crashed { .. })));
        Some(db)
    })
    .await;
    lost(CommitFault::None, |db| {
        drop(db);
        None
    })
    .await;
    // Its time comes, and the process dies at that commit.
    lost(CommitFault::CrashBefore, Some).await;
}

/// The disk takes nothing: whoever waits is told, and what comes later goes on.
#[tokio::test]
async fn a_patient_write_fails_with_its_batch() {
    let folder = TempDir::new().unwrap();
    let script = Script::of(&[CommitFault::DiskFull]);
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
