//! Nothing released is lost, wherever the log is cut.

use super::*;
use std::time::Duration;

const PAGE_BYTES: u64 = 4096;
const FRAME_HEADER_BYTES: u64 = 24;
const LOG_HEADER_BYTES: u64 = 32;

/// Opens copies of the file and of its log cut to `bytes`, as a machine would after losing power then.
fn after_cut(file: &Path, bytes: u64) -> Vec<i64> {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("notes.db");
    copy_of(file, &copy);
    let log = folder.path().join("notes.db-wal");
    copy_of(&file.with_extension("db-wal"), &log);
    let cut = std::fs::OpenOptions::new().write(true).open(&log).unwrap();
    cut.set_len(bytes).unwrap();
    drop(cut);
    let conn = rusqlite::Connection::open(&copy).unwrap();
    ids_of(&conn).unwrap()
}

#[tokio::test]
async fn a_log_cut_anywhere_keeps_all_that_was_released_before() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, DbOptions::default());
    // The schema goes into the file, so that every cut leaves something that can be opened.
    put(&db, 0).await.unwrap();
    db.write(|conn| Ok(conn.execute_batch("DELETE FROM notes")?))
        .await
        .unwrap();
    let file = db.path().to_owned();
    let checkpointer = rusqlite::Connection::open(&file).unwrap();
    let moved: i64 = checkpointer
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(moved, 0, "nobody was in the way");

    let mut released = Vec::new();
    for id in 1..=12 {
        put(&db, id).await.unwrap();
        released.push((
            id,
            std::fs::metadata(file.with_extension("db-wal"))
                .unwrap()
                .len(),
        ));
    }
    let end = released.last().unwrap().1;
    let mut cuts = vec![0, 1, LOG_HEADER_BYTES - 1, LOG_HEADER_BYTES];
    let frames = (end - LOG_HEADER_BYTES) / (PAGE_BYTES + FRAME_HEADER_BYTES);
    for frame in 0..=frames {
        let boundary = LOG_HEADER_BYTES + frame * (PAGE_BYTES + FRAME_HEADER_BYTES);
        cuts.extend([
            boundary,
            boundary.saturating_sub(1),
            boundary + 1,
            boundary + PAGE_BYTES / 2,
        ]);
    }
    for cut in cuts.into_iter().filter(|cut| *cut <= end) {
        let kept = after_cut(&file, cut);
        let promised: Vec<i64> = released
            .iter()
            .filter(|(_, bytes)| *bytes <= cut)
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(kept, promised, "log cut to {cut} of {end} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_at_any_instant_holds_all_that_was_released_before_it() {
    let folder = TempDir::new().unwrap();
    let limits = Limits {
        checkpoint_after_pages: u32::MAX,
        ..Limits::default()
    };
    let db = open(
        &folder,
        DbOptions {
            limits,
            ..DbOptions::default()
        },
    );
    let released: Arc<Mutex<Vec<i64>>> = Arc::default();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (db, released) = (db.clone(), Arc::clone(&released));
            tokio::spawn(async move {
                for n in 0..60 {
                    let id = writer * 1000 + n;
                    put(&db, id).await.unwrap();
                    released.lock().unwrap().push(id);
                }
            })
        })
        .collect();
    let mut looked = 0;
    loop {
        let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let promised = released.lock().unwrap().clone();
        let length = std::fs::metadata(db.path().with_extension("db-wal"))
            .unwrap()
            .len();
        let kept = after_cut(db.path(), length);
        let lost: Vec<_> = promised
            .iter()
            .filter(|id| kept.binary_search(id).is_err())
            .collect();
        assert!(lost.is_empty(), "released and not in the copy: {lost:?}");
        looked += 1;
        if done {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(looked > 1);
    assert_eq!(ids(&db).await.len(), 480);
}

#[tokio::test]
async fn the_log_begins_anew_while_writes_go_on() {
    let folder = TempDir::new().unwrap();
    let limits = Limits {
        checkpoint_after_pages: 50,
        ..Limits::default()
    };
    let db = open(
        &folder,
        DbOptions {
            limits,
            ..DbOptions::default()
        },
    );
    let total = 3000;
    for id in 0..total {
        put(&db, id).await.unwrap();
    }
    let log = std::fs::metadata(db.path().with_extension("db-wal"))
        .unwrap()
        .len();
    assert!(
        log < total as u64 * PAGE_BYTES,
        "{log} bytes: the log never began anew"
    );
    assert_eq!(ids(&db).await.len(), total as usize);
}

/// Who asks for it before the file is closed leaves little to be copied then.
#[tokio::test]
async fn the_log_is_copied_when_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, DbOptions::default());
    for id in 0..200 {
        put(&db, id).await.unwrap();
    }
    let size = || std::fs::metadata(db.path()).unwrap().len();
    let before = size();
    db.copy_log();
    let copied = async {
        while size() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let copied = tokio::time::timeout(Duration::from_secs(20), copied).await;
    copied.expect("the file has grown");
    put(&db, 200).await.unwrap();
    assert_eq!(ids(&db).await.len(), 201);
}
