//! Whether an engine and its state take their turns, as a canary's run asks every customer's.

use crate::support::{Contracts, clock};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use twinline_engine::{Host, HostBuilder};
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

async fn comes_round(host: &Host) {
    timeout(PATIENCE, host.comes_round())
        .await
        .expect("it comes round")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_writer_of_its_state_hangs_an_engine_does_not_come_round() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.db");
    let store = HostStore::open(&path, DbOptions::default(), "test");
    let store = store.await.unwrap();
    let builder = HostBuilder::new(clock::env(), store.clone(), Arc::new(Contracts));
    let host = builder.build().await.unwrap();
    let shutdown = CancellationToken::new();
    let (running, until) = (host.clone(), shutdown.clone());
    let task = tokio::spawn(async move { running.run(until).await });
    comes_round(&host).await;

    let (begun, begins) = oneshot::channel();
    let (release, held) = mpsc::sync_channel::<()>(1);
    let hangs = tokio::spawn(async move {
        let hang = store.write(move |_| {
            begun.send(()).unwrap();
            // Until the other end is dropped.
            Ok(held.recv().is_err())
        });
        hang.await
    });
    begins.await.unwrap();
    let asked = timeout(Duration::from_millis(500), host.comes_round());
    assert!(asked.await.is_err(), "its writer hangs");
    drop(release);
    assert!(hangs.await.unwrap().unwrap());
    comes_round(&host).await;
    shutdown.cancel();
    task.await.unwrap().unwrap();
    // One that works no more comes round no more either.
    let asked = timeout(Duration::from_millis(500), host.comes_round());
    assert!(asked.await.is_err(), "nobody is at work");
}
