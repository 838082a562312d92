use super::*;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_proof_grows_old_whatever_becomes_of_the_clock() {
    let mut health = CentralHealth::default();
    // By a clock that was put back since, it lies in the future.
    let later = Timestamp::from_millis(i64::MAX / 2);
    health.proven.insert(PoolName::Replicate, later);
    health.proofs.insert(PoolName::Replicate, Instant::now());
    advance(Duration::from_secs(20)).await;
    let ages = proof_ages_ms(&health);
    assert_eq!(ages, [(PoolName::Replicate, 20_000)].into());
    let text = proofs(&ages);
    let name = "twinline_central_proof_age_milliseconds";
    for (pool, age) in [("replicate", "20000"), ("read", "NaN"), ("probe", "NaN")] {
        let line = format!("{name}{{pool=\"{pool}\"}} {age}\n");
        assert!(text.contains(&line), "{text}");
    }
}
