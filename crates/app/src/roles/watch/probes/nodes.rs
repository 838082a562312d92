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
use twinline_watch::probe::{Asks, Hosts, Look, Measure, Nodes, Place, Signatures, Sweeps, Target};

/// A node is never told of before so many of its own sweeps were missed.
const SWEEPS_MISSED: u32 = 3;
/// Nor before so many of its audits were.
const AUDITS_MISSED: u32 = 2;

/// Why nodes fail by a probe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// By themselves, or by their tracker, or by what the probe goes through where there is one way only: of several hosts,
    /// of which any may have answered, none is to blame.
    Through,
    /// By themselves alone: where what the probe goes through fails, it sees nothing. Two nodes whose tokens are refused are
    /// two matters, and neither their host's nor their vendor's.
    Own,
}

/// For one answer: less than the probe's deadline, so that what is not answered is the look's to judge.
fn within(pace: Pace) -> Duration {
    Duration::from_millis(pace.deadline_ms * 4 / 5)
}

impl Maker<'_> {
    /// Each node's sweeps, ledger, credentials and webhooks; by any host, whose status in a fleet is of all groups that
    /// answer, this machine's first.
    pub(super) fn nodes(&mut self, machines: &[Reached<'_>]) -> Result<()> {
        let config = self.parts.config;
        if config.nodes.is_empty() {
            return Ok(());
        }
        let mut asked: Vec<(&str, Arc<dyn Place>)> = machines
            .iter()
            .filter_map(|it| Some((it.name, Arc::clone(it.api.as_ref()?))))
            .collect();
        asked.sort_by_key(|(name, _)| *name != self.me);
        if !asked.is_empty() {
            self.told_by(asked)?;
        }
        self.signatures(machines)
    }

    fn told_by(&mut self, asked: Vec<(&str, Arc<dyn Place>)>) -> Result<()> {
        let (names, places): (Vec<&str>, Vec<Arc<dyn Place>>) = asked.into_iter().unzip();
        let through: Vec<Element> = names
            .iter()
            .flat_map(|name| [Kind::Host, Kind::Machine].map(|kind| element(kind, name)))
            .collect();
        let (paces, accounts) = (self.paces, self.parts.accounts);
        let swept = self.each(paces.sweep.behind_max_s, |sweep_s| {
            (sweep_s.period, SWEEPS_MISSED)
        });
        let whole = self.each(paces.ledger.gap_max_s, |sweep_s| {
            (sweep_s.audit, AUDITS_MISSED)
        });
        let web = Arc::clone(&self.web);
        let hosts = |pace| Hosts::new(Arc::clone(&web), places.clone(), within(pace));
        let sweeps = |pace, behind, measure| {
            let sweeps = Sweeps::new(hosts(pace), Arc::new(SystemClock), behind, measure);
            sweeps.keeping(accounts.clone())
        };
        let pace = paces.sweep.pace();
        let look = sweeps(pace, swept, Measure::Swept);
        self.of_nodes("sweep", pace, Why::Through, &through, look)?;
        let pace = paces.ledger.pace();
        let look = sweeps(pace, whole, Measure::Whole);
        self.of_nodes("ledger", pace, Why::Own, &through, look)?;
        let unannounced_max = paces.webhooks.unannounced_max;
        for (name, pace, asks) in [
            ("credentials", paces.credentials.pace(), Asks::Credentials),
            (
                "webhooks",
                paces.webhooks.pace(),
                Asks::Webhooks { unannounced_max },
            ),
        ] {
            let look = Nodes::new(hosts(pace), self.names(), asks);
            self.of_nodes(name, pace, Why::Own, &through, look)?;
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
        let pace = self.paces.signatures.pace();
        let refused_max = self.paces.signatures.refused_max;
        let (web, nodes) = (Arc::clone(&self.web), self.names());
        let look = Signatures::new(web, edges, nodes, refused_max, within(pace));
        self.of_nodes("signatures", pace, Why::Own, &through, look)
    }

    /// A probe whose subjects are all nodes.
    fn of_nodes(
        &mut self,
        name: &str,
        pace: Pace,
        why: Why,
        through: &[Element],
        look: impl Look + 'static,
    ) -> Result<()> {
        let config = self.parts.config;
        let hosts = through.iter().filter(|it| it.kind == Kind::Host).count();
        // Of several hosts any will do: none is needed.
        let way = if hosts > 1 { &[] } else { through };
        let targets = config.nodes.iter().map(|(node, known)| {
            let tracker = element(Kind::Tracker, &known.tracker);
            let others = way.iter().cloned().chain([tracker]);
            let others = others.filter(|_| why == Why::Through);
            target(Sweeps::element(node), others)
        });
        let targets: Vec<Target> = targets.collect();
        let way = way.iter().cloned();
        self.add(name, Severity::Warning, pace, targets, way, look)
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
