//! Whether another machine's watch works: without it nobody there sees what fails, or calls anybody.

use super::Look;
use super::health::Health;
use super::web::outcome;
use async_trait::async_trait;
use std::time::Duration;
use tokio::time::timeout;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Asks another machine's watch how it is.
pub struct Peer {
    /// Its health page.
    pub health: Health,
    /// The machine.
    pub machine: String,
    /// It answers within this. Shorter than the probe's deadline, so that what is said of it is this probe's own word.
    pub patience: Duration,
}

#[async_trait]
impl Look for Peer {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let asked = timeout(self.patience, self.health.ask()).await;
        let ms = self.patience.as_millis();
        let asked = asked.unwrap_or_else(|_| Err(format!("no answer within {ms} ms")));
        let went = asked.map_err(|why| words(&self.machine, &why));
        vec![(self.health.subject.clone(), outcome(went))]
    }
}

fn words(machine: &str, why: &str) -> String {
    format!(
        "the monitoring of {machine} is blind, and nobody is called from there: its watch does not work ({why})"
    )
}
