//! The inbox: duplicates, ownership, paging.

mod faults;
mod room;

use super::*;
use crate::db::{BeginFault, CommitFault, DbOptions, Executor, FaultPlan, Health, NoFaults};
use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

struct Fixture {
    inbox: Inbox,
    _folder: TempDir,
}

/// Never says the same twice.
struct Numbers;

impl Entropy for Numbers {
    fn next_u64(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

async fn open(path: &Path, options: DbOptions, limits: InboxLimits) -> Inbox {
    Inbox::open(path, options, limits, &Numbers).await.unwrap()
}

const OWNER: Epoch = Epoch::FIRST;

fn group(name: &str) -> GroupId {
    GroupId::new(name)
}

fn route(node: &str, of: &str) -> Route {
    Route {
        node: node.into(),
        group: group(of),
        tracker: "github".to_owned(),
    }
}

/// An inbox with nodes `a` and `b` of group `g`, claimed, and `c` of group `h`.
async fn fixture(limits: InboxLimits) -> Fixture {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let inbox = open(&path, DbOptions::inline(NoFaults), limits).await;
    inbox
        .set_routes(vec![route("a", "g"), route("b", "g"), route("c", "h")])
        .await
        .unwrap();
    inbox.claim(group("g"), OWNER).await.unwrap();
    Fixture {
        inbox,
        _folder: folder,
    }
}

fn delivery(node: &str, id: &str, at_ms: i64, bytes: usize) -> Delivery {
    Delivery {
        node: node.into(),
        delivery_id: (!id.is_empty()).then(|| id.to_owned()),
        received_at: Timestamp::from_millis(at_ms),
        headers: Vec::new(),
        body: Bytes::from(vec![7; bytes]),
    }
}

async fn add(inbox: &Inbox, node: &str, id: &str) -> Appended {
    inbox.append(delivery(node, id, 0, 100)).await.unwrap()
}

/// What an append for a node of `g` answers.
fn new(seq: u64) -> Appended {
    Appended::New {
        seq,
        group: group("g"),
    }
}

fn place(inbox: &Inbox, seq: u64) -> InboxPlace {
    InboxPlace {
        inbox: inbox.id().clone(),
        seq,
    }
}

/// All deliveries after a number, in one page.
fn after(inbox: &Inbox, seq: u64) -> Page {
    Page {
        from: place(inbox, seq),
        max_rows: 1000,
        max_bytes: u64::MAX,
    }
}

async fn seqs(inbox: &Inbox, of: &str, page: Page) -> Vec<u64> {
    let batch = inbox.page(group(of), OWNER, page).await.unwrap();
    batch.deliveries.iter().map(|pulled| pulled.seq).collect()
}

async fn all(inbox: &Inbox, of: &str) -> Vec<u64> {
    seqs(inbox, of, after(inbox, 0)).await
}

#[tokio::test]
async fn a_redelivery_is_known_and_what_has_no_id_never_is() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    assert_eq!(add(&inbox, "a", "x").await, new(1));
    assert_eq!(add(&inbox, "a", "x").await, Appended::Duplicate);
    assert!(
        matches!(add(&inbox, "b", "x").await, Appended::New { .. }),
        "ids are a node's own"
    );
    for _ in 0..2 {
        assert!(matches!(add(&inbox, "a", "").await, Appended::New { .. }));
    }
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (300, 3));
    match add(&inbox, "c", "x").await {
        Appended::New { group: of, .. } => assert_eq!(of, group("h")),
        other => panic!("{other:?}"),
    }
    let unknown = inbox.append(delivery("nobody", "x", 0, 1)).await;
    assert!(
        matches!(unknown, Err(StoreError::Missing(_))),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_delivery_comes_out_as_it_went_in() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    let mut sent = delivery("a", "x", 42, 3);
    sent.headers = vec![
        ("X-Event".to_owned(), "é".to_owned()),
        ("X-Event".to_owned(), String::new()),
    ];
    inbox.append(sent.clone()).await.unwrap();
    let batch = inbox.page(group("g"), OWNER, after(&inbox, 0)).await;
    assert_eq!(
        batch.unwrap().deliveries,
        [Pulled {
            seq: 1,
            delivery: sent
        }]
    );
}

#[tokio::test]
async fn pages_are_bounded_by_rows_and_bytes_and_keep_to_the_group() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    inbox.claim(group("h"), OWNER).await.unwrap();
    for (node, id) in [("a", "1"), ("c", "2"), ("b", "3"), ("a", "4")] {
        add(&inbox, node, id).await;
    }
    assert_eq!(all(&inbox, "g").await, [1, 3, 4]);
    assert_eq!(all(&inbox, "h").await, [2]);
    assert_eq!(seqs(&inbox, "g", after(&inbox, 1)).await, [3, 4]);
    let rows = |max_rows| Page {
        max_rows,
        ..after(&inbox, 0)
    };
    assert_eq!(seqs(&inbox, "g", rows(2)).await, [1, 3]);
    let bytes = |max_bytes| Page {
        max_bytes,
        ..after(&inbox, 0)
    };
    assert_eq!(seqs(&inbox, "g", bytes(250)).await, [1, 3]);
    assert_eq!(
        seqs(&inbox, "g", bytes(1)).await,
        [1],
        "the first one always"
    );
}

#[tokio::test]
async fn a_place_in_another_inbox_is_the_beginning_of_this_one() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    let other = fixture(InboxLimits::default()).await;
    for id in ["1", "2"] {
        add(&inbox, "a", id).await;
    }
    let check = async |from: InboxPlace, expected: &[u64]| {
        let page = Page {
            from: from.clone(),
            ..after(&inbox, 0)
        };
        let batch = inbox.page(group("g"), OWNER, page).await.unwrap();
        let seqs: Vec<u64> = batch.deliveries.iter().map(|pulled| pulled.seq).collect();
        assert_eq!(seqs, expected, "{from:?}");
        batch.from == from
    };
    assert!(check(place(&inbox, 0), &[1, 2]).await);
    assert!(check(place(&inbox, 2), &[]).await);
    assert!(!check(place(&other.inbox, 1), &[1, 2]).await);
    assert!(!check(InboxPlace::default(), &[1, 2]).await);
    assert!(
        !check(place(&inbox, 3), &[1, 2]).await,
        "an older copy of what was pulled"
    );
    let elsewhere = place(&other.inbox, 2);
    for refused in [
        inbox.ack_taken(group("g"), OWNER, &elsewhere).await,
        inbox.ack_safe(group("g"), OWNER, &elsewhere).await,
    ] {
        assert!(
            matches!(refused, Err(StoreError::Missing(_))),
            "{refused:?}"
        );
    }
    let cursors = inbox.claim(group("g"), OWNER).await.unwrap();
    assert_eq!(cursors, Cursors::default(), "nothing was taken");
}

#[tokio::test]
async fn a_file_keeps_its_id_and_the_next_one_has_another() {
    let folder = TempDir::new().unwrap();
    let id = async |name: &str| {
        let path = folder.path().join(name);
        let inbox = open(&path, DbOptions::default(), InboxLimits::default()).await;
        inbox.db().close().await;
        inbox.id().clone()
    };
    let first = id("one.db").await;
    assert_ne!(first, InboxId::default());
    assert_eq!(id("one.db").await, first);
    assert_ne!(id("two.db").await, first);
}

#[tokio::test]
async fn cursors_only_rise_and_a_takeover_restarts_from_safe() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    for id in ["1", "2", "3", "4"] {
        add(&inbox, "a", id).await;
    }
    let g = || group("g");
    assert_eq!(
        inbox
            .ack_taken(g(), OWNER, &place(&inbox, 3))
            .await
            .unwrap(),
        Cursors { taken: 3, safe: 0 }
    );
    assert_eq!(
        inbox.ack_safe(g(), OWNER, &place(&inbox, 2)).await.unwrap(),
        Cursors { taken: 3, safe: 2 }
    );
    assert_eq!(
        inbox
            .ack_taken(g(), OWNER, &place(&inbox, 1))
            .await
            .unwrap(),
        Cursors { taken: 3, safe: 2 }
    );
    assert_eq!(
        inbox.claim(g(), OWNER).await.unwrap(),
        Cursors { taken: 3, safe: 2 }
    );

    let newer = Epoch::new(1, 9);
    assert!(
        matches!(
            inbox.page(g(), newer, after(&inbox, 0)).await,
            Err(StoreError::Missing(_))
        ),
        "claim first"
    );
    assert_eq!(
        inbox.claim(g(), newer).await.unwrap(),
        Cursors { taken: 2, safe: 2 }
    );
    for refused in [
        inbox.claim(g(), OWNER).await.map(drop),
        inbox.page(g(), OWNER, after(&inbox, 0)).await.map(drop),
        inbox
            .ack_taken(g(), OWNER, &place(&inbox, 4))
            .await
            .map(drop),
        inbox
            .ack_safe(g(), OWNER, &place(&inbox, 4))
            .await
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(StoreError::StaleEpoch { .. })),
            "{refused:?}"
        );
    }
    let beyond = inbox
        .ack_safe(g(), newer, &place(&inbox, 1000))
        .await
        .unwrap();
    assert_eq!(
        beyond,
        Cursors { taken: 4, safe: 4 },
        "nobody has what is not there"
    );
    add(&inbox, "a", "5").await;
    add(&inbox, "a", "6").await;
    let backlog = inbox.backlog().await.unwrap();
    let (node, _) = backlog.oldest.unwrap();
    assert_eq!((node.as_str(), backlog.deliveries), ("a", 2));
}

#[tokio::test]
async fn a_node_takes_its_untaken_deliveries_to_its_new_group() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    inbox.claim(group("h"), OWNER).await.unwrap();
    for (node, id) in [("a", "1"), ("c", "2"), ("b", "3")] {
        add(&inbox, node, id).await;
    }
    inbox
        .ack_taken(group("h"), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    inbox
        .set_routes(vec![route("a", "h"), route("c", "h")])
        .await
        .unwrap();
    // Number 1 was not made safe by g, and h is past it: it comes anew, and h goes on from where it is.
    assert_eq!(
        inbox.claim(group("h"), OWNER).await.unwrap(),
        Cursors { taken: 2, safe: 0 }
    );
    assert_eq!(seqs(&inbox, "h", after(&inbox, 2)).await, [4]);
    let weights: Vec<u64> = (inbox.usage().await.unwrap().iter())
        .map(|node| node.rows)
        .collect();
    assert_eq!(weights, [1, 1, 1], "each is counted once");
    assert_eq!(inbox.routes().await.unwrap().len(), 2);
    assert!(
        inbox.append(delivery("b", "9", 0, 1)).await.is_err(),
        "no route, no delivery"
    );
    assert_eq!(
        all(&inbox, "g").await,
        [3],
        "what b had stays until it is safe"
    );
}
