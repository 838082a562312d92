//! A joined group's state is all there, as this file's own.

use super::super::{Gap, HostStore, Lane, Mark};
use super::tables::{EDGE_CURSORS, Keyed, TABLES};
use crate::StoreError;
use crate::db::{DbOptions, NoFaults};
use crate::stamp::{Epoch, GroupId, Stamp};
use tempfile::TempDir;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

/// A group's file, owned under a revision.
async fn store(folder: &TempDir, group: &str, revision: u64) -> HostStore {
    let path = folder.path().join(format!("{group}.db"));
    let store = HostStore::open(&path, DbOptions::inline(NoFaults), "acme");
    let store = store.await.unwrap();
    let stamp = Stamp {
        group: GroupId::new(group),
        epoch: Epoch::new(1, revision),
    };
    let owned = stamp.clone();
    let step = store.write(move |tx| tx.own_group(&owned.group, owned.epoch, None));
    step.await.unwrap();
    store.as_owner(stamp)
}

/// A row in a table, whatever its columns.
async fn fill(store: &HostStore, table: Keyed) {
    let step = store.write(move |tx| {
        let columns = tx.columns(table)?;
        let sql = "SELECT group_concat(CASE type WHEN 'INTEGER' THEN '1' ELSE '''{}''' END, ', ') FROM \
                   pragma_table_info(?1) WHERE name NOT IN ('grp', 'epoch', 'rev')";
        let values: String = tx.conn().query_row(sql, [table.name], |row| row.get(0))?;
        let sql = format!(
            "INSERT INTO {} (grp, epoch, rev, {}) VALUES (?1, ?2, ?3, {values})",
            table.name,
            columns.join(", "),
        );
        tx.stamped(&sql, &[]).map(drop)
    });
    step.await.unwrap();
}

/// How many rows a table has, and how many of them are stamped as the store's own.
async fn rows(store: &HostStore, table: Keyed) -> (i64, i64) {
    let (group, epoch) = (
        store.stamp().group.as_str().to_owned(),
        store.stamp().epoch.to_stored(),
    );
    let sql = format!(
        "SELECT count(*), CAST(total(grp = ?1 AND epoch = ?2) AS INTEGER) FROM {}",
        table.name
    );
    let read = store
        .read(move |read| read.one(&sql, (group, epoch), |row| Ok((row.get(0)?, row.get(1)?))));
    read.await.unwrap().unwrap()
}

async fn mark(store: &HostStore, id: &str) {
    let mark = Mark {
        item: ItemId {
            node: "gh".into(),
            id: id.to_owned(),
        },
        lane: Lane::Live,
        cause: "delivery".to_owned(),
        due: Timestamp::from_millis(1),
        at: Timestamp::from_millis(1),
    };
    store.write(move |tx| tx.mark_dirty(&mark)).await.unwrap();
}

#[tokio::test]
async fn every_table_comes_along_once_and_numbers_follow_those_that_are_here() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (store(&folder, "g1", 7).await, store(&folder, "g2", 9).await);
    mark(&one, "1").await;
    for table in TABLES {
        fill(&two, *table).await;
    }
    let mut expected = Vec::new();
    for table in TABLES {
        let (here, _) = rows(&one, *table).await;
        expected.push(here + i64::from(*table != EDGE_CURSORS));
    }
    // The note that the group was joined.
    let noted = TABLES.iter().position(|table| table.name == "absorbed");
    expected[noted.unwrap()] += 1;
    for turn in ["at first", "repeated"] {
        one.absorb(&two, Timestamp::from_millis(5)).await.unwrap();
        for (table, expected) in TABLES.iter().zip(&expected) {
            let found = rows(&one, *table).await;
            assert_eq!(found, (*expected, *expected), "{} {turn}", table.name);
        }
    }
    let read = one.read(|read| {
        let dirty = read.many("SELECT id, mark FROM dirty ORDER BY seq", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        });
        Ok((dirty?, read.absorbed()?, read.newest_rev()?))
    });
    let (dirty, absorbed, newest) = read.await.unwrap();
    // One step for all, and one for what is not known.
    assert_eq!(dirty, [("1".to_owned(), 1), ("{}".to_owned(), 2)]);
    assert_eq!(newest, 3);
    assert!(absorbed.contains(&GroupId::new("g2")));
    let own = GroupId::new("g1");
    let gap = one.read(move |read| read.gap(&own)).await.unwrap();
    let at = Timestamp::from_millis(1);
    assert_eq!(gap, Some(Gap { from: at, to: at }));
}

#[tokio::test]
async fn another_installations_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let one = store(&folder, "g1", 7).await;
    let path = folder.path().join("other.db");
    let other = HostStore::open(&path, DbOptions::inline(NoFaults), "other");
    let refused = one.absorb(&other.await.unwrap(), Timestamp::EPOCH).await;
    assert!(
        matches!(refused, Err(StoreError::Unreadable { .. })),
        "{refused:?}"
    );
    let absorbed = one.read(|read| read.absorbed()).await;
    assert!(absorbed.unwrap().is_empty());
}
