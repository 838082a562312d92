//! The end: everything comes into step, what is held is released, and the replica is what its owner has.

use super::Fleet;
use crate::sim::check::{self, Evidence};
use crate::sim::fleet::lag;
use crate::sim::fleet::process::{GROUP, Process};
use crate::sim::fleet::rally::{self, Held};
use crate::sim::fleet::verdict;
use crate::sim::place::Place;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::names::Side;
use twinline_sim::Dump;

/// After the chaos everything must be in step within this simulated time.
const SETTLE_MAX_MS: u64 = 400_000;
/// How often is looked whether it is.
const LOOK_EVERY_MS: u64 = 5_000;

impl Fleet {
    /// Waits until everything is in step and safe; then a person releases the titles that are held, and it must be again.
    pub(super) fn settle(&mut self) -> Result<Vec<String>> {
        let faults = self.settled(true)?;
        if faults.is_empty() && self.release()? {
            return self.settled(false);
        }
        Ok(faults)
    }

    /// `may_hold`: whether titles may be held.
    fn settled(&mut self, may_hold: bool) -> Result<Vec<String>> {
        let end = self.now() + SETTLE_MAX_MS;
        loop {
            let faults = self.faults(may_hold)?;
            if faults.is_empty() || self.now() >= end {
                self.trace.step(format_args!("settled: {faults:?}"));
                return Ok(faults);
            }
            self.ticks(LOOK_EVERY_MS)?;
        }
    }

    fn faults(&self, may_hold: bool) -> Result<Vec<String>> {
        let dumps = self.shared.network.dumps();
        let deeds = &self.people.deeds;
        let held = self.held(&dumps)?;
        let (numbers, mut faults) = if may_hold {
            rally::judge(&held, deeds)
        } else {
            (BTreeSet::new(), Vec::new())
        };
        let (carried, found) = (self.shared.attempts.carried(), self.shared.database.found());
        let mut evidence = Evidence::new(&self.world, deeds, &dumps, numbers);
        if self.plan.admits_lag {
            evidence = evidence.admitting(lag::overruling(deeds, &carried, &found));
        }
        faults.extend(check::all(&evidence));
        let open = self.shared.edge.unsafe_deliveries();
        if open > 0 {
            faults.push(format!("{open} deliveries are not safe"));
        }
        Ok(faults)
    }

    /// The process that owns the group.
    fn owner(&self) -> Option<&Process> {
        let (owner, _) = self.shared.etcd.owner(GROUP)?;
        let machine = self.machines.iter().find(|machine| machine.name == owner)?;
        machine.process.as_ref()
    }

    /// The titles that are held.
    fn held(&self, dumps: &BTreeMap<Place, Dump>) -> Result<Vec<Held>> {
        let nodes = &self.world.connections[0].nodes;
        let owner = self.owner();
        let held = owner.map(|owner| rally::held(owner, (nodes.left, nodes.right), dumps));
        Ok(held.transpose()?.unwrap_or_default())
    }

    /// A person releases each title that is held, one for the one side, the next for the other; whether there was any.
    fn release(&self) -> Result<bool> {
        let held = self.held(&self.shared.network.dumps())?;
        for (held, side) in held.iter().zip(Side::BOTH.into_iter().cycle()) {
            self.trace
                .step(format_args!("T{}'s title is released: {side}", held.number));
            let owner = self.owner().context("it holds the title")?;
            rally::release(owner, &held.link, side)?;
        }
        Ok(!held.is_empty())
    }

    /// Ends everything in order; then the replica is what its owner has.
    pub(super) fn end(&mut self) -> Result<Vec<String>> {
        let Some((owner, _)) = self.shared.etcd.owner(GROUP) else {
            return Ok(vec!["nobody owns the group".to_owned()]);
        };
        for host in 0..self.machines.len() {
            self.stop(host)?;
        }
        let owner = self.machines.iter().find(|machine| machine.name == owner);
        let file = owner
            .context("it is one of them")?
            .folder
            .join(format!("{GROUP}.db"));
        let database = &self.shared.database;
        self.runtime.block_on(verdict::replica(&file, database))
    }
}
