//! Deliveries whose signature edges refuse.

use super::Look;
use super::places::Place;
use super::said::Said;
use super::sweep::Sweeps;
use super::web::{NoWord, Web, failed};
use async_trait::async_trait;
use futures_util::future::join_all;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Asks all edges how many deliveries of each node they have refused for their signature since the last genuine one, which
/// may have come to any of them. While one does not answer, or not with that, a node that the others say nothing of is
/// unseen.
pub struct Signatures {
    web: Arc<Web>,
    edges: Vec<Asked>,
    names: BTreeSet<String>,
    refused_max: u64,
    within: Duration,
    before: Mutex<Before>,
}

/// One edge.
struct Asked {
    place: Arc<dyn Place>,
    said: Said,
}

/// What edges said before: by node, of each edge.
#[derive(Default)]
struct Before(BTreeMap<String, Vec<Known>>);

/// What one edge said of one node.
#[derive(Clone, Copy, Default)]
struct Known {
    genuine: Option<u64>,
    genuine_ms_ago: Option<u64>,
    /// Refused ones that came before the last genuine one, wherever that came.
    past: u64,
}

#[derive(Deserialize)]
struct Answer {
    nodes: Vec<Signed>,
}

/// As an edge tells it.
#[derive(Clone, Default, Deserialize)]
struct Signed {
    node: String,
    refused: u64,
    refused_since_ms: Option<u64>,
    genuine: u64,
    genuine_ms_ago: Option<u64>,
}

/// What each edge tells, by node; `None`: it does not answer.
type Told = Vec<Option<BTreeMap<String, Signed>>>;

impl Signatures {
    /// The edges' private listeners, asked by `web` of nodes by name. So many refused deliveries are too many. Each edge may
    /// take `within`, less than the probe's deadline, so that one that is silent hides none of the others.
    pub fn new(
        web: Arc<Web>,
        edges: Vec<Arc<dyn Place>>,
        names: BTreeSet<String>,
        refused_max: u64,
        within: Duration,
    ) -> Self {
        let asked = |place| Asked {
            place,
            said: Said::default(),
        };
        Self {
            web,
            edges: edges.into_iter().map(asked).collect(),
            names,
            refused_max,
            within,
            before: Mutex::default(),
        }
    }

    async fn ask(&self, edge: &Asked) -> Option<BTreeMap<String, Signed>> {
        let asked = async {
            let at = edge.place.at().map_err(NoWord::Silent)?;
            let (web, within) = (&self.web, self.within);
            web.told_within::<Answer>(at, "/signatures", within).await
        };
        let answer = edge.said.heard(asked.await, "what an edge refuses")?;
        let nodes = answer.nodes.into_iter();
        Some(nodes.map(|it| (it.node.clone(), it)).collect())
    }

    fn judge(&self, node: &str, told: &Told, before: &mut Before) -> Outcome {
        let refused = before.refused(node, told);
        if refused >= self.refused_max {
            return failed(format!(
                "the signatures of its last {refused} deliveries were refused, and none was genuine in between: compare \
                 webhook.secrets with what its tracker signs with"
            ));
        }
        if told.iter().all(Option::is_some) {
            Outcome::Passed
        } else {
            Outcome::Unseen
        }
    }
}

impl Before {
    /// How many deliveries of a node all edges have refused since the last genuine one at any of them. Of an edge that
    /// counted some before that one, and has had none since, what it had counted by the first look after it is past. It
    /// stays so when that edge, or another one, forgets what was genuine.
    fn refused(&mut self, node: &str, told: &Told) -> u64 {
        let of = |edge: &Option<BTreeMap<String, Signed>>| {
            let edge = edge.as_ref()?;
            Some(edge.get(node).cloned().unwrap_or_default())
        };
        let told: Vec<Option<Signed>> = told.iter().map(of).collect();
        let last_ms_ago = told.iter().flatten().filter_map(|it| it.genuine_ms_ago);
        let last_ms_ago = last_ms_ago.min().unwrap_or(u64::MAX);
        let known = self.0.entry(node.to_owned()).or_default();
        known.resize(told.len(), Known::default());
        let mut edges = known.iter().zip(&told);
        let came = edges.any(|(known, edge)| edge.as_ref().is_some_and(|edge| known.hears(edge)));
        let mut refused = 0_u64;
        for (known, edge) in known.iter_mut().zip(told) {
            let Some(edge) = edge else { continue };
            let began_before = edge.refused_since_ms.is_some_and(|ago| ago >= last_ms_ago);
            known.past = if came && began_before {
                edge.refused
            } else if known.hears(&edge) || edge.refused < known.past {
                // It counts anew: since its own genuine one, or since it began anew.
                0
            } else {
                known.past
            };
            known.genuine = Some(edge.genuine);
            known.genuine_ms_ago = edge.genuine_ms_ago;
            refused = refused.saturating_add(edge.refused - known.past);
        }
        refused
    }
}

impl Known {
    /// Whether an edge tells of a genuine delivery that was not known of. One that counts fewer began anew: what it counts
    /// has come since, and where that is nothing it has only forgotten.
    fn hears(&self, edge: &Signed) -> bool {
        let ages = edge.genuine_ms_ago.zip(self.genuine_ms_ago);
        let is_newer = ages.is_some_and(|(ago, before)| ago < before);
        edge.genuine > 0 && (is_newer || self.genuine != Some(edge.genuine))
    }
}

#[async_trait]
impl Look for Signatures {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let told = join_all(self.edges.iter().map(|edge| self.ask(edge))).await;
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let judged = self.names.iter();
        judged
            .map(|node| {
                let went = self.judge(node, &told, &mut before);
                (Sweeps::element(node), went)
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "signatures_tests.rs"]
mod tests;
