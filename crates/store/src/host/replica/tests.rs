//! What has changed is found, deletions too; rows put back are what they were.

use super::tables::TABLES;
use super::*;
use crate::db::{DbOptions, NoFaults};
use crate::host::{HostStore, Lane, Mark};
use crate::stamp::Stamp;
use tempfile::TempDir;
use twinline_core::comments::{CommentLink, CommentOrigin, MirrorState};
use twinline_core::digest::Digest;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

pub(super) async fn store(folder: &TempDir, name: &str) -> HostStore {
    let path = folder.path().join(name);
    HostStore::open(&path, DbOptions::inline(NoFaults), "acme")
        .await
        .unwrap()
}

fn item(id: &str) -> ItemId {
    ItemId {
        node: "gh".into(),
        id: id.to_owned(),
    }
}

pub(super) async fn mark(store: &HostStore, id: &str) {
    let mark = Mark {
        item: item(id),
        lane: Lane::Live,
        cause: "delivery".to_owned(),
        due: Timestamp::from_millis(1),
        at: Timestamp::from_millis(1),
    };
    store.write(move |tx| tx.mark_dirty(&mark)).await.unwrap();
}

pub(super) async fn clear(store: &HostStore, id: &str) {
    let item = item(id);
    let gone = store.write(move |tx| {
        let dirty = tx.dirty(&item)?.expect("it is marked");
        tx.clear_dirty(&item, dirty.mark)
    });
    assert!(gone.await.unwrap());
}

pub(super) async fn begin(store: &HostStore) -> Line {
    let group = store.stamp().group.clone();
    store
        .write(move |tx| tx.begin_replication(&group, "w1"))
        .await
        .unwrap()
}

pub(super) async fn changes(store: &HostStore, after: i64, vouched: i64, max: u32) -> Changes {
    let group = store.stamp().group.clone();
    store
        .read(move |read| read.changes(&group, after, vouched, max))
        .await
        .unwrap()
}

pub(super) fn shown(rows: &[Change]) -> Vec<String> {
    let word = |row: &Change| if row.payload.is_some() { "" } else { " gone" };
    rows.iter()
        .map(|row| format!("{}:{} {}{}", row.rev, row.table, row.key, word(row)))
        .collect()
}

#[tokio::test]
async fn a_deletion_is_a_change_once_replication_has_begun() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    mark(&store, "1").await;
    clear(&store, "1").await;
    let line = begin(&store).await;
    assert_eq!(
        (line.pruned, line.rev),
        (1, 1),
        "earlier deletions are not known"
    );
    assert_eq!(begin(&store).await, line, "once");
    mark(&store, "2").await;
    mark(&store, "3").await;
    clear(&store, "2").await;
    let all = changes(&store, 1, 1, 100).await;
    assert_eq!(
        shown(&all.rows),
        [r#"3:dirty ["gh","3"]"#, r#"4:dirty ["gh","2"] gone"#]
    );
    assert!(all.is_last && all.upto == 4);
    mark(&store, "2").await;
    let back = changes(&store, 4, 4, 100).await;
    assert_eq!(
        shown(&back.rows),
        [r#"5:dirty ["gh","2"]"#],
        "it lives again"
    );
    let group = store.stamp().group.clone();
    let gone = store
        .write(move |tx| tx.forget_tombstones(&group, 4, 100))
        .await
        .unwrap();
    assert_eq!(gone, 1);
    let group = store.stamp().group.clone();
    let line = store
        .read(move |read| read.line(&group))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(line.pruned, 4);
}

#[tokio::test]
async fn replication_that_has_ended_costs_nothing_and_begins_anew() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    mark(&store, "1").await;
    store.end_replication().await.unwrap();
    begin(&store).await;
    clear(&store, "1").await;
    store.end_replication().await.unwrap();
    let group = store.stamp().group.clone();
    let line = store.read(move |read| read.line(&group)).await.unwrap();
    assert_eq!(line, None);
    mark(&store, "2").await;
    clear(&store, "2").await;
    let group = store.stamp().group.clone();
    let kept = store
        .read(move |read| read.tombstones_to(&group, i64::MAX))
        .await
        .unwrap();
    assert_eq!(kept, 0);
    let line = begin(&store).await;
    assert_eq!(
        (line.writer.as_str(), line.pruned, line.rev),
        ("w1", 3, 3),
        "the same file, a new beginning"
    );
}

/// A key that changes is a deletion of the old one.
#[tokio::test]
async fn joined_clusters_leave_no_comment_behind() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    begin(&store).await;
    let link = |root: &str, origin: &str| CommentLink {
        root: root.into(),
        origin: CommentOrigin {
            item: item("1"),
            comment: origin.to_owned(),
        },
        item: item("5"),
        comment: "10".to_owned(),
        parent: item("1"),
        revision: Digest::of_bytes(b"text"),
        state: MirrorState::Live,
    };
    for (root, origin) in [("r1", "1"), ("r1", "2"), ("r2", "2")] {
        let link = link(root, origin);
        store
            .write(move |tx| tx.put_comment_link(&link))
            .await
            .unwrap();
    }
    store
        .write(|tx| tx.join_roots(&"r1".into(), &"r2".into()))
        .await
        .unwrap();
    let all = changes(&store, 0, 0, 100).await;
    let expected = [
        r#"3:comment_links ["r2","gh","2","gh","5"]"#,
        r#"4:comment_links ["r1","gh","1","gh","5"] gone"#,
        r#"4:comment_links ["r1","gh","2","gh","5"] gone"#,
        r#"4:comment_links ["r2","gh","1","gh","5"]"#,
    ];
    assert_eq!(shown(&all.rows), expected);
}

#[tokio::test]
async fn pieces_are_whole_revisions_and_what_vouches_comes_last() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    begin(&store).await;
    store
        .write(|tx| tx.put_edge_cursor("edge", &crate::host::EdgeCursor::default()))
        .await
        .unwrap();
    let both = [item("1"), item("2")];
    store
        .write(move |tx| {
            for item in both {
                tx.mark_dirty(&Mark {
                    item,
                    lane: Lane::Live,
                    cause: "sweep".to_owned(),
                    due: Timestamp::from_millis(1),
                    at: Timestamp::from_millis(1),
                })?;
            }
            Ok(())
        })
        .await
        .unwrap();
    mark(&store, "3").await;
    let first = changes(&store, 0, 0, 1).await;
    assert_eq!(
        shown(&first.rows).len(),
        2,
        "one step is never cut: {first:?}"
    );
    assert!(!first.is_last && first.vouching.is_empty());
    let last = changes(&store, first.upto, 0, 1).await;
    assert_eq!(shown(&last.rows), [r#"3:dirty ["gh","3"]"#]);
    assert_eq!(shown(&last.vouching), [r#"1:edge_cursors ["edge"]"#]);
    assert!(last.is_last);
}

#[tokio::test]
async fn rows_put_back_are_what_they_were() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (store(&folder, "a.db").await, store(&folder, "b.db").await);
    begin(&from).await;
    mark(&from, "1").await;
    from.write(|tx| {
        tx.put_probe(
            &"gh".into(),
            Timestamp::from_millis(9),
            -3,
            "{\"a\":\"\\u0000\"}",
        )
    })
    .await
    .unwrap();
    let all = changes(&from, 0, 0, 100).await;
    let stamp = Stamp {
        group: from.stamp().group.clone(),
        epoch: Epoch::new(1, 9),
    };
    let rows: Vec<ReplicaRow> = all
        .rows
        .iter()
        .chain(&all.vouching)
        .map(|row| ReplicaRow {
            table: row.table.clone(),
            epoch: Epoch::FIRST,
            rev: row.rev,
            payload: row.payload.clone().unwrap(),
        })
        .collect();
    begin(&to).await;
    let given = stamp.clone();
    to.write(move |tx| {
        tx.put_back(&given.group, &rows)?;
        tx.end_put_back(
            &given.group,
            given.epoch,
            Epoch::FIRST,
            (all.upto, all.upto),
            true,
        )
    })
    .await
    .unwrap();
    assert_eq!(
        changes(&to, 0, 0, 100).await,
        changes(&from, 0, 0, 100).await
    );
    let meta = to.read(|read| read.meta()).await.unwrap();
    assert_eq!((meta.group, meta.epoch), (stamp.group, stamp.epoch));
    let row = to
        .read(|read| read.node(&"gh".into()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.skew_ms, -3);
}

/// A new table must say what replication makes of it.
#[tokio::test]
async fn every_table_is_replicated_or_known_not_to_be() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, "host.db").await;
    let names = store
        .read(|read| {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
            read.many(sql, [], |row| Ok(row.get::<_, String>(0)?))
        })
        .await
        .unwrap();
    let mut known: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    known.extend([
        "listed",
        "meta",
        "trial",
        "tombstones",
        "replication",
        "twin_tally",
    ]);
    known.sort_unstable();
    assert_eq!(names, known);
}
