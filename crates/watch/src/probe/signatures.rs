//! Deliveries whose signature edges refuse.

use super::Look;
use super::exposition::figures;
use super::places::Place;
use super::sweep::Sweeps;
use super::web::{Web, failed};
use async_trait::async_trait;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Asks all edges how many deliveries of each node they have refused for their signature since the last genuine one. While
/// one does not answer, a node that the others say nothing of is unseen.
pub struct Signatures {
    /// By what.
    pub web: Arc<Web>,
    /// The edges' private listeners.
    pub edges: Vec<Arc<dyn Place>>,
    /// The nodes.
    pub names: BTreeSet<String>,
    /// So many are too many.
    pub refused_max: u64,
}

impl Signatures {
    /// By node, the most that one edge has refused.
    async fn ask(&self, edge: &Arc<dyn Place>) -> Result<BTreeMap<String, f64>, String> {
        let answer = self.web.read(edge.at()?, "/metrics").await?;
        let found = figures(&answer.text(), "twinline_edge_signatures_refused");
        let named = found.into_iter().filter_map(|mut figure| {
            let node = figure.labels.remove("node")?;
            Some((node, figure.value))
        });
        Ok(named.collect())
    }

    fn judge(&self, node: &str, told: &[Result<BTreeMap<String, f64>, String>]) -> Outcome {
        let refused = told.iter().flatten().filter_map(|edge| edge.get(node));
        let most = refused.copied().fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "it is at most a million")]
        let max = self.refused_max as f64;
        if most >= max {
            return failed(format!(
                "the signatures of its last {most:.0} deliveries were refused, and none was genuine in between: compare \
                 webhook.secrets with what its tracker signs with"
            ));
        }
        if told.iter().all(Result::is_ok) {
            Outcome::Passed
        } else {
            Outcome::Unseen
        }
    }
}

#[async_trait]
impl Look for Signatures {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let told = join_all(self.edges.iter().map(|edge| self.ask(edge))).await;
        let judged = self.names.iter();
        judged
            .map(|node| (Sweeps::element(node), self.judge(node, &told)))
            .collect()
    }
}
