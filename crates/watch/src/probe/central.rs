//! The commit canary: a logged commit in the central database, under a deadline of ours.

use super::Look;
use super::web::outcome;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::handles::Clock;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;
use twinline_store::central::{CentralHealth, PoolName, Standing};

/// Judges what the client of the central database proves all the time: the age of the last commit that was confirmed.
pub struct CommitCanary {
    /// What the client finds; it tries a commit each period.
    pub health: watch::Receiver<CentralHealth>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What it tells of.
    pub subject: Element,
    /// An older proof is none.
    pub proof_max: Duration,
}

impl CommitCanary {
    fn judge(&self) -> Result<(), String> {
        let health = self.health.borrow().clone();
        if let Standing::Failing { since, why } = &health.commits {
            return Err(format!("commits fail since {since}: {why}"));
        }
        let proven = health.proven.get(&PoolName::Probe);
        let Some(proven) = proven else {
            return Err("no commit was proven yet".to_owned());
        };
        let age = self.clock.now().since(*proven);
        if age > self.proof_max {
            let age_ms = age.as_millis();
            return Err(format!("the last proven commit was {age_ms} ms ago"));
        }
        Ok(())
    }
}

#[async_trait]
impl Look for CommitCanary {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.judge()))]
    }

    /// A commit that is begun from now on: waits for it.
    async fn prove(&self) -> Vec<(Element, Outcome)> {
        let asked = self.clock.now();
        let mut health = self.health.clone();
        let proven = health.wait_for(|health| {
            let proven = health.proven.get(&PoolName::Probe);
            proven.is_some_and(|begun| *begun > asked)
        });
        let ended = match proven.await {
            Ok(_) => Ok(()),
            Err(_) => Err("the client of the database has ended".to_owned()),
        };
        vec![(self.subject.clone(), outcome(ended))]
    }
}
