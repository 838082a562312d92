//! Disk full, read-only, crashes: what is kept, what is said, how it heals.

use super::*;
use crate::db::{Health, NoFaults};

async fn check_commit_fault(fault: CommitFault, kept: &[i64], health: &Health) {
    let folder = TempDir::new().unwrap();
    let db = open(
        &folder,
        DbOptions::inline(Script::of(&[CommitFault::None, fault])),
    );
    put(&db, 1).await.unwrap();
    let failed = put(&db, 2).await.unwrap_err();
    assert_eq!(&db.health(), health, "{failed}");
    drop(db);
    let again = open(&folder, DbOptions::inline(NoFaults));
    assert_eq!(ids(&again).await, kept, "{fault:?}");
}

#[tokio::test]
async fn every_commit_fault_keeps_what_it_says() {
    check_commit_fault(CommitFault::DiskFull, &[1], &Health::DiskFull).await;
    check_commit_fault(CommitFault::ReadOnly, &[1], &Health::ReadOnly).await;
    check_commit_fault(CommitFault::CrashBefore, &[1], &Health::Stopped).await;
    check_commit_fault(CommitFault::CrashAfter, &[1, 2], &Health::Stopped).await;
}

#[tokio::test]
async fn a_crashed_store_answers_nothing_more() {
    let folder = TempDir::new().unwrap();
    for threads in [false, true] {
        let mut options = DbOptions::inline(Script::of(&[CommitFault::CrashBefore]));
        if threads {
            options.executor = super::super::Executor::Thread;
        }
        let db = open(&folder, options);
        for _ in 0..2 {
            let outcome = put(&db, 1).await;
            assert!(
                matches!(outcome, Err(StoreError::Crashed { .. })),
                "{outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_whole_batches_and_heals_with_space() {
    let folder = TempDir::new().unwrap();
    let limits = Limits {
        file_max_pages: Some(64),
        ..Limits::default()
    };
    let db = open(
        &folder,
        DbOptions {
            limits,
            ..DbOptions::default()
        },
    );
    let fill = |id: i64| {
        let db = db.clone();
        async move {
            db.write(move |conn| {
                conn.execute(
                    "INSERT INTO notes VALUES (?1, ?2)",
                    (id, "x".repeat(20_000)),
                )?;
                Ok(())
            })
            .await
        }
    };
    let mut stored = 0;
    let refused = loop {
        match fill(stored).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 64, "64 pages hold no more");
    };
    assert!(
        matches!(&refused, StoreError::DiskFull { file } if file.ends_with("notes.db")),
        "{refused:?}"
    );
    assert!(refused.is_retryable());
    assert_eq!(db.health(), Health::DiskFull);
    assert_eq!(
        ids(&db).await.len() as i64,
        stored,
        "nothing of the refused one, all of the others"
    );
    db.write(|conn| Ok(conn.execute_batch("DELETE FROM notes WHERE id < 5")?))
        .await
        .unwrap();
    fill(100).await.unwrap();
    assert_eq!(db.health(), Health::Ok);
}

#[tokio::test]
async fn a_store_that_takes_no_writes_finds_out_by_itself_when_it_does() {
    let folder = TempDir::new().unwrap();
    let faults = Box::new(Script::of(&[CommitFault::DiskFull, CommitFault::DiskFull]));
    let db = open(
        &folder,
        DbOptions {
            faults,
            ..DbOptions::default()
        },
    );
    assert!(put(&db, 1).await.is_err());
    assert_eq!(db.health(), Health::DiskFull);
    until("the trial succeeds", || db.health() == Health::Ok).await;
    put(&db, 1).await.unwrap();
    assert_eq!(ids(&db).await, [1]);
}

/// A disk that stands still at its commits while the other handle says so.
#[derive(Clone, Default)]
struct Standstill(Arc<(Mutex<bool>, std::sync::Condvar)>);

impl Standstill {
    fn set(&self, still: bool) {
        *self.0.0.lock().unwrap() = still;
        self.0.1.notify_all();
    }
}

impl FaultPlan for Standstill {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        let still = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(still, |still| *still).unwrap());
        CommitFault::None
    }
}

#[tokio::test]
async fn a_disk_that_stands_still_is_told_in_time_and_goes_on_by_itself() {
    let folder = TempDir::new().unwrap();
    let disk = Standstill::default();
    let options = DbOptions {
        faults: Box::new(disk.clone()),
        limits: Limits {
            write_max_ms: 50,
            ..Limits::default()
        },
        ..DbOptions::default()
    };
    let db = open(&folder, options);
    disk.set(true);
    let waited = put(&db, 1).await;
    assert!(
        matches!(waited, Err(StoreError::Stalled { .. })),
        "{waited:?}"
    );
    until("it shows", || db.health() == Health::Stalled).await;
    let refused = put(&db, 2).await;
    assert!(
        matches!(refused, Err(StoreError::Busy { .. })),
        "at once: {refused:?}"
    );
    assert!(ids(&db).await.is_empty(), "it can be read meanwhile");
    disk.set(false);
    let mut next = 3;
    while put(&db, next).await.is_err() {
        next += 1;
        assert!(next < 1000, "it goes on by itself");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let kept = ids(&db).await;
    assert_eq!(kept.first(), Some(&1), "the one that waited was kept");
    assert_eq!(kept.last(), Some(&next), "{kept:?}");
}
