//! The commit canary of every pool: how old the last proof of each of a host's pools of the central database is.

use super::Look;
use super::exposition::figures;
use super::places::Place;
use super::web::{Web, failed};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;
use twinline_store::central::PoolName;

/// Between two looks of a proof.
const AGAIN: Duration = Duration::from_millis(250);

/// Asks a host for the ages of its pools' proofs. What commits in one pool proves nothing of another: connections that are
/// all taken, or in a state of their own, are a pool's alone.
pub struct Pools {
    /// By what.
    pub web: Arc<Web>,
    /// The host's API.
    pub place: Arc<dyn Place>,
    /// What is told of each.
    pub subjects: BTreeMap<PoolName, Element>,
    /// An older proof is none.
    pub proof_max: Duration,
}

impl Pools {
    /// The age of each pool's proof, in milliseconds; not a number where there is none.
    async fn ask(&self) -> Result<BTreeMap<PoolName, f64>, String> {
        let answer = self.web.read(self.place.at()?, "/metrics/proofs").await?;
        let found = figures(&answer.text(), "twinline_central_proof_age_milliseconds");
        let mut ages = BTreeMap::new();
        for pool in PoolName::ALL {
            let mut own = found
                .iter()
                .filter(|it| it.labels.get("pool").is_some_and(|it| it == pool.as_str()));
            // Of a fleet's groups all say the same.
            if let Some(figure) = own.next_back() {
                ages.insert(pool, figure.value);
            }
        }
        Ok(ages)
    }

    /// How each pool is whose proof must not be older than that.
    async fn judged(&self, proof_max: Duration) -> Vec<(Element, Outcome)> {
        let asked = self.ask().await;
        let each = self.subjects.iter().map(|(pool, subject)| {
            let outcome = match &asked {
                Ok(ages) => judge(ages.get(pool).copied(), proof_max),
                Err(error) => failed(error.clone()),
            };
            (subject.clone(), outcome)
        });
        each.collect()
    }
}

fn judge(age_ms: Option<f64>, proof_max: Duration) -> Outcome {
    match age_ms {
        None => failed("the host does not say how old its proof is".to_owned()),
        Some(age) if age.is_nan() => failed("no commit was proven yet".to_owned()),
        Some(age) if age > proof_max.as_secs_f64() * 1000.0 => {
            failed(format!("the last proven commit was {age:.0} ms ago"))
        }
        Some(_) => Outcome::Passed,
    }
}

#[async_trait]
impl Look for Pools {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        self.judged(self.proof_max).await
    }

    /// Proofs that are begun from now on: waits for them.
    async fn prove(&self) -> Vec<(Element, Outcome)> {
        let asked = Instant::now();
        loop {
            let seen = self.judged(asked.elapsed()).await;
            if seen.iter().all(|(_, outcome)| *outcome == Outcome::Passed) {
                return seen;
            }
            sleep(AGAIN).await;
        }
    }
}
