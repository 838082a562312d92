//! The inbox: duplicates, ownership, paging, quotas, what may be dropped.

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
    assert_eq!(add(&inbox, "a", "x").await, Appended::New(1));
    assert_eq!(add(&inbox, "a", "x").await, Appended::Duplicate);
    assert!(
        matches!(add(&inbox, "b", "x").await, Appended::New(_)),
        "ids are a node's own"
    );
    for _ in 0..2 {
        assert!(matches!(add(&inbox, "a", "").await, Appended::New(_)));
    }
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (300, 3));
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
    let (node, _) = inbox.oldest_untaken().await.unwrap().unwrap();
    assert_eq!(node.as_str(), "a");
}

#[tokio::test]
async fn quotas_refuse_without_writing_but_a_redelivery_is_still_known() {
    let limits = InboxLimits {
        total_max_bytes: 450,
        node_max_bytes: 250,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    add(&inbox, "a", "1").await;
    add(&inbox, "a", "2").await;
    assert_eq!(
        add(&inbox, "a", "3").await,
        Appended::Refused(Refusal::NodeQuota)
    );
    assert_eq!(add(&inbox, "a", "2").await, Appended::Duplicate);
    add(&inbox, "b", "1").await;
    add(&inbox, "b", "2").await;
    assert_eq!(
        add(&inbox, "c", "1").await,
        Appended::Refused(Refusal::Full)
    );
    assert_eq!(inbox.usage().await.unwrap()[2].rows, 0);
}

#[tokio::test]
async fn safe_ones_go_by_age_and_nothing_else_without_pressure() {
    let limits = InboxLimits {
        safe_keep_ms: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for (id, at) in [("1", 0), ("2", 5000), ("3", 0), ("4", 0)] {
        inbox.append(delivery("a", id, at, 100)).await.unwrap();
    }
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 3))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    let pruned = inbox.prune(Timestamp::from_millis(5500)).await.unwrap();
    assert_eq!(
        pruned,
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    assert_eq!(all(&inbox, "g").await, [2, 3, 4]);
    assert_eq!(inbox.usage().await.unwrap()[0].bytes, 300);
}

#[tokio::test]
async fn under_pressure_taken_go_and_untaken_never() {
    let limits = InboxLimits {
        total_max_bytes: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for n in 1..=5 {
        inbox
            .append(delivery("a", &n.to_string(), n * 10, 200))
            .await
            .unwrap();
    }
    let now = Timestamp::from_millis(99);
    // 1 is safe, 2 is taken, the rest untaken; the goal is 900 bytes of the 1000.
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 1))
        .await
        .unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    inbox.append(delivery("b", "6", 60, 200)).await.unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            taken: 1,
            ..Pruned::default()
        }
    );
    inbox.append(delivery("b", "7", 70, 200)).await.unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "untaken ones stay"
    );
    assert_eq!(all(&inbox, "g").await, [3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_node_whose_share_is_full_drops_its_own_processed_deliveries_first() {
    let limits = InboxLimits {
        node_max_bytes: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    add(&inbox, "b", "1").await;
    for n in 2..=11 {
        add(&inbox, "a", &n.to_string()).await;
    }
    assert_eq!(
        add(&inbox, "a", "12").await,
        Appended::Refused(Refusal::NodeQuota),
        "nothing of it is taken"
    );
    // 1 to 5 are safe, 6 is taken.
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 6))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 5))
        .await
        .unwrap();
    assert_eq!(add(&inbox, "a", "3").await, Appended::Duplicate);
    assert_eq!(
        all(&inbox, "g").await.len(),
        11,
        "a duplicate needs no room"
    );
    assert_eq!(add(&inbox, "a", "12").await, Appended::New(12));
    assert_eq!(
        all(&inbox, "g").await,
        [1, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        "room for one and a tenth of the share, of its own"
    );
    assert_eq!(inbox.usage().await.unwrap()[0].bytes, 900);
    for n in 13..=16 {
        assert!(matches!(
            add(&inbox, "a", &n.to_string()).await,
            Appended::New(_)
        ));
    }
    assert_eq!(
        all(&inbox, "g").await,
        [1, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        "safe ones, then the taken one"
    );
    assert_eq!(
        add(&inbox, "a", "17").await,
        Appended::Refused(Refusal::NodeQuota),
        "untaken ones stay"
    );
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (1000, 10));
    assert_eq!((usage[1].bytes, usage[1].rows), (100, 1));
}

#[tokio::test]
async fn a_full_disk_takes_safe_ones_and_then_taken_ones() {
    struct FullAt(u64);
    impl FaultPlan for FullAt {
        fn at_commit(&mut self, number: u64) -> CommitFault {
            if number == self.0 {
                CommitFault::DiskFull
            } else {
                CommitFault::None
            }
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    // After its id, the routes, the claim, twenty deliveries, two acknowledgements and a prune.
    let options = DbOptions::inline(FullAt(27));
    let inbox = open(&path, options, InboxLimits::default()).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    inbox.claim(group("g"), OWNER).await.unwrap();
    for n in 1..=20 {
        add(&inbox, "a", &n.to_string()).await;
    }
    let g = || group("g");
    inbox
        .ack_taken(g(), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    inbox.ack_safe(g(), OWNER, &place(&inbox, 1)).await.unwrap();
    let now = Timestamp::from_millis(1);
    assert_eq!(inbox.prune(now).await.unwrap(), Pruned::default());
    let full = inbox.append(delivery("a", "21", 0, 100)).await;
    assert!(matches!(full, Err(StoreError::DiskFull { .. })), "{full:?}");
    let pruned = Pruned {
        safe: 1,
        taken: 1,
        more: false,
    };
    assert_eq!(inbox.prune(now).await.unwrap(), pruned);
    assert_eq!(inbox.health(), Health::Ok);
    assert_eq!(inbox.prune(now).await.unwrap(), Pruned::default());
}

#[tokio::test]
async fn a_disk_with_little_room_keeps_no_safe_ones_and_all_others() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let mut options = DbOptions::default();
    options.limits.file_max_pages = Some(200);
    let limits = InboxLimits {
        disk_room_bytes: 400 << 10,
        ..InboxLimits::default()
    };
    let inbox = open(&path, options, limits).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    inbox.claim(group("g"), OWNER).await.unwrap();
    let now = Timestamp::from_millis(1);
    for n in 1..=40 {
        let sent = delivery("a", &n.to_string(), 0, 10_000);
        assert!(matches!(
            inbox.append(sent).await.unwrap(),
            Appended::New(_)
        ));
    }
    let g = || group("g");
    inbox
        .ack_taken(g(), OWNER, &place(&inbox, 40))
        .await
        .unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "taken ones are spared while there is room"
    );
    inbox
        .ack_safe(g(), OWNER, &place(&inbox, 40))
        .await
        .unwrap();
    let pruned = inbox.prune(now).await.unwrap();
    assert!((1..40).contains(&pruned.safe), "{pruned:?}");
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "the file's free pages are room"
    );
    inbox.db().close().await;
}

#[tokio::test]
async fn a_prune_is_a_bounded_piece() {
    let limits = InboxLimits {
        safe_keep_ms: 0,
        prune_max_rows: 2,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for id in ["1", "2", "3"] {
        add(&inbox, "a", id).await;
    }
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 3))
        .await
        .unwrap();
    let now = Timestamp::from_millis(1);
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 2,
            more: true,
            ..Pruned::default()
        }
    );
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    assert_eq!(
        add(&inbox, "a", "4").await,
        Appended::New(4),
        "a number is never used twice"
    );
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
    // Number 1 was not taken by g, so h goes back to before it.
    assert_eq!(
        inbox.claim(group("h"), OWNER).await.unwrap(),
        Cursors { taken: 0, safe: 0 }
    );
    assert_eq!(all(&inbox, "h").await, [1, 2]);
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

/// The weights as the tables and a fresh handle have them.
async fn weights(path: &Path) -> Vec<(u64, u64)> {
    let inbox = open(path, DbOptions::inline(NoFaults), InboxLimits::default()).await;
    let usage = inbox.usage().await.unwrap();
    usage.iter().map(|node| (node.bytes, node.rows)).collect()
}

#[tokio::test]
async fn weights_that_were_not_written_are_added_up_at_the_next_opening() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    for id in ["1", "2", "3"] {
        add(&inbox, "a", id).await;
    }
    add(&inbox, "c", "1").await;
    // As after a kill: nothing has told it to write what it remembers.
    drop(inbox);
    let path = _folder.path().join("inbox.db");
    assert_eq!(weights(&path).await, [(300, 3), (0, 0), (100, 1)]);
    assert_eq!(weights(&path).await, [(300, 3), (0, 0), (100, 1)]);
}

#[tokio::test]
async fn what_was_not_committed_weighs_nothing() {
    struct FullOnce;
    impl FaultPlan for FullOnce {
        fn at_commit(&mut self, number: u64) -> CommitFault {
            match number {
                // After its id, the routes and the first delivery.
                4 => CommitFault::DiskFull,
                _ => CommitFault::None,
            }
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let inbox = open(&path, DbOptions::inline(FullOnce), InboxLimits::default()).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    add(&inbox, "a", "1").await;
    let full = inbox.append(delivery("a", "2", 0, 100)).await;
    assert!(matches!(full, Err(StoreError::DiskFull { .. })), "{full:?}");
    assert!(matches!(add(&inbox, "a", "2").await, Appended::New(_)));
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (200, 2));
}

/// Takes the file's write lock, as a person with `sqlite3` does.
fn locked(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test]
async fn a_write_that_cannot_begin_is_told_and_the_next_one_is_made() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let mut options = DbOptions::default();
    options.limits.lock_wait_max_ms = 20;
    options.limits.write_max_ms = 5000;
    let inbox = open(&path, options, InboxLimits::default()).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    add(&inbox, "a", "1").await;
    let other = locked(&path);
    let mut appends = tokio::task::JoinSet::new();
    for n in 0..100 {
        let inbox = inbox.clone();
        appends.spawn(async move { inbox.append(delivery("a", &format!("l{n}"), 0, 10)).await });
    }
    while let Some(ended) = appends.join_next().await {
        let told = ended.unwrap();
        assert!(matches!(told, Err(StoreError::Busy { .. })), "{told:?}");
    }
    assert_eq!(inbox.health(), Health::Locked);
    drop(other);
    assert!(matches!(add(&inbox, "a", "2").await, Appended::New(_)));
    assert_eq!(inbox.health(), Health::Ok);
    inbox.db().close().await;
}

/// Fails where the third batch begins: after the id and the routes.
struct NoBeginning(BeginFault);

impl FaultPlan for NoBeginning {
    fn at_begin(&mut self, batch: u64) -> BeginFault {
        if batch == 3 { self.0 } else { BeginFault::None }
    }

    fn at_commit(&mut self, _: u64) -> CommitFault {
        CommitFault::None
    }
}

#[tokio::test]
async fn every_fault_at_the_beginning_of_a_write_passes() {
    for fault in [BeginFault::Locked, BeginFault::Io] {
        for threads in [false, true] {
            let folder = TempDir::new().unwrap();
            let mut options = DbOptions::inline(NoBeginning(fault));
            if threads {
                options.executor = Executor::Thread;
            }
            let path = folder.path().join("inbox.db");
            let inbox = open(&path, options, InboxLimits::default()).await;
            inbox.set_routes(vec![route("a", "g")]).await.unwrap();
            let failed = inbox.append(delivery("a", "1", 0, 10)).await;
            assert!(
                failed.as_ref().is_err_and(StoreError::is_retryable),
                "{failed:?}"
            );
            assert_eq!(add(&inbox, "a", "1").await, Appended::New(1), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn many_at_once_are_each_told_their_own_outcome() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let inbox = open(&path, DbOptions::default(), InboxLimits::default()).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    let mut appends = tokio::task::JoinSet::new();
    for n in 0..1500_u32 {
        let inbox = inbox.clone();
        let node = if n % 10 == 9 { "nobody" } else { "a" };
        let id = (n / 2).to_string();
        appends.spawn(async move { inbox.append(delivery(node, &id, 0, 10)).await });
    }
    let (mut new, mut duplicate, mut missing) = (std::collections::BTreeSet::new(), 0, 0);
    while let Some(ended) = appends.join_next().await {
        match ended.unwrap() {
            Ok(Appended::New(seq)) => assert!(new.insert(seq), "{seq} twice"),
            Ok(Appended::Duplicate) => duplicate += 1,
            Err(StoreError::Missing(_)) => missing += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((new.len(), duplicate, missing), (750, 600, 150));
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (7500, 750));
    inbox.db().close().await;
}
