//! Each pool is proven by itself: what commits in one says nothing of another.

use super::support::*;
use crate::central::*;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Later than two turns of the pool that writes: what is older then is not proven any more.
const STALE: Duration = Duration::from_secs(11);

fn proof(health: &CentralHealth, pool: PoolName) -> Timestamp {
    health.proven.get(&pool).copied().unwrap_or_default()
}

/// Waits until the proof of a pool is later than this.
async fn proven_after(client: &CentralClient, pool: PoolName, than: Timestamp) {
    let what = format!("proven: {pool:?}");
    until(client, &what, |health| proof(health, pool) > than).await;
}

/// Waits until one pool was proven so long after another one that this one is not any more.
async fn falls_behind(client: &CentralClient, pool: PoolName, other: PoolName) -> CentralHealth {
    let what = format!("{pool:?} behind {other:?}");
    until(client, &what, |health| {
        proof(health, other) > proof(health, pool).plus(STALE)
    })
    .await
}

async fn all_are_proven(client: &CentralClient) {
    let before = client.health().borrow().clone();
    for pool in PoolName::ALL {
        proven_after(client, pool, proof(&before, pool)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_hang_age_the_proofs_of_the_pools_that_commit() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    // Nobody else writes: each pool proves itself.
    all_are_proven(&client).await;
    server.hang_commits().unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    for pool in [PoolName::Replicate, PoolName::Probe] {
        let found = falls_behind(&client, pool, PoolName::Read).await;
        assert!(
            found.commits.is_failing() && found.reads.is_ok(),
            "{found:?}"
        );
    }
    // Canaries and tries are few, however long it takes.
    assert!(sessions(&server) <= 16, "{} sessions", sessions(&server));
    server.let_commit().unwrap();
    all_are_proven(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_connections_are_all_taken_is_not_proven_by_the_others() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    all_are_proven(&client).await;
    let mut taken = Vec::new();
    for _ in 0..settings().pools.replicate {
        let mut tx = client.shared.write().await.unwrap();
        tx.batch("SET LOCAL idle_in_transaction_session_timeout = 0")
            .await
            .unwrap();
        taken.push(tx);
    }
    let found = falls_behind(&client, PoolName::Replicate, PoolName::Probe).await;
    assert!(found.commits.is_ok(), "the database does: {found:?}");
    for tx in taken {
        tx.rollback().await.unwrap();
    }
    all_are_proven(&client).await;
}
