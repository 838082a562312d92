//! The failure modes of the table in the design, by their numbers there.

use super::support::*;
use crate::central::*;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn mode_1_commits_hang_while_reads_succeed() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    writes_again(&client).await;
    server.hang_commits().unwrap();
    let stuck = until(&client, "stuck", |h| h.commits.is_failing()).await;
    assert!(stuck.reads.is_ok(), "{stuck:?}");
    // Writers that try all the time.
    for _ in 0..20 {
        let error = write(&client).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
    }
    let health = client.health().borrow().clone();
    assert!(
        health.breaker_open && health.abandoned_writes == 8,
        "{health:?}"
    );
    read(&client).await.unwrap();
    let open = sessions(&server);
    // Abandoned writes, canaries, pools.
    assert!(open <= 8 + 4 + 4 + 4 + 1, "{open} sessions");
    server.let_commit().unwrap();
    healthy(&client).await;
    writes_again(&client).await;
    let health = client.health().borrow().clone();
    assert!(
        !health.breaker_open && health.abandoned_writes == 0,
        "{health:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_3_a_lock_on_a_table() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let holder = client_to(&server.url(), settings());
    healthy(&holder).await;
    let mut lock = holder.shared.write().await.unwrap();
    lock.batch("SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE twinline.canary IN EXCLUSIVE MODE")
        .await
        .unwrap();
    until(&client, "stuck", |h| {
        h.commits.is_failing() && h.reads.is_ok()
    })
    .await;
    for _ in 0..4 {
        write(&client).await.unwrap_err();
    }
    read(&client).await.unwrap();
    assert!(sessions(&server) <= 24, "{} sessions", sessions(&server));
    lock.rollback().await.unwrap();
    healthy(&client).await;
    writes_again(&client).await;
}

/// As one that was stopped, or is cut off, in the middle of a transaction: it holds what it locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stands_still_in_a_transaction_keeps_no_lock() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let frozen = client_to(&server.url(), settings());
    healthy(&frozen).await;
    let mut lock = frozen.shared.write().await.unwrap();
    lock.batch("LOCK TABLE twinline.canary IN EXCLUSIVE MODE")
        .await
        .unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    healthy(&client).await;
    writes_again(&client).await;
    lock.batch("SELECT 1").await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_4_the_writer_becomes_read_only() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    let before = healthy(&client).await.generation;
    writes_again(&client).await;
    server.set("default_transaction_read_only", "on").unwrap();
    until(&client, "without a writer", |h| h.commits.is_failing()).await;
    let error = write(&client).await.unwrap_err();
    assert!(
        matches!(
            &error,
            CentralError::NoWriter(_) | CentralError::Stuck { .. }
        ),
        "{error}"
    );
    until(&client, "reading", |h| h.reads.is_ok()).await;
    assert!(
        client.health().borrow().generation > before,
        "connections were retired"
    );
    server.reset("default_transaction_read_only").unwrap();
    healthy(&client).await;
    writes_again(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_5_a_frozen_backend() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let mut tx = client.shared.write().await.unwrap();
    let row = tx
        .query_first("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .unwrap();
    let backend = u32::try_from(row.get::<_, i32>(0)).unwrap();
    server.freeze(backend).unwrap();
    let error = tx.batch("SELECT 1").await.unwrap_err();
    assert!(
        matches!(
            error,
            CentralError::Deadline {
                step: Step::Statement,
                max_ms: 2000
            }
        ),
        "{error}"
    );
    drop(tx);
    // Another connection serves at once: the frozen one is not in the pool.
    for _ in 0..8 {
        writes_again(&client).await;
    }
    assert_eq!(client.health().borrow().abandoned_writes, 0);
    server.thaw(backend).unwrap();
    healthy(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_6_a_server_that_accepts_and_never_answers() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let postmaster = server.postmaster().unwrap();
    server.freeze(postmaster).unwrap();
    // What is connected works on; a new connection has no handshake, within the deadline.
    let fresh = client_to(&server.url(), settings());
    let error = timeout(SOON, write(&fresh)).await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            CentralError::Deadline {
                step: Step::Connect,
                ..
            }
        ),
        "{error}"
    );
    until(&fresh, "failing", |h| {
        h.commits.is_failing() && h.reads.is_failing()
    })
    .await;
    server.thaw(postmaster).unwrap();
    healthy(&fresh).await;
    writes_again(&fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_first_host_holds_up_no_second() {
    let Some(server) = server(&[]) else { return };
    let mute = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = mute.local_addr().unwrap().port();
    let url = server.url().replace('@', &format!("@127.0.0.1:{port},"));
    let client = client_to(&url, settings());
    let health = healthy(&client).await;
    assert!(
        health
            .writer
            .unwrap()
            .contains(&format!(":{}, timeline 1", server.port()))
    );
    writes_again(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_8_a_crash_and_a_restart() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    let before = healthy(&client).await.generation;
    server.crash().unwrap();
    until(&client, "away", |h| {
        h.commits.is_failing() && h.reads.is_failing()
    })
    .await;
    server.start_again().unwrap();
    let after = healthy(&client).await.generation;
    assert!(after > before, "a restarted server is another one");
    writes_again(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_10_a_begin_that_is_given_up_poisons_no_pool() {
    let Some(server) = server(&[]) else { return };
    let mut one = settings();
    one.pools.replicate = 1;
    let client = client_to(&server.url(), one);
    healthy(&client).await;
    writes_again(&client).await;
    for patience_us in [0, 50, 100, 200, 400, 800, 1600] {
        let begin = client.shared.write();
        if let Ok(Ok(tx)) = timeout(Duration::from_micros(patience_us), begin).await {
            drop(tx);
        }
    }
    writes_again(&client).await;
    assert_eq!(client.health().borrow().abandoned_writes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_11_backends_are_exhausted() {
    let Some(server) = server(&[
        ("max_connections", "16"),
        ("superuser_reserved_connections", "3"),
    ]) else {
        return;
    };
    let mut capped = settings();
    capped.abandoned_commits_max = 4;
    let client = client_to(&server.url(), capped.clone());
    healthy(&client).await;
    server.hang_commits().unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    let (mut writers, others) = (
        tokio::task::JoinSet::new(),
        client_to(&server.url(), capped),
    );
    for client in [
        client.clone(),
        others.clone(),
        client.clone(),
        others.clone(),
    ] {
        writers.spawn(async move {
            for _ in 0..8 {
                assert!(write(&client).await.unwrap_err().is_retryable());
            }
        });
    }
    writers.join_all().await;
    for client in [&client, &others] {
        let health = client.health().borrow().clone();
        assert!(health.abandoned_writes <= 4 + 4, "{health:?}");
    }
    // Whoever heals it needs a backend too, and all may be taken.
    let heals = async {
        while server.let_commit().is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, heals).await.expect("a backend is free");
    for client in [&client, &others] {
        healthy(client).await;
        writes_again(client).await;
    }
}

/// Cancelled while it waits for a standby, a commit answers success with a warning: that is no proof.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_commit_that_says_ok_is_not_taken_for_committed() {
    let Some(server) = server(&[]) else { return };
    let mut patient = settings();
    patient.deadlines.commit = SOON;
    let client = client_to(&server.url(), patient);
    healthy(&client).await;
    server.hang_commits().unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    let mut tx = client.shared.write().await.unwrap();
    let row = tx
        .query_first("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .unwrap();
    let backend: i32 = row.get(0);
    tx.execute(
        "INSERT INTO twinline.canary (machine) VALUES ('cancelled')",
        &[],
    )
    .await
    .unwrap();
    let commit = tokio::spawn(tx.commit());
    let waits = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = {backend} AND wait_event = 'SyncRep'"
    );
    while server.psql(&waits).unwrap() != "1" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
        .psql(&format!("SELECT pg_cancel_backend({backend})"))
        .unwrap();
    let error = commit.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, CentralError::Unknown(why) if why.contains("warning")),
        "{error}"
    );
    let kept = server.psql("SELECT count(*) FROM twinline.canary WHERE machine = 'cancelled'");
    assert_eq!(kept.unwrap(), "1", "the server had answered success");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_that_run_together_take_turns() {
    let Some(server) = server(&[]) else { return };
    let clients: Vec<_> = (0..4)
        .map(|_| client_to(&server.url(), settings()))
        .collect();
    for client in &clients {
        healthy(client).await;
    }
    let versions =
        server.psql("SELECT string_agg(version::text, ',') FROM twinline.schema_versions");
    assert_eq!(versions.unwrap(), "1,2,3");
    server
        .psql("INSERT INTO twinline.schema_versions (version) VALUES (99)")
        .unwrap();
    let late = client_to(&server.url(), settings());
    until(&late, "refused", |h| {
        format!("{:?}", h.commits).contains("has schema 99, this version knows up to 3")
    })
    .await;
}

#[test]
fn an_address_that_cannot_be_used_is_refused_without_its_password() {
    let check = |url: &str, said: &str| {
        let error = CentralAddress::parse(url, None).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("s3cret"), "{error}");
    };
    check("postgres://me:s3cret@h:notaport/d", "not of the form");
    check("postgres://h/d", "names no user");
    check("host=/run/postgresql user=me password=s3cret", "is a path");
    let shown = CentralAddress::parse("postgres://me:s3cret@a,b:5433/d?sslmode=disable", None);
    let shown = format!("{:?}", shown.unwrap());
    assert!(
        shown.contains("(\"b\", 5433)") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replication_waits_for_its_turn_where_others_would_fail() {
    let Some(server) = server(&[]) else { return };
    let acquire = Duration::from_millis(200);
    let mut settings = settings();
    settings.pools.replicate = 2;
    settings.deadlines.acquire = acquire;
    let client = client_to(&server.url(), settings);
    healthy(&client).await;
    let first = Replicas::write(&client).await.unwrap();
    let mut second = pin!(Replicas::write(&client));
    assert!(
        timeout(acquire * 3, &mut second).await.is_err(),
        "it has no turn yet"
    );
    // The last connection is for those that do not replicate.
    write(&client).await.unwrap();
    first.rollback().await.unwrap();
    second.await.unwrap().rollback().await.unwrap();
}
