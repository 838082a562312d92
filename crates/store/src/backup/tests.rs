//! Copies while in use, and their way back.

use super::*;
use crate::db::DbOptions;
use crate::host::{EdgeCursor, HostStore};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

async fn open(path: &Path) -> HostStore {
    HostStore::open(path, DbOptions::default(), "acme")
        .await
        .unwrap()
}

/// Restores a backup to `new.db`.
fn restored(from: &str, path: &dyn Fn(&str) -> PathBuf) -> Result<Restored, StoreError> {
    let now = Timestamp::from_millis(9_000);
    let paths = (&*path(from), &*path("new.db"));
    restore_host(paths, &Formats::CURRENT, now, |_| ())
}

async fn taken(host: &HostStore, edge: &'static str) -> u64 {
    host.read(move |r| r.edge_cursor(edge)).await.unwrap().taken
}

async fn put(host: &HostStore, edge: &'static str, taken: u64) {
    let cursor = EdgeCursor {
        taken,
        ..EdgeCursor::default()
    };
    host.write(move |tx| tx.put_edge_cursor(edge, &cursor))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_backup_taken_under_writes_is_one_instant_and_a_restore_takes_a_new_epoch() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let host = open(&path("host.db")).await;
    put(&host, "e1", 5).await;
    let writer = tokio::spawn({
        let host = host.clone();
        async move {
            for n in 0..200 {
                let cursor = EdgeCursor {
                    taken: n,
                    ..EdgeCursor::default()
                };
                host.write(move |tx| {
                    tx.put_edge_cursor("x", &cursor)?;
                    tx.put_edge_cursor("y", &cursor)
                })
                .await
                .unwrap();
            }
        }
    });
    let seen: Arc<Mutex<Vec<CopyProgress>>> = Arc::default();
    let report = Arc::clone(&seen);
    host.db()
        .backup(&path("copy.db"), move |at| report.lock().unwrap().push(at))
        .await
        .unwrap();
    writer.await.unwrap();
    put(&host, "e1", 6).await;
    let last = *seen.lock().unwrap().last().unwrap();
    assert!(
        last.total_pages > 0 && last.done_pages == last.total_pages,
        "{last:?}"
    );

    let restored = restored("copy.db", &path).unwrap();
    let old = host.stamp().epoch;
    let again = open(&path("new.db")).await;
    assert_eq!(restored.epoch, again.stamp().epoch);
    assert!(again.stamp().epoch > old);
    assert_eq!(again.stamp().epoch.generation(), old.generation() + 1);
    assert_eq!(taken(&again, "e1").await, 5);
    assert_eq!(
        taken(&again, "x").await,
        taken(&again, "y").await,
        "one step is there whole or not at all"
    );
    assert_eq!(again.read(|r| r.meta()).await.unwrap().instance, "acme");
    let row: (i64, i64, i64, i64) = again
        .db()
        .read(|conn| {
            let sql = "SELECT r.restored_at, r.epoch, r.rev, m.rev FROM restores r, meta m";
            let read =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            Ok(conn.query_row(sql, [], read)?)
        })
        .await
        .unwrap();
    assert_eq!((row.0, row.1), (9_000, restored.epoch.to_stored()));
    assert_eq!(
        row.2, row.3,
        "the newest row: whoever takes the group over learns of the gap"
    );
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_unsound_is_restored() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let host = open(&path("host.db")).await;
    std::fs::write(path("taken.db"), "someone's").unwrap();
    let refused = host.db().backup(&path("taken.db"), |_| ()).await;
    assert!(
        matches!(refused, Err(StoreError::File { .. })),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(path("taken.db")).unwrap(), b"someone's");
    assert!(
        host.db()
            .backup(&path("no/such/folder.db"), |_| ())
            .await
            .is_err()
    );

    let other = Db::open(
        &path("inbox.db"),
        DbOptions::default(),
        &crate::inbox::SCHEMA,
    )
    .unwrap();
    other.close().await;
    let wrong = restored("inbox.db", &path);
    assert!(
        matches!(wrong, Err(StoreError::WrongFile { .. })),
        "{wrong:?}"
    );
    host.db().backup(&path("copy.db"), |_| ()).await.unwrap();
    let mut bytes = std::fs::read(path("copy.db")).unwrap();
    // The second page is the root of a table or index: damaged, no check passes.
    bytes[4096..8192].fill(0xA5);
    std::fs::write(path("damaged.db"), bytes).unwrap();
    let damaged = restored("damaged.db", &path);
    assert!(
        matches!(damaged, Err(StoreError::Corrupt { .. })),
        "{damaged:?}"
    );
    let missing = restored("none.db", &path);
    assert!(missing.is_err());
    assert!(!path("new.db").exists(), "a refused restore leaves nothing");
}
