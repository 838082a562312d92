//! Writes that fail or are not made: what they weigh, and what each writer is told.

use super::*;

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
    assert!(matches!(add(&inbox, "a", "2").await, Appended::New { .. }));
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
    assert!(matches!(add(&inbox, "a", "2").await, Appended::New { .. }));
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
            assert_eq!(add(&inbox, "a", "1").await, new(1), "{fault:?}");
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
            Ok(Appended::New { seq, .. }) => assert!(new.insert(seq), "{seq} twice"),
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
