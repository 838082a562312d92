//! `cargo xtask sim --fleet`: several hosts that share a group of nodes, with the real keeper, groups, hosts, pulling and
//! replication, over an etcd and a central database in memory.
//!
//! One seed is one run on one thread. Each host's process is a runtime of its own with a paused clock, which the driver
//! lets work in turns (`story`): so a process can be paused as a whole, its clocks jump when it goes on, and it can be
//! killed wherever it stands. What goes wrong is drawn as a few stories of faults that belong together (`faults`).
//!
//! What is judged: every write to a tracker when it begins and when it arrives (`attempts`); in the end the trackers, as in
//! `cargo xtask sim`; that the edge's deliveries are safe; that the replica is what its owner has (`verdict`). In many
//! seeds the trackers' feeds show nothing (`blind`), so that a delivery that is lost is a change that never comes.
//!
//! `cargo xtask sim --mutants`: the same with one rule of the protocol broken (`twinline_core::mutant`).
//!
//! What is not simulated: several groups and edges, faults of the hosts' disks (`cargo xtask sim` has them), the client of
//! PostgreSQL (the drills have it), a process that is paused between its check and its send.

mod attempts;
mod blind;
mod database;
mod etcd;
mod faults;
mod inbox;
mod links;
mod process;
mod story;
mod time;
mod verdict;

#[cfg(test)]
mod tests;

use super::run::Outcome;
use anyhow::{Result, ensure};
use std::ops::Range;
use twinline_core::mutant::{self, Mutant};

/// Runs one seed.
///
/// # Errors
/// The machine that the simulation itself runs on fails: no temporary folder.
pub fn run_fleet(seed: u64, show: bool) -> Result<Outcome> {
    story::run(seed, show)
}

/// The first of some seeds that shows that a rule of the protocol is broken, with what it finds.
///
/// # Errors
/// As [`run_fleet`]; or this build has no mutants.
pub fn catch(mutant: Mutant, seeds: Range<u64>) -> Result<Option<Outcome>> {
    ensure!(
        mutant::set(Some(mutant)),
        "mutants are left out of builds without debug assertions"
    );
    let caught = seeds.into_iter().find_map(|seed| {
        let outcome = run_fleet(seed, false);
        match outcome {
            Ok(outcome) if outcome.faults.is_empty() => None,
            found => Some(found),
        }
    });
    mutant::set(None);
    caught.transpose()
}
