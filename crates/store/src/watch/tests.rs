//! What a watch keeps is there again, bounded; what is damaged is put aside.

use super::*;
use crate::db::{DbOptions, NoFaults};

fn line(number: i64) -> Line {
    Line {
        at: Timestamp::from_millis(number),
        incident: (number % 2 == 0).then_some(7),
        entry: format!("{{\"number\":{number}}}"),
    }
}

fn open(path: &Path) -> Result<WatchStore, StoreError> {
    WatchStore::open(path, DbOptions::inline(NoFaults))
}

fn states(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, document): &(&str, &str)| ((*name).to_owned(), (*document).to_owned());
    of.iter().map(owned).collect()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_the_journal_keeps_the_newest() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("watch.db");
    let store = open(&path).unwrap();
    for number in 1..=5 {
        let change = Change {
            states: states(&[("book", &number.to_string()), ("page", "{}")]),
            journal: vec![line(number * 2), line(number * 2 + 1)],
        };
        store.write(change, 4).await.unwrap();
    }
    drop(store);
    let kept = open(&path).unwrap().read(3).await.unwrap();
    assert_eq!(kept.states, states(&[("book", "5"), ("page", "{}")]));
    assert_eq!(kept.journal, [line(9), line(10), line(11)]);
    let all = open(&path).unwrap().read(100).await.unwrap();
    assert_eq!(all.journal.len(), 4);
}

#[tokio::test]
async fn a_damaged_file_is_put_aside_whole() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("watch.db");
    std::fs::write(&path, [b'x'; 8192]).unwrap();
    std::fs::write(folder.path().join("watch.db-wal"), "y").unwrap();
    assert!(matches!(
        open(&path).err(),
        Some(StoreError::Corrupt { .. } | StoreError::WrongFile { .. })
    ));
    let aside = put_aside(&path, Timestamp::from_millis(17)).unwrap();
    assert_eq!(aside, folder.path().join("watch.db.damaged-17"));
    assert_eq!(std::fs::read(&aside).unwrap(), [b'x'; 8192]);
    let store = open(&path).unwrap();
    assert_eq!(store.read(1).await.unwrap(), Kept::default());
}

#[test]
fn of_the_files_that_were_put_aside_the_newest_are_kept() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("watch.db");
    for number in [5, 700, 80, 9000] {
        std::fs::write(&path, "x").unwrap();
        std::fs::write(folder.path().join("watch.db-wal"), "y").unwrap();
        put_aside(&path, Timestamp::from_millis(number)).unwrap();
    }
    let mut left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let kept = ["700", "80", "9000"];
    let kept =
        kept.map(|number| ["", "-wal"].map(|suffix| format!("watch.db.damaged-{number}{suffix}")));
    assert_eq!(left, {
        let mut kept = kept.concat();
        kept.sort();
        kept
    });
}
