//! The canary synchronisation: a change that crosses on a host, by the way of every change.

use super::Look;
use super::places::Place;
use super::web::{Web, outcome};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Has a host make a change, and waits until it has crossed.
pub struct CanarySync {
    /// By what.
    pub web: Arc<Web>,
    /// The host's API.
    pub place: Arc<dyn Place>,
    /// What it tells of.
    pub subject: Element,
    /// The probe's own. The host is to answer before, and say what did not happen.
    pub deadline: Duration,
}

impl CanarySync {
    async fn ask(&self) -> Result<(), String> {
        let deadline_ms = self.deadline.as_millis() * 9 / 10;
        let path = format!("/canary?deadline_ms={deadline_ms}");
        let answer = self.web.post(self.place.at()?, &path).await?;
        if answer.status.is_success() && answer.json()["took_ms"].is_u64() {
            return Ok(());
        }
        let told = answer.json();
        Err(match told["detail"].as_str() {
            Some(said) => said.to_owned(),
            None => format!("the host answers {}", answer.status),
        })
    }
}

#[async_trait]
impl Look for CanarySync {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.ask().await))]
    }
}
