//! The replica converges to the store: through hangs, repeats, failovers that lose commits, restores and takeovers.

use super::support::*;
use crate::backup::restore_host;
use crate::central::replica::{Marks, Replication, hydrate};
use crate::central::*;
use crate::db::DbOptions;
use crate::formats::Formats;
use crate::host::{EdgeCursor, HostStore, Lane, Mark};
use crate::inbox::InboxId;
use crate::stamp::{Epoch, Stamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use twinline_core::handles::Entropy;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

/// A source of random numbers that counts: writers of different stores differ when they count from different starts.
pub(super) struct Counter(AtomicU64);

impl Entropy for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub(super) fn entropy(start: u64) -> Counter {
    Counter(AtomicU64::new(start))
}

pub(super) async fn open(path: &Path) -> HostStore {
    HostStore::open(path, DbOptions::default(), "acme")
        .await
        .unwrap()
}

/// Marks an item and moves the edge's cursor with it, as a pull does.
pub(super) async fn take(store: &HostStore, number: u64) {
    let mark = Mark {
        item: ItemId {
            node: "gh".into(),
            id: number.to_string(),
        },
        lane: Lane::Live,
        cause: "delivery".to_owned(),
        due: Timestamp::from_millis(1),
        at: Timestamp::from_millis(1),
    };
    let cursor = EdgeCursor {
        inbox: InboxId::new("i"),
        taken: number,
        safe: number,
    };
    store
        .write(move |tx| {
            tx.mark_dirty(&mark)?;
            tx.put_edge_cursor("edge", &cursor)
        })
        .await
        .unwrap();
}

pub(super) async fn settle(store: &HostStore, number: u64) {
    let item = ItemId {
        node: "gh".into(),
        id: number.to_string(),
    };
    store
        .write(move |tx| match tx.dirty(&item)? {
            Some(dirty) => tx.clear_dirty(&item, dirty.mark).map(drop),
            None => Ok(()),
        })
        .await
        .unwrap();
}

/// A running replication; ends when dropped.
pub(super) struct Running {
    pub(super) status: watch::Receiver<ReplicationStatus>,
    _end: oneshot::Sender<()>,
}

pub(super) fn run(store: &HostStore, client: &CentralClient, seed: u64) -> Running {
    let marks: Marks = Arc::new(|| BTreeMap::from([(InboxId::new("i"), 7)]));
    let replication = Replication::new(
        store.clone(),
        Arc::new(client.clone()),
        &entropy(seed),
        marks,
    );
    let status = replication.status();
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(replication.run(async move {
        drop(ended.await);
    }));
    Running { status, _end: end }
}

/// Waits until everything is in the replica.
pub(super) async fn caught_up(store: &HostStore, running: &Running) {
    let newest = store.read(|read| read.newest_rev()).await.unwrap();
    let mut status = running.status.clone();
    let done = status.wait_for(|status| status.complete && status.shipped_rev >= newest);
    match timeout(SOON, done).await {
        Ok(status) => drop(status.unwrap()),
        Err(_) => panic!("not at {newest}: {:?}", running.status.borrow()),
    }
}

/// The living rows of the replica, and of the store, as text.
pub(super) fn replica(server: &impl Sql, group: &str) -> Vec<String> {
    let sql = format!(
        "SELECT tbl || ' ' || key || ' ' || payload::text FROM twinline.replica \
         WHERE grp = '{group}' AND payload IS NOT NULL"
    );
    let text = server.sql(&sql);
    let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

pub(super) async fn rows(store: &HostStore) -> Vec<String> {
    let group = store.stamp().group.clone();
    let all = store
        .read(move |read| read.changes(&group, 0, 0, u32::MAX))
        .await
        .unwrap();
    let mut rows: Vec<String> = all
        .rows
        .iter()
        .chain(&all.vouching)
        .filter_map(|row| {
            Some(format!(
                "{} {} {}",
                row.table,
                row.key,
                row.payload.as_ref()?
            ))
        })
        .collect();
    rows.sort();
    rows
}

pub(super) async fn check_equal(server: &impl Sql, store: &HostStore) {
    assert_eq!(
        replica(server, store.stamp().group.as_str()),
        rows(store).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_goes_on_while_commits_hang_and_the_replica_catches_up() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    take(&store, 1).await;
    let client = client_to(&server.url(), settings());
    let running = run(&store, &client, 1);
    caught_up(&store, &running).await;
    check_equal(&server, &store).await;
    server.hang_commits().unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    for number in 2..400 {
        take(&store, number).await;
        settle(&store, number - 1).await;
    }
    let behind = running.status.borrow().clone();
    assert!(
        behind.shipped_rev < 10,
        "nothing is said to be shipped: {behind:?}"
    );
    let health = client.health().borrow().clone();
    assert!(health.abandoned_writes <= 8, "{health:?}");
    server.let_commit().unwrap();
    caught_up(&store, &running).await;
    check_equal(&server, &store).await;
    let status = running.status.borrow().clone();
    assert_eq!(status.safe.get(&InboxId::new("i")), Some(&7));
    assert!(status.standing.is_ok(), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_has_the_state_and_fences_the_old_owner() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let old = open(&folder.path().join("old.db")).await;
    let client = client_to(&server.url(), settings());
    let mut running = run(&old, &client, 1);
    for number in 1..700 {
        take(&old, number).await;
    }
    settle(&old, 3).await;
    caught_up(&old, &running).await;
    let group = old.stamp().group.clone();
    let stamp = Stamp {
        group: group.clone(),
        epoch: Epoch::new(1, 50),
    };
    let fresh = open(&folder.path().join("new.db")).await;
    let (new, hydrated) = hydrate(&client, &fresh, stamp.clone(), &entropy(90))
        .await
        .unwrap();
    assert!(hydrated.complete && hydrated.rows == 699, "{hydrated:?}");
    let mut taken_over = rows(&new).await;
    taken_over.retain(|row| !row.starts_with("restores "));
    assert_eq!(taken_over, rows(&old).await);
    // The old owner is still alive and writes on.
    take(&old, 1000).await;
    let refused = running
        .status
        .wait_for(|status| status.standing.is_failing());
    drop(
        timeout(SOON, refused)
            .await
            .expect("the old owner is refused")
            .unwrap(),
    );
    take(&new, 2000).await;
    settle(&new, 5).await;
    let shipping = run(&new, &client, 91);
    caught_up(&new, &shipping).await;
    check_equal(&server, &new).await;
    assert!(
        !replica(&server, group.as_str())
            .iter()
            .any(|row| row.contains("\"1000\""))
    );
    // Again, under the same claim: the same.
    let (_, again) = hydrate(&client, &fresh, stamp, &entropy(95)).await.unwrap();
    assert_eq!(again.rows, rows(&new).await.len() as u64);
    caught_up(&new, &shipping).await;
    // A store that was not made from the replica does not get in, whatever its epoch within the generation.
    let stranger = open(&folder.path().join("stranger.db"))
        .await
        .as_owner(Stamp {
            group,
            epoch: Epoch::new(1, 60),
        });
    take(&stranger, 1).await;
    let mut refused = run(&stranger, &client, 70);
    let refused = refused
        .status
        .wait_for(|status| status.standing.is_failing());
    let status = timeout(SOON, refused).await.unwrap().unwrap().clone();
    assert!(
        format!("{:?}", status.standing).contains("must be taken over"),
        "{status:?}"
    );
    check_equal(&server, &new).await;
}

/// A failover to a standby that lacks the last commits, or the database put back from its backup.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lost_its_last_commits_gets_them_again() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let client = client_to(&server.url(), settings());
    let running = run(&store, &client, 1);
    for number in 1..20 {
        take(&store, number).await;
    }
    caught_up(&store, &running).await;
    server
        .psql(
            "CREATE TABLE old_groups AS SELECT * FROM twinline.groups; \
             CREATE TABLE old_replica AS SELECT * FROM twinline.replica",
        )
        .unwrap();
    for number in 1..15 {
        settle(&store, number).await;
        take(&store, number + 100).await;
    }
    caught_up(&store, &running).await;
    server
        .psql(
            "TRUNCATE twinline.groups, twinline.replica; INSERT INTO twinline.groups SELECT * FROM old_groups; \
             INSERT INTO twinline.replica SELECT * FROM old_replica",
        )
        .unwrap();
    take(&store, 500).await;
    caught_up(&store, &running).await;
    check_equal(&server, &store).await;
    // Lost as a whole: made anew.
    server
        .psql("TRUNCATE twinline.groups, twinline.replica")
        .unwrap();
    take(&store, 501).await;
    caught_up(&store, &running).await;
    check_equal(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_older_store_is_what_counts() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let client = client_to(&server.url(), settings());
    let running = run(&store, &client, 1);
    for number in 1..10 {
        take(&store, number).await;
    }
    caught_up(&store, &running).await;
    let backup = folder.path().join("backup.db");
    store.db().backup(&backup, |_| {}).await.unwrap();
    for number in 10..30 {
        take(&store, number).await;
    }
    settle(&store, 1).await;
    caught_up(&store, &running).await;
    drop(running);
    store.db().close().await;
    let restored_at = folder.path().join("restored.db");
    let now = Timestamp::from_millis(9_000);
    restore_host((&backup, &restored_at), &Formats::CURRENT, now, |_| {}).unwrap();
    let restored = open(&restored_at).await;
    let running = run(&restored, &client, 40);
    caught_up(&restored, &running).await;
    check_equal(&server, &restored).await;
    assert_eq!(
        rows(&restored).await.len(),
        11,
        "nine marks, a cursor and what the restore does not know of"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_store_under_the_same_epoch_is_refused() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let (one, two) = (
        open(&folder.path().join("one.db")).await,
        open(&folder.path().join("two.db")).await,
    );
    let client = client_to(&server.url(), settings());
    take(&one, 1).await;
    take(&two, 2).await;
    let first = run(&one, &client, 1);
    caught_up(&one, &first).await;
    let mut second = run(&two, &client, 50);
    let refused = second
        .status
        .wait_for(|status| status.standing.is_failing());
    let status = timeout(SOON, refused).await.unwrap().unwrap().clone();
    assert!(
        format!("{:?}", status.standing).contains("same epoch"),
        "{status:?}"
    );
    check_equal(&server, &one).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_replica_holds_up_replication_alone() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let (client, holder) = (
        client_to(&server.url(), settings()),
        client_to(&server.url(), settings()),
    );
    let mut running = run(&store, &client, 1);
    take(&store, 1).await;
    caught_up(&store, &running).await;
    let mut lock = holder.shared.write().await.unwrap();
    lock.batch(
        "SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE twinline.replica IN EXCLUSIVE MODE",
    )
    .await
    .unwrap();
    for number in 2..50 {
        take(&store, number).await;
    }
    let failing = running
        .status
        .wait_for(|status| status.standing.is_failing());
    drop(
        timeout(SOON, failing)
            .await
            .expect("it is noticed")
            .unwrap(),
    );
    take(&store, 50).await;
    assert!(
        client.health().borrow().commits.is_ok(),
        "other commits succeed"
    );
    lock.rollback().await.unwrap();
    caught_up(&store, &running).await;
    check_equal(&server, &store).await;
}

#[test]
fn the_lag_is_the_age_of_what_is_missing() {
    let status = ReplicationStatus {
        newest_rev: 10,
        shipped_rev: 9,
        complete: true,
        state_at: Some(Timestamp::from_millis(1_000)),
        ..ReplicationStatus::default()
    };
    let now = Timestamp::from_millis(61_000);
    assert_eq!(status.lag_ms(now), Some(60_000));
    let all = ReplicationStatus {
        shipped_rev: 10,
        ..status
    };
    assert_eq!(all.lag_ms(now), Some(0));
    assert_eq!(ReplicationStatus::default().lag_ms(now), None);
}
