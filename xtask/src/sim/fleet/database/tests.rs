//! One table of operations, on the database in memory and on PostgreSQL: the simulation is worth as much as the two agree.

use super::{Client, Database};
use crate::sim::fleet::links::Links;
use crate::sim::fleet::time::Time;
use crate::sim::handles::stream;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_sim::postgres::Postgres;
use twinline_store::central::{
    Author, CentralAddress, CentralClient, CentralError, CentralSettings, Change, GroupRow,
    ReplicaTx, Replicas,
};
use twinline_store::{Epoch, GroupId};

fn group() -> GroupId {
    GroupId::new("g")
}

fn row(key: &str, rev: i64, payload: Option<&str>) -> Change {
    Change {
        table: "items".to_owned(),
        key: format!("[\"{key}\"]"),
        rev,
        payload: payload.map(|value| format!("{{\"v\":\"{value}\"}}")),
    }
}

fn known(epoch: Epoch, writer: &str, shipped_rev: i64) -> GroupRow {
    GroupRow {
        epoch,
        writer: writer.to_owned(),
        shipped_epoch: epoch,
        shipped_rev,
        vouched_rev: shipped_rev - 1,
        copy: 2,
        copy_pruned: 1,
        complete: true,
    }
}

const AUTHOR: Author<'static> = Author {
    machine: "m1",
    format: 7,
    state_at: Timestamp::from_millis(1_800_000_000_123),
    age: Duration::from_secs(3600),
};

/// The living rows: `key value epoch rev`, and how many keys there are.
async fn rows(replicas: &dyn Replicas) -> Vec<String> {
    let mut tx = replicas.read_newest().await.unwrap();
    let mut after = (String::new(), String::new());
    let mut all = Vec::new();
    loop {
        let (rows, next) = tx.page(&group(), &after).await.unwrap();
        let Some(next) = next else { break };
        after = next;
        all.extend(rows.into_iter().map(|row| {
            let revision = row.epoch.revision();
            format!("{} {} {revision} {}", row.table, row.payload, row.rev)
        }));
    }
    tx.rollback().await.unwrap();
    all.sort();
    all
}

async fn found(replicas: &dyn Replicas) -> Option<GroupRow> {
    let mut tx = replicas.read_newest().await.unwrap();
    let found = tx.group(&group()).await.unwrap();
    tx.rollback().await.unwrap();
    found
}

async fn begin(replicas: &dyn Replicas) -> Box<dyn ReplicaTx> {
    replicas.write().await.unwrap()
}

async fn check(replicas: &dyn Replicas, expected: &[&str]) {
    assert_eq!(rows(replicas).await, expected);
}

/// What a step does to rows, by their stamps.
async fn rows_by_stamp(replicas: &dyn Replicas) {
    let (first, second) = (Epoch::new(1, 10), Epoch::new(1, 20));
    let mut tx = begin(replicas).await;
    let batch = [
        row("a", 5, Some("a5")),
        row("b", 6, Some("b6")),
        row("c", 6, None),
    ];
    tx.put_rows(&group(), first, 1, &batch).await.unwrap();
    tx.commit().await.unwrap();
    check(
        replicas,
        &[r#"items {"v":"a5"} 10 5"#, r#"items {"v":"b6"} 10 6"#],
    )
    .await;

    // An older revision, the same one, an older epoch: nothing. A newer revision, a newer epoch: they stand.
    for (epoch, copy, change, expected) in [
        (
            first,
            1,
            row("a", 4, Some("a4")),
            r#"items {"v":"a5"} 10 5"#,
        ),
        (first, 1, row("a", 5, Some("x")), r#"items {"v":"a5"} 10 5"#),
        (
            first,
            2,
            row("a", 5, Some("a5")),
            r#"items {"v":"a5"} 10 5"#,
        ),
        (
            first,
            1,
            row("a", 7, Some("a7")),
            r#"items {"v":"a7"} 10 7"#,
        ),
        (
            second,
            1,
            row("a", 3, Some("a3")),
            r#"items {"v":"a3"} 20 3"#,
        ),
        (
            first,
            9,
            row("a", 99, Some("late")),
            r#"items {"v":"a3"} 20 3"#,
        ),
    ] {
        let mut tx = begin(replicas).await;
        tx.put_rows(&group(), epoch, copy, &[change]).await.unwrap();
        tx.commit().await.unwrap();
        check(replicas, &[expected, r#"items {"v":"b6"} 10 6"#]).await;
    }
}

/// After `rows_by_stamp`.
async fn deletions_and_copies(replicas: &dyn Replicas) {
    let first = Epoch::new(1, 10);
    // A deletion, and what comes after one.
    let mut tx = begin(replicas).await;
    let batch = [row("b", 8, None)];
    tx.put_rows(&group(), first, 1, &batch).await.unwrap();
    let batch = [row("b", 7, Some("late")), row("c", 9, Some("c9"))];
    tx.put_rows(&group(), first, 2, &batch).await.unwrap();
    tx.commit().await.unwrap();
    check(
        replicas,
        &[r#"items {"v":"a3"} 20 3"#, r#"items {"v":"c9"} 10 9"#],
    )
    .await;

    // Tombstones before a stamp are forgotten, and a late row may come again then.
    let mut tx = begin(replicas).await;
    tx.forget_tombstones(&group(), first, 9).await.unwrap();
    let batch = [row("b", 1, Some("b1"))];
    tx.put_rows(&group(), first, 2, &batch).await.unwrap();
    tx.commit().await.unwrap();
    // What no copy since the second has vouched for goes.
    let mut tx = begin(replicas).await;
    tx.sweep(&group(), 2).await.unwrap();
    tx.commit().await.unwrap();
    check(
        replicas,
        &[r#"items {"v":"b1"} 10 1"#, r#"items {"v":"c9"} 10 9"#],
    )
    .await;

    // What is not committed is not kept.
    let mut tx = begin(replicas).await;
    tx.sweep(&group(), 9).await.unwrap();
    tx.rollback().await.unwrap();
    let mut tx = begin(replicas).await;
    tx.sweep(&group(), 9).await.unwrap();
    drop(tx);
    assert_eq!(rows(replicas).await.len(), 2);
}

async fn group_by_epoch(replicas: &dyn Replicas) {
    assert_eq!(found(replicas).await, None);
    let mut tx = begin(replicas).await;
    assert_eq!(tx.lock_group(&group()).await.unwrap(), None);
    assert_eq!(tx.state(&group()).await.unwrap(), None);
    let first = known(Epoch::new(1, 10), "one", 5);
    tx.put_group(&group(), &first, &AUTHOR).await.unwrap();
    assert_eq!(tx.group(&group()).await.unwrap(), Some(first.clone()));
    tx.commit().await.unwrap();
    assert_eq!(found(replicas).await, Some(first.clone()));

    let mut tx = begin(replicas).await;
    assert_eq!(tx.lock_group(&group()).await.unwrap(), Some(first.clone()));
    tx.claim(&group(), Epoch::new(1, 20), "two").await.unwrap();
    tx.commit().await.unwrap();
    let claimed = GroupRow {
        epoch: Epoch::new(1, 20),
        writer: "two".to_owned(),
        ..first.clone()
    };
    assert_eq!(found(replicas).await, Some(claimed.clone()));

    // An earlier owner changes nothing; a later one does.
    for (row, expected) in [
        (known(Epoch::new(1, 15), "late", 9), &claimed),
        (
            known(Epoch::new(1, 30), "three", 9),
            &known(Epoch::new(1, 30), "three", 9),
        ),
    ] {
        let mut tx = begin(replicas).await;
        tx.put_group(&group(), &row, &AUTHOR).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(replicas).await.as_ref(), Some(expected));
    }
    let mut tx = replicas.read_newest().await.unwrap();
    assert!(tx.has_definitions().await.unwrap());
    let state = tx.state(&group()).await.unwrap().unwrap();
    assert_eq!(
        (state.state_at, state.format),
        (AUTHOR.state_at, AUTHOR.format)
    );
    let age = state.age.expect("it was measured");
    assert!(AUTHOR.age <= age && age < AUTHOR.age * 2, "{age:?}");
    tx.rollback().await.unwrap();
}

/// Who has the group's row holds up others that lock it, until it ends; who reads waits for nobody, and sees one state.
async fn locks_and_snapshots(replicas: &dyn Replicas) {
    let mut tx = begin(replicas).await;
    let before = tx.lock_group(&group()).await.unwrap().unwrap();
    let mut other = begin(replicas).await;
    let refused = other.lock_group(&group()).await;
    assert!(
        matches!(
            refused,
            Err(CentralError::Deadline { .. } | CentralError::Refused { .. })
        ),
        "{refused:?}"
    );
    let after = other.group(&group()).await;
    assert!(matches!(after, Err(CentralError::Lost(_))), "{after:?}");
    drop(other);

    let mut reader = replicas.read_newest().await.unwrap();
    assert_eq!(
        reader.group(&group()).await.unwrap().as_ref(),
        Some(&before)
    );
    tx.claim(&group(), Epoch::new(1, 40), "four").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        reader.group(&group()).await.unwrap().as_ref(),
        Some(&before)
    );
    reader.rollback().await.unwrap();

    // Whoever has waited for the lock sees what was committed meanwhile.
    let mut next = begin(replicas).await;
    let locked = next.lock_group(&group()).await.unwrap().unwrap();
    assert_eq!(locked.writer, "four");
    drop(next);
    let mut again = begin(replicas).await;
    again.lock_group(&group()).await.unwrap();
    again.rollback().await.unwrap();
}

async fn table(replicas: &dyn Replicas) {
    rows_by_stamp(replicas).await;
    deletions_and_copies(replicas).await;
    group_by_epoch(replicas).await;
    locks_and_snapshots(replicas).await;
}

#[tokio::test(start_paused = true)]
async fn the_database_in_memory_keeps_the_table() {
    let database = Database::new(Arc::default(), stream(1, "database"));
    let client = Client::new(Arc::new(database), Arc::<Links>::default(), "m1");
    table(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_the_table() {
    if !Postgres::can_run() {
        return;
    }
    let server = tokio::task::spawn_blocking(|| Postgres::start(&[]).unwrap());
    let server = server.await.unwrap();
    let address = CentralAddress::parse(&server.url(), None).unwrap();
    let mut settings = CentralSettings::default();
    settings.deadlines.statement = Duration::from_secs(2);
    let client = CentralClient::start(address, settings, Arc::<Time>::default());
    let mut health = client.health();
    let healthy = health.wait_for(|health| health.commits.is_ok());
    let waited = tokio::time::timeout(Duration::from_secs(60), healthy).await;
    drop(waited.expect("it is healthy soon"));
    let now = Timestamp::from_millis(1);
    let published = client.publish(0, "{}", &[], "a person", now).await;
    assert_eq!(published.unwrap().version, 1);
    table(&client).await;
    drop(client);
    tokio::task::spawn_blocking(move || drop(server))
        .await
        .unwrap();
}
