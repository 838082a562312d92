//! Group commit, faults, health, opening.

mod along;
mod durable;
mod faults;
mod opening;

use super::{CommitFault, Db, DbOptions, FaultPlan, Limits, Schema};
use crate::StoreError;
use crate::migrate::Migration;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

static SCHEMA: Schema = Schema {
    name: "a notebook",
    application_id: 77,
    way_back: "Write them again",
    migrations: &[Migration {
        version: 1,
        sql: "CREATE TABLE trial (one INTEGER PRIMARY KEY CHECK (one = 1), filler BLOB NOT NULL) STRICT;
              CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
    }],
};

fn open(folder: &TempDir, options: DbOptions) -> Db {
    Db::open(&folder.path().join("notes.db"), options, &SCHEMA).unwrap()
}

async fn put(db: &Db, id: i64) -> Result<(), StoreError> {
    db.write(move |conn| {
        conn.execute("INSERT INTO notes VALUES (?1, 'x')", [id])?;
        Ok(())
    })
    .await
}

async fn ids(db: &Db) -> Vec<i64> {
    db.read(ids_of).await.unwrap()
}

fn ids_of(conn: &rusqlite::Connection) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare("SELECT id FROM notes ORDER BY id")?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// What each commit does, in order; afterwards every commit succeeds. Counts commits.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(Vec<CommitFault>, u64)>>);

impl Script {
    fn of(faults: &[CommitFault]) -> Self {
        Self(Arc::new(Mutex::new((faults.to_vec(), 0))))
    }

    fn commits(&self) -> u64 {
        self.0.lock().unwrap().1
    }
}

impl FaultPlan for Script {
    fn at_commit(&mut self, commit: u64) -> CommitFault {
        let mut state = self.0.lock().unwrap();
        state.1 = commit;
        if state.0.is_empty() {
            CommitFault::None
        } else {
            state.0.remove(0)
        }
    }
}

/// Occupies the writing thread until the returned sender sends, so that what is queued meanwhile forms one batch.
async fn occupy(db: &Db) -> SyncSender<()> {
    let (release, released) = sync_channel(1);
    let (started, has_started) = tokio::sync::oneshot::channel();
    let db = db.clone();
    tokio::spawn(async move {
        db.write(move |_| {
            started.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        })
        .await
        .unwrap();
    });
    has_started.await.unwrap();
    release
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .expect(what);
}

#[tokio::test]
async fn a_failing_closure_rolls_back_only_itself() {
    let folder = TempDir::new().unwrap();
    let script = Script::default();
    let options = DbOptions {
        faults: Box::new(script.clone()),
        limits: Limits {
            batch_max_us: 60_000_000,
            ..Limits::default()
        },
        ..DbOptions::default()
    };
    let db = open(&folder, options);
    let release = occupy(&db).await;
    let first = tokio::spawn({
        let db = db.clone();
        async move { put(&db, 1).await }
    });
    until("the first waits", || db.queued_writes() == 2).await;
    let fails = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(|conn| -> Result<(), StoreError> {
                conn.execute("INSERT INTO notes VALUES (2, 'x')", [])?;
                Err(StoreError::Missing("a reason to go on".to_owned()))
            })
            .await
        }
    });
    until("the second waits", || db.queued_writes() == 3).await;
    let panics = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(|conn| -> Result<(), StoreError> {
                conn.execute("INSERT INTO notes VALUES (3, 'x')", [])?;
                panic!("a broken invariant");
            })
            .await
        }
    });
    until("the third waits", || db.queued_writes() == 4).await;
    let last = tokio::spawn({
        let db = db.clone();
        async move { put(&db, 4).await }
    });
    until("the fourth waits", || db.queued_writes() == 5).await;
    release.send(()).unwrap();

    first.await.unwrap().unwrap();
    assert!(matches!(fails.await.unwrap(), Err(StoreError::Missing(_))));
    assert!(panics.await.unwrap_err().is_panic());
    last.await.unwrap().unwrap();
    assert_eq!(ids(&db).await, [1, 4]);
    assert_eq!(script.commits(), 1, "all of them share one commit");
}

#[tokio::test]
async fn a_full_queue_says_so_and_back_pressure_waits() {
    let folder = TempDir::new().unwrap();
    let limits = Limits {
        queue_max_writes: 2,
        ..Limits::default()
    };
    let db = open(
        &folder,
        DbOptions {
            limits,
            ..DbOptions::default()
        },
    );
    let release = occupy(&db).await;
    let queued = tokio::spawn({
        let db = db.clone();
        async move { put(&db, 1).await }
    });
    until("one waits", || db.queued_writes() == 2).await;
    let refused = db.post(|_| Ok(()), drop::<Result<(), StoreError>>);
    assert!(
        matches!(refused, Err(StoreError::Busy { .. })),
        "{refused:?}"
    );
    let patient = tokio::spawn({
        let db = db.clone();
        async move { put(&db, 2).await }
    });
    release.send(()).unwrap();
    queued.await.unwrap().unwrap();
    patient.await.unwrap().unwrap();
    assert_eq!(ids(&db).await, [1, 2]);
}

#[tokio::test]
async fn closing_finishes_what_is_queued() {
    let folder = TempDir::new().unwrap();
    for options in [DbOptions::default(), DbOptions::inline(super::NoFaults)] {
        let db = open(&folder, options);
        let before = ids(&db).await.len() as i64;
        put(&db, before).await.unwrap();
        db.close().await;
        for outcome in [
            put(&db, 99).await,
            db.post(|_| Ok(()), drop::<Result<(), StoreError>>),
            db.read(|_| Ok(())).await,
        ] {
            assert!(
                matches!(outcome, Err(StoreError::Closed { .. })),
                "{outcome:?}"
            );
        }
        assert!(!db.health().accepts_writes());
    }
    assert_eq!(ids(&open(&folder, DbOptions::default())).await, [0, 1]);
}

fn copy_of(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}
