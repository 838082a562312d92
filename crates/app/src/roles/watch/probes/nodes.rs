//! What is probed of each node: what hosts say of it, and what edges refuse of its deliveries.

use super::{Maker, Reached, element, target};
use crate::config::watch::Pace;
use crate::handles::SystemClock;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::{Element, Kind};
use twinline_core::watch::signal::Severity;
use twinline_watch::probe::{Asks, Look, Measure, Nodes, Place, Signatures, Sweeps, Target};

/// A node is never told of before so many of its own sweeps were missed.
const SWEEPS_MISSED: u32 = 3;
/// Nor before so many of its audits were.
const AUDITS_MISSED: u32 = 2;

impl Maker<'_> {
    /// Each node's sweeps, ledger, credentials and webhooks; by one host, whose status in a fleet is of all groups that
    /// answer.
    pub(super) fn nodes(&mut self, machines: &[Reached<'_>]) -> Result<()> {
        let config = self.parts.config;
        if config.nodes.is_empty() {
            return Ok(());
        }
        let own = machines
            .iter()
            .find(|it| it.name == self.me && it.api.is_some());
        let asked = own.or_else(|| machines.iter().find(|it| it.api.is_some()));
        if let Some((asked, place)) = asked.and_then(|it| Some((it, it.api.as_ref()?))) {
            self.told_by(asked, place)?;
        }
        self.signatures(machines)
    }

    fn told_by(&mut self, asked: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let through = [Kind::Host, Kind::Machine].map(|kind| element(kind, asked.name));
        let paces = self.paces;
        let swept = self.each(paces.sweep.behind_max_s, |sweep_s| {
            (sweep_s.period, SWEEPS_MISSED)
        });
        let whole = self.each(paces.ledger.gap_max_s, |sweep_s| {
            (sweep_s.audit, AUDITS_MISSED)
        });
        for (name, pace, behind, measure) in [
            ("sweep", paces.sweep.pace(), swept, Measure::Swept),
            ("ledger", paces.ledger.pace(), whole, Measure::Whole),
        ] {
            let (web, clock) = (Arc::clone(&self.web), Arc::new(SystemClock));
            let look = Sweeps::new(web, Arc::clone(place), clock, behind, measure);
            self.of_nodes(name, pace, &through, look)?;
        }
        let unannounced_max = paces.webhooks.unannounced_max;
        for (name, pace, asks) in [
            ("credentials", paces.credentials.pace(), Asks::Credentials),
            (
                "webhooks",
                paces.webhooks.pace(),
                Asks::Webhooks { unannounced_max },
            ),
        ] {
            let look = Nodes {
                web: Arc::clone(&self.web),
                place: Arc::clone(place),
                names: self.names(),
                asks,
            };
            self.of_nodes(name, pace, &through, look)?;
        }
        Ok(())
    }

    /// By all edges: a tracker's deliveries may come to any.
    fn signatures(&mut self, machines: &[Reached<'_>]) -> Result<()> {
        let with_edge = machines
            .iter()
            .filter_map(|it| Some((it.name, Arc::clone(it.edge.as_ref()?))));
        let (names, edges): (Vec<&str>, Vec<Arc<dyn Place>>) = with_edge.unzip();
        if edges.is_empty() {
            return Ok(());
        }
        let through: Vec<Element> = names
            .iter()
            .flat_map(|name| [Kind::Edge, Kind::Machine].map(|kind| element(kind, name)))
            .collect();
        let look = Signatures {
            web: Arc::clone(&self.web),
            edges,
            names: self.names(),
            refused_max: self.paces.signatures.refused_max,
        };
        self.of_nodes("signatures", self.paces.signatures.pace(), &through, look)
    }

    /// A probe whose subjects are all nodes.
    fn of_nodes(
        &mut self,
        name: &str,
        pace: Pace,
        through: &[Element],
        look: impl Look + 'static,
    ) -> Result<()> {
        let config = self.parts.config;
        let targets = config.nodes.iter().map(|(node, known)| {
            let tracker = element(Kind::Tracker, &known.tracker);
            let why = through.iter().cloned().chain([tracker]);
            target(Sweeps::element(node), why)
        });
        let targets: Vec<Target> = targets.collect();
        let through = through.iter().cloned();
        self.add(name, Severity::Warning, pace, targets, through, look)
    }

    fn names(&self) -> BTreeSet<String> {
        self.parts.config.nodes.keys().cloned().collect()
    }

    /// For each node, `least_s` or so many of its own turns: whichever is longer.
    fn each(
        &self,
        least_s: u64,
        turns: impl Fn(&crate::config::Sweep) -> (u32, u32),
    ) -> BTreeMap<String, Duration> {
        let least = Duration::from_secs(least_s);
        let nodes = self.parts.config.nodes.iter();
        let each = nodes.map(|(name, node)| {
            let (period_s, missed) = turns(&node.sweep_s);
            let own = Duration::from_secs(period_s.into()) * missed;
            (name.clone(), least.max(own))
        });
        each.collect()
    }
}
