//! `cargo xtask sim --fleet`: several hosts that share a group of nodes, with the real keeper, groups, hosts, pulling and
//! replication, over an etcd and a central database in memory.
//!
//! One seed is one run on one thread. Each host's process is a runtime of its own with a paused clock, which the driver
//! lets work in turns (`story`): so a process can be paused as a whole, its clocks jump when it goes on, and it can be
//! killed wherever it stands. What goes wrong is drawn as a few stories of faults that belong together (`faults`); or it is
//! the story against one mutant (`directed`).
//!
//! What is judged: every write to a tracker when it begins and when it arrives (`attempts`); in the end the trackers, as in
//! `cargo xtask sim`; that the edge's deliveries are safe; that the replica is what its owner has (`verdict`). In many
//! seeds the trackers' feeds show nothing (`blind`), so that a delivery that is lost is a change that never comes. Titles that
//! are held for people's answers to our writes are released in the end, and must cross then (`rally`).
//!
//! `cargo xtask sim --mutants`: each rule of the protocol broken in turn (`twinline_core::mutant`), in the story against it,
//! which holds while the rule does.
//!
//! What is not simulated: several groups and edges, faults of the hosts' disks (`cargo xtask sim` has them), the client of
//! PostgreSQL (the drills have it), a process that is paused between its check and its send.

mod attempts;
mod blind;
mod database;
mod directed;
mod etcd;
mod faults;
mod inbox;
mod lag;
mod links;
mod process;
mod rally;
mod story;
mod time;
mod verdict;

#[cfg(test)]
mod tests;

use super::run::Outcome;
use anyhow::{Result, ensure};
use faults::{Plan, Story};
use std::collections::BTreeSet;
use std::ops::Range;
use twinline_core::mutant::{self, Mutant};

/// Runs one seed.
///
/// # Errors
/// The machine that the simulation itself runs on fails: no temporary folder.
pub fn run_fleet(seed: u64, show: bool) -> Result<Outcome> {
    story::run(seed, Plan::of(seed), show)
}

/// The kind of fault that leads a seed.
pub fn fleet_lead(seed: u64) -> String {
    format!("{:?}", Story::leading(seed))
}

/// All kinds of faults that lead seeds.
pub fn fleet_leads() -> BTreeSet<String> {
    let all = Story::ALL.iter();
    all.map(|story| format!("{story:?}")).collect()
}

/// Runs one seed of the story against a mutant, whose rule need not be broken.
///
/// # Errors
/// As [`run_fleet`].
pub fn run_against(mutant: Mutant, seed: u64, show: bool) -> Result<Outcome> {
    story::run(seed, Plan::against(mutant, seed), show)
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The first seed of the story against it that shows it; `None`: none does.
    pub caught: Option<Outcome>,
    /// The seeds of that story, up to that one, that fail although no rule is broken.
    pub failing: Vec<Outcome>,
}

impl Verdict {
    /// Whether it is caught, by a story that holds without it.
    pub const fn is_sound(&self) -> bool {
        self.caught.is_some() && self.failing.is_empty()
    }
}

/// Tells the story against a mutant with its rule broken and kept, until a seed shows that it is broken.
///
/// # Errors
/// As [`run_fleet`]; or this build has no mutants.
pub fn judge(mutant: Mutant, seeds: Range<u64>) -> Result<Verdict> {
    let mut verdict = Verdict {
        caught: None,
        failing: Vec::new(),
    };
    for seed in seeds {
        let kept = run_against(mutant, seed, false)?;
        if !kept.faults.is_empty() {
            verdict.failing.push(kept);
        }
        ensure!(
            mutant::set(Some(mutant)),
            "mutants are left out of builds without debug assertions"
        );
        let broken = run_against(mutant, seed, false);
        mutant::set(None);
        let broken = broken?;
        if !broken.faults.is_empty() {
            verdict.caught = Some(broken);
            break;
        }
    }
    Ok(verdict)
}
