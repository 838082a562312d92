use super::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// A place in which whoever writes waits for a reader.
fn hangs(path: &Path) {
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
}

#[tokio::test]
async fn a_write_that_was_given_up_and_the_next_one_are_not_under_way_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.json");
    let fresh = file.with_extension("new");
    hangs(&fresh);
    let kept = Kept {
        within: Duration::from_millis(300),
        ..Kept::new(file.clone())
    };
    for document in ["first", "second"] {
        kept.replace(document).await.unwrap_err();
    }
    // What hung goes on, and nothing else is there with it.
    let read = spawn_blocking({
        let fresh = fresh.clone();
        move || fs::read_to_string(fresh)
    });
    assert_eq!(read.await.unwrap().unwrap(), "\"first\"");

    // A pipe cannot be synced: the place is free again for the next one, whose write is whole.
    let kept = Kept {
        within: WRITE_MAX,
        ..kept
    };
    drop(kept.turn.lock().await);
    fs::remove_file(&fresh).unwrap();
    kept.replace("third").await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "\"third\"");
}
