//! Up to when each node's changes are accounted for.

use super::Look;
use super::places::Place;
use super::web::{Web, failed, outcome};
use async_trait::async_trait;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::{Element, Kind};
use twinline_core::watch::probe::Outcome;

/// Asks a host's status for its ledger.
pub struct Sweeps {
    /// By what.
    pub web: Arc<Web>,
    /// The host's API.
    pub place: Arc<dyn Place>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How far behind each node may be.
    pub behind_max: BTreeMap<String, Duration>,
}

impl Sweeps {
    /// The element of a node.
    pub fn element(node: &str) -> Element {
        Element::new(Kind::Node, node)
    }

    async fn ask(&self) -> Result<Json, String> {
        let answer = self.web.read(self.place.at()?, "/v1/status").await?;
        Ok(answer.json())
    }

    /// How a node is, by what is accounted for. One that a person paused, or that is in no connection, is well.
    fn judge(&self, node: &str, behind_max: Duration, status: &Json) -> Result<(), String> {
        let of_node = |it: &&Json| it["node"].as_str() == Some(node);
        let known = status["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(of_node);
        // In a fleet it may be another machine's.
        let paused = known.is_none_or(|it| it["state"]["state"] == "paused");
        if paused {
            return Ok(());
        }
        let lines = status["ledger"].as_array().into_iter().flatten();
        let accounted = lines
            .filter(of_node)
            .filter_map(|it| it["accounted_to"].as_i64());
        let Some(oldest) = accounted.min() else {
            return Ok(());
        };
        let behind = self.clock.now().since(Timestamp::from_millis(oldest));
        if behind > behind_max {
            let behind_s = behind.as_secs();
            return Err(format!(
                "its changes are accounted for up to {behind_s} s ago"
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl Look for Sweeps {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let asked = self.ask().await;
        let judged = self.behind_max.iter().map(|(node, behind_max)| {
            let went = match &asked {
                Ok(status) => outcome(self.judge(node, *behind_max, status)),
                Err(error) => failed(error.clone()),
            };
            (Self::element(node), went)
        });
        judged.collect()
    }
}
