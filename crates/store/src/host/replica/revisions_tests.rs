//! The index of revisions says what the tables do, whatever was done to them.

use super::tests::{begin, changes, clear, mark, shown, store};
use super::*;
use crate::host::replica::tables::TABLES;
use crate::host::{EdgeCursor, HistoryEntry, HistoryKind, ItemRow};
use rusqlite::Connection;
use tempfile::TempDir;
use twinline_core::item::{ItemId, ItemRef, Version};
use twinline_core::time::Timestamp;

fn entries(read: &HostRead<'_>, sql: &str) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    read.many(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

async fn check(store: &HostStore) {
    let all: Vec<String> = TABLES
        .iter()
        .map(|table| format!("SELECT rev, {}, rowid FROM {}", table.number, table.name))
        .collect();
    let wanted = format!("{} ORDER BY 1, 2, 3", all.join(" UNION ALL "));
    let (has, wanted) = store
        .read(move |read| {
            let has = "SELECT rev, tbl, row FROM revisions ORDER BY 1, 2, 3";
            Ok((entries(read, has)?, entries(read, &wanted)?))
        })
        .await
        .unwrap();
    assert!(!wanted.is_empty());
    assert_eq!(has, wanted);
}

fn item(key: &str, root: Option<&str>) -> ItemRow {
    let item = ItemId {
        node: "gh".into(),
        id: "1".to_owned(),
    };
    ItemRow {
        reference: ItemRef {
            item,
            key: key.to_owned(),
            url: "https://gh.example/1".to_owned(),
        },
        scope: std::collections::BTreeMap::new(),
        root: root.map(Into::into),
        version: Version::default(),
        seen_at: Timestamp::from_millis(5),
    }
}

async fn put(store: &HostStore, row: &ItemRow) {
    let row = row.clone();
    store.write(move |tx| tx.put_item(&row)).await.unwrap();
}

async fn tell(store: &HostStore, taken: u64) {
    let cursor = EdgeCursor {
        taken,
        ..EdgeCursor::default()
    };
    let step = store.write(move |tx| tx.put_edge_cursor("edge", &cursor));
    step.await.unwrap();
}

#[tokio::test]
async fn every_write_keeps_it() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    mark(&store, "1").await;
    tell(&store, 1).await;
    begin(&store).await;
    check(&store).await;
    mark(&store, "2").await;
    mark(&store, "1").await;
    tell(&store, 2).await;
    put(&store, &item("ACME-1", None)).await;
    put(&store, &item("ACME-1", Some("r1"))).await;
    check(&store).await;
    clear(&store, "1").await;
    store
        .write(|tx| {
            tx.join_roots(&"r1".into(), &"r2".into())?;
            tx.append_history(&HistoryEntry {
                item: item("", None).reference.item,
                at: Timestamp::from_millis(1),
                kind: HistoryKind::Linked,
                connection: None,
                link: None,
                rule_version: None,
                by: None,
                field: None,
                before: None,
                after: None,
                source: None,
                source_at: None,
                effect: None,
                attempt: 0,
                latency_ms: None,
                text: None,
            })
        })
        .await
        .unwrap();
    check(&store).await;
    let group = store.stamp().group.clone();
    store.write(move |tx| tx.clear_group(&group)).await.unwrap();
    mark(&store, "3").await;
    check(&store).await;
}

/// The file as another left it: opened by hand, and changed so.
async fn left_by(how: &str) {
    let folder = TempDir::new().unwrap();
    let first = store(&folder, "host.db").await;
    for id in ["1", "2", "3"] {
        mark(&first, id).await;
    }
    begin(&first).await;
    put(&first, &item("ACME-1", None)).await;
    clear(&first, "1").await;
    first.db().close().await;
    let conn = Connection::open(folder.path().join("host.db")).unwrap();
    conn.execute_batch(how).unwrap();
    drop(conn);
    let store = store(&folder, "host.db").await;
    assert!(!store.read(|read| read.has_revisions()).await.unwrap());
    begin(&store).await;
    assert!(store.read(|read| read.has_revisions()).await.unwrap());
    check(&store).await;
    mark(&store, "2").await;
    check(&store).await;
    let all = changes(&store, 3, 3, 100).await;
    assert_eq!(
        shown(&all.rows),
        [
            r#"4:items ["gh","1"]"#,
            r#"5:dirty ["gh","1"] gone"#,
            r#"6:dirty ["gh","2"]"#
        ],
        "{how}"
    );
}

#[tokio::test]
async fn a_file_that_was_vacuumed_or_is_of_an_earlier_version_has_it_made() {
    left_by("VACUUM").await;
    left_by("DROP TABLE revisions_made").await;
    left_by("DROP TRIGGER dirty_comes; DROP TABLE revisions").await;
}

/// Steps of some rows, between which others write what was entered already, what was not, and what is new; the file is
/// closed in between.
#[tokio::test]
async fn it_is_made_in_steps_between_other_writes() {
    for max in [1, 2, 5] {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, "host.db").await;
        for id in 0..7 {
            mark(&store, &id.to_string()).await;
        }
        put(&store, &item("ACME-1", None)).await;
        tell(&store, 1).await;
        let mut steps = 0;
        while !store
            .write(move |tx| tx.index_more_revisions(max))
            .await
            .unwrap()
        {
            assert!(!store.read(|read| read.has_revisions()).await.unwrap());
            match steps {
                1 => clear(&store, "6").await,
                2 => mark(&store, "0").await,
                3 => {
                    store.db().close().await;
                    store = tests::store(&folder, "host.db").await;
                }
                4 => mark(&store, "new").await,
                _ => put(&store, &item("ACME-1", Some("r1"))).await,
            }
            steps += 1;
            assert!(steps < 30, "it is never whole");
        }
        assert!(steps >= 9 / max, "{steps} steps of {max}");
        check(&store).await;
        mark(&store, "0").await;
        check(&store).await;
    }
}

/// What was made so far is of no use when the file is another than it was.
#[tokio::test]
async fn it_is_begun_anew_where_the_file_was_vacuumed_meanwhile() {
    let folder = TempDir::new().unwrap();
    let first = store(&folder, "host.db").await;
    for id in ["1", "2", "3"] {
        mark(&first, id).await;
    }
    for _ in 0..2 {
        let step = first.write(|tx| tx.index_more_revisions(2));
        assert!(!step.await.unwrap());
    }
    clear(&first, "1").await;
    first.db().close().await;
    let conn = Connection::open(folder.path().join("host.db")).unwrap();
    conn.execute_batch("VACUUM").unwrap();
    drop(conn);
    let store = store(&folder, "host.db").await;
    store.index_revisions().await.unwrap();
    check(&store).await;
}

#[tokio::test]
async fn it_goes_with_the_replication() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    begin(&store).await;
    store.end_replication().await.unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE sql LIKE '%revisions%'";
    let left = store.read(|read| read.many(sql, [], |row| Ok(row.get::<_, String>(0)?)));
    assert_eq!(left.await.unwrap(), [""; 0]);
    mark(&store, "1").await;
    begin(&store).await;
    check(&store).await;
}

#[test]
fn no_two_tables_have_a_number() {
    let numbers: std::collections::BTreeSet<i64> =
        TABLES.iter().map(|table| table.number).collect();
    assert_eq!(numbers.len(), TABLES.len());
}
