//! Marks coalesce, and none is lost.

use super::*;

fn mark(item: &ItemId, lane: Lane, due: i64) -> Mark {
    Mark {
        item: item.clone(),
        lane,
        cause: "delivery".to_owned(),
        due: at(due),
        at: at(0),
    }
}

async fn put(host: &HostStore, item: &ItemId, lane: Lane, due: i64) -> Dirty {
    let mark = mark(item, lane, due);
    host.write(move |tx| tx.mark_dirty(&mark)).await.unwrap()
}

/// Marks an item twice and looks at the one row that is left.
async fn check(first: (Lane, i64), second: (Lane, i64), expected: (Lane, i64)) {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let item = id("gh", "1");
    let before = put(&host, &item, first.0, first.1).await;
    let after = put(&host, &item, second.0, second.1).await;
    assert_eq!((after.lane, after.due), (expected.0, at(expected.1)));
    assert_eq!(before.seq, after.seq, "it keeps its place");
    assert_ne!(before.mark, after.mark, "every mark shows");
    assert_eq!(host.read(|r| r.dirty_page(0, 10)).await.unwrap(), [after]);
}

#[tokio::test]
async fn the_earlier_time_and_the_livelier_lane_win() {
    use Lane::{Backfill, Live};
    check((Live, 10), (Live, 20), (Live, 10)).await;
    check((Live, 20), (Live, 10), (Live, 10)).await;
    check((Backfill, 10), (Live, 20), (Live, 10)).await;
    check((Live, 20), (Backfill, 10), (Live, 10)).await;
    check((Backfill, 20), (Backfill, 30), (Backfill, 20)).await;
}

#[tokio::test]
async fn a_mark_that_arrives_during_the_work_is_kept() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let item = id("gh", "1");
    let working = put(&host, &item, Lane::Live, 10).await.mark;
    let newer = put(&host, &item, Lane::Live, 10).await.mark;
    let clear = |mark| {
        let (host, item) = (host.clone(), item.clone());
        async move {
            host.write(move |tx| tx.clear_dirty(&item, mark))
                .await
                .unwrap()
        }
    };
    assert!(!clear(working).await);
    assert!(clear(newer).await);
    assert!(!clear(newer).await);
    let again = put(&host, &item, Lane::Live, 10).await.mark;
    assert!(
        !clear(working).await && !clear(newer).await,
        "an id is never used twice"
    );
    assert!(clear(again).await);
}

#[tokio::test]
async fn counts_are_by_node_and_lane() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    for (node, number, lane) in [
        ("gh", "1", Lane::Live),
        ("gh", "2", Lane::Live),
        ("jira", "1", Lane::Backfill),
    ] {
        put(&host, &id(node, number), lane, 10).await;
    }
    let counts = host.read(|r| r.dirty_counts()).await.unwrap();
    let short: Vec<_> = counts
        .iter()
        .map(|c| (c.node.as_str(), c.lane, c.items))
        .collect();
    assert_eq!(short, [("gh", Lane::Live, 2), ("jira", Lane::Backfill, 1)]);
    let since = async |node: &'static str, ms| {
        let read = host.read(move |r| r.is_dirty_since(&node.into(), at(ms)));
        read.await.unwrap()
    };
    assert!(since("gh", 0).await && since("jira", 1).await);
    assert!(!since("gh", -1).await && !since("other", 1).await);
}

#[tokio::test]
async fn a_node_has_a_line_of_its_own_in_each_lane() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let marks = [
        ("a", "1", Lane::Backfill),
        ("b", "1", Lane::Live),
        ("a", "2", Lane::Backfill),
        ("a", "3", Lane::Live),
        ("a", "1", Lane::Live),
        ("a", "4", Lane::Backfill),
    ];
    for (node, item, lane) in marks {
        put(&host, &id(node, item), lane, 0).await;
    }
    let read = host.read(|r| {
        let first = r.dirty_page_of(Lane::Backfill, &"a".into(), 0, 1)?;
        let after = first[0].seq;
        let rest = r.dirty_page_of(Lane::Backfill, &"a".into(), after, 9)?;
        let live = r.dirty_page_of(Lane::Live, &"a".into(), 0, 9)?;
        Ok(([first, rest, live], r.dirty_lines()?))
    });
    let (pages, lines) = read.await.unwrap();
    let ids = pages.map(|page| page.into_iter().map(|row| row.item.id).collect::<Vec<_>>());
    assert_eq!(ids, [vec!["2"], vec!["4"], vec!["1", "3"]]);
    let expected = [
        (Lane::Backfill, "a".into()),
        (Lane::Live, "a".into()),
        (Lane::Live, "b".into()),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn what_is_left_to_others_stays_dirty_in_its_place_unless_it_was_marked_since() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let item = id("gh", "1");
    let backfill = Mark {
        cause: "backfill c 1".to_owned(),
        ..mark(&item, Lane::Backfill, 10)
    };
    let again = backfill.clone();
    let before = host
        .write(move |tx| tx.mark_dirty(&backfill))
        .await
        .unwrap();
    let leave = |mark| {
        let (host, item) = (host.clone(), item.clone());
        async move {
            let written = host.write(move |tx| {
                tx.leave_to_others(&item, mark)?;
                tx.dirty(&item)
            });
            written.await.unwrap().unwrap()
        }
    };
    let left = leave(before.mark).await;
    assert_ne!(left.cause, before.cause);
    let as_before = Dirty {
        cause: left.cause.clone(),
        ..before.clone()
    };
    assert_eq!(left, as_before, "all but the cause is as it was");
    let count = host.read(|read| read.dirty_of_cause("backfill c 1"));
    assert_eq!(count.await.unwrap(), 0);
    let marked = host.write(move |tx| tx.mark_dirty(&again)).await.unwrap();
    assert_eq!(marked.cause, before.cause, "confirmed anew");
    assert_eq!(leave(before.mark).await, marked);
}

#[tokio::test]
async fn what_is_left_of_a_mark_is_kept_until_it_is_renewed() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let item = id("gh", "1");
    let before = put(&host, &item, Lane::Live, 10).await;
    let leave = async |mark| {
        let item = item.clone();
        let left = Connections::from([None, Some("c".into())]);
        let written = host.write(move |tx| {
            tx.leave_to(&item, mark, &left)?;
            tx.dirty(&item)
        });
        written.await.unwrap().unwrap()
    };
    let left = Dirty {
        left_to: Some([None, Some("c".into())].into()),
        ..before.clone()
    };
    assert_eq!(leave(before.mark).await, left);
    let renewed = put(&host, &item, Lane::Live, 10).await;
    assert_eq!(renewed.left_to, None, "for all again");
    assert_eq!(leave(before.mark).await, renewed);
}

/// The rule for those who bring marks together before the store does is the store's own.
#[tokio::test]
async fn the_cause_that_stays_is_the_same_wherever_marks_are_brought_together() {
    let moved = [moved_to("7"), moved_to("8")];
    let causes = [
        "delivery",
        DELETED,
        AUDIT,
        &moved[0],
        &moved[1],
        "publish c",
        "backfill c 1",
    ];
    for known in causes {
        for later in causes {
            let Fixture {
                host,
                folder: _folder,
            } = fixture().await;
            let both = [known, later].map(|cause| Mark {
                cause: cause.to_owned(),
                ..mark(&id("gh", "1"), Lane::Live, 10)
            });
            let [first, second] = both;
            let row = host.write(move |tx| {
                tx.mark_dirty(&first)?;
                tx.mark_dirty(&second)
            });
            let expected = if takes_place(later, known) {
                later
            } else {
                known
            };
            assert_eq!(row.await.unwrap().cause, expected, "{known}, then {later}");
        }
    }
}
