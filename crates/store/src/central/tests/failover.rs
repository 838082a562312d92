//! The writer is lost: another host of the URL takes its place, for good.

use super::replication::{caught_up, check_equal, open, run, take};
use super::support::*;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn mode_12_the_writer_is_lost_and_another_host_takes_its_place() {
    let (Some(first), Some(second)) = (server(&[]), server(&[])) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    take(&store, 1).await;
    let hosts = format!("@127.0.0.1:{},127.0.0.1:{}/", first.port(), second.port());
    let url = first
        .url()
        .replace(&format!("@127.0.0.1:{}/", first.port()), &hosts);
    let client = client_to(&url, settings());
    let before = healthy(&client).await;
    let running = run(&store, &client, 1);
    caught_up(&store, &running).await;
    check_equal(&first, &store).await;
    first.crash().unwrap();
    let after = until(&client, "at the other host", |h| {
        h.commits.is_ok()
            && h.writer
                .as_ref()
                .is_some_and(|at| at.contains(&second.port().to_string()))
    })
    .await;
    assert!(after.generation > before.generation);
    let [before, after] = [before, after].map(|health| health.server.unwrap());
    assert_ne!(before.system_identifier, after.system_identifier);
    assert!(after.server_version > 90_000 && before.started_ms > 1_500_000_000_000);
    // It has nothing of what the lost one had: it is copied anew.
    take(&store, 2).await;
    caught_up(&store, &running).await;
    check_equal(&second, &store).await;
}

/// A standby says that it is read-only: only reads go there.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_host_is_passed_over_for_writes() {
    let (Some(reader), Some(writer)) = (server(&[]), server(&[])) else {
        return;
    };
    reader.set("default_transaction_read_only", "on").unwrap();
    while reader.psql("SHOW default_transaction_read_only").unwrap() != "on" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let hosts = format!("@127.0.0.1:{},127.0.0.1:{}/", reader.port(), writer.port());
    let url = reader
        .url()
        .replace(&format!("@127.0.0.1:{}/", reader.port()), &hosts);
    let client = client_to(&url, settings());
    let health = healthy(&client).await;
    assert!(health.writer.unwrap().contains(&writer.port().to_string()));
    drop(writer);
    until(&client, "reading from the other", |h| {
        h.commits.is_failing() && h.reads.is_ok()
    })
    .await;
}
