//! A real Patroni, started from the configuration that people are given: its members change places, and lose each other.

use super::replication::{caught_up, check_equal, open, run, settle, take};
use super::support::*;
use crate::central::*;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use twinline_sim::patroni::{Patroni, Synchronous};

async fn cluster(synchronous: Synchronous) -> Option<Patroni> {
    if !Patroni::can_run() {
        return None;
    }
    let started = spawn_blocking(move || Patroni::start(synchronous).unwrap());
    Some(started.await.unwrap())
}

/// A client as docs/guide/central.md has it: with TLS, and `central.ca`.
fn client_of(cluster: &Patroni) -> CentralClient {
    let authority = cluster.authority().as_bytes();
    let address = CentralAddress::parse(&cluster.url(), Some(authority)).unwrap();
    CentralClient::start(address, settings(), Arc::new(TestClock::default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_12_patroni_switches_over_while_the_replica_is_written() {
    let Some(cluster) = cluster(Synchronous::On).await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let client = client_of(&cluster);
    let before = healthy(&client).await;
    let encrypted = "SELECT bool_and(s.ssl) FROM pg_stat_activity JOIN pg_stat_ssl s USING (pid) WHERE usename = 'twinline'";
    assert_eq!(cluster.sql(encrypted), "t");
    let running = run(&store, &client, 1);
    take(&store, 1).await;
    caught_up(&store, &running).await;

    let switching = spawn_blocking(move || {
        let new = cluster.switchover().unwrap();
        (cluster, new)
    });
    let mut number = 1;
    while !switching.is_finished() {
        number += 1;
        take(&store, number).await;
        settle(&store, number - 1).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (cluster, new) = switching.await.unwrap();
    let after = until(&client, "at the new leader", |health| {
        let writer = health.writer.as_ref();
        health.commits.is_ok() && writer.is_some_and(|at| at.contains(&new.port.to_string()))
    })
    .await;
    assert!(after.generation > before.generation);
    take(&store, number + 1).await;
    caught_up(&store, &running).await;
    check_equal(&cluster, &store).await;
    // A standby confirms each commit: the new leader lacks none, so nothing has to be copied anew.
    assert_eq!(cluster.sql("SELECT copy FROM twinline.groups"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_13_strict_synchronous_mode_loses_its_standby() {
    let Some(mut cluster) = cluster(Synchronous::Strict).await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let client = client_of(&cluster);
    healthy(&client).await;
    let running = run(&store, &client, 1);
    take(&store, 1).await;
    caught_up(&store, &running).await;

    let mut cluster = spawn_blocking(move || {
        cluster.stop_standby().unwrap();
        cluster
    })
    .await
    .unwrap();
    let stuck = until(&client, "stuck", |health| health.commits.is_failing()).await;
    assert!(stuck.reads.is_ok(), "{stuck:?}");
    for number in 2..100 {
        take(&store, number).await;
        settle(&store, number - 1).await;
    }
    assert!(write(&client).await.unwrap_err().is_retryable());

    let cluster = spawn_blocking(move || {
        cluster.start_standby().unwrap();
        cluster
    })
    .await
    .unwrap();
    healthy(&client).await;
    caught_up(&store, &running).await;
    check_equal(&cluster, &store).await;
}
