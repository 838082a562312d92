//! `cargo xtask sim`: the real engine, store, connectors and rules in a simulated world, deterministically.
//!
//! One seed is one run: the trackers that take part, the connections, what people do, every fault and every crash follow
//! from it, on one thread under a paused clock. The same seed gives the same run, step by step; [`Outcome::hash`] proves
//! it. The checkers (`check`) are separate from the system: they see the trackers' dumps and what people did.
//!
//! Left out: labels in Redmine, where a custom field takes the whole value only (`world`). Of an item that was deleted
//! somewhere only the number of its copies is judged.
//!
//! In peace one edit after the other is made, of each kind, and every request that it causes is accounted for (`tally`).
//!
//! What must hold at any moment is looked at during the chaos (`watch`): the ledger is never ahead of the truth, queues keep
//! their limits. At the end conflicts are made on purpose, whose outcome the policy says exactly (`dispute`).
//!
//! What is not simulated: several edges, a central database, attachments, people fields, parents. Which side wins a conflict during
//! the chaos is not judged there: the checkers accept the last word of either.

mod check;
mod deeds;
mod disk;
mod dispute;
mod edge;
mod fleet;
mod handles;
pub mod histories;
mod machine;
pub mod matrix;
mod network;
mod people;
mod place;
mod reading;
mod rules;
mod run;
mod tally;
mod trace;
mod watch;
mod world;

pub use fleet::{Verdict, judge, run_against, run_fleet};
pub use network::Sabotage;
pub(crate) use reading::differences;
pub use run::{Outcome, places, run, run_broken, shape};

use anyhow::{Result, ensure};
use std::time::Instant;
use twinline_core::mutant::{self, Mutant};

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds from there on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Several hosts that share their nodes, an etcd and a central database, instead of one machine.
    #[arg(long)]
    fleet: bool,
    /// Breaks the fleet's protocol, one rule after the other: each must be caught by the story against it, which must hold
    /// while the rule does.
    #[arg(long, conflicts_with_all = ["fleet", "trace", "story", "mutant"])]
    mutants: bool,
    /// Tells the story against a mutant, by its name, instead of drawing what goes wrong.
    #[arg(long, requires = "fleet", value_parser = mutant_of)]
    story: Option<Mutant>,
    /// Breaks one rule of the fleet's protocol, by its name in `twinline_core::mutant`.
    #[arg(long, requires = "fleet", value_parser = mutant_of)]
    mutant: Option<Mutant>,
    /// Ends with a line of JSON.
    #[arg(long)]
    json: bool,
    /// Prints every step: for one seed.
    #[arg(long)]
    trace: bool,
}

/// Runs the seeds; false when one fails, whose number is printed.
///
/// # Errors
/// The machine that the simulation itself runs on fails.
pub fn task(options: &Options) -> Result<bool> {
    if options.mutants {
        return mutants(options);
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the simulation took is measured with the real clock"
    )]
    let began = Instant::now();
    let (mut failed, mut steps) = (0_u64, 0);
    ensure!(
        mutant::set(options.mutant) || options.mutant.is_none(),
        "mutants are left out of builds without debug assertions"
    );
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        let outcome = match options.story {
            Some(story) => run_against(story, seed, options.trace)?,
            None if options.fleet => run_fleet(seed, options.trace)?,
            None => run(seed, options.trace)?,
        };
        steps += outcome.steps;
        if !outcome.faults.is_empty() {
            failed += 1;
            crate::say(&format!("seed {seed} fails: {}", outcome.world));
            for fault in &outcome.faults {
                crate::say(&format!("  {fault}"));
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    if options.json {
        let document = serde_json::json!({
            "seeds": options.seeds,
            "failed": failed,
            "steps": steps,
            "seconds": seconds,
        });
        crate::say(&document.to_string());
    } else {
        crate::say(&format!(
            "{} seeds, {failed} failed, {steps} steps, {seconds:.1} s",
            options.seeds
        ));
    }
    Ok(failed == 0)
}

fn mutant_of(name: &str) -> Result<Mutant, String> {
    let found = Mutant::ALL
        .into_iter()
        .find(|mutant| format!("{mutant:?}") == name);
    found.ok_or_else(|| format!("it is none of {:?}", Mutant::ALL))
}

/// How many seeds of its story a mutant is looked for in, at least.
const MUTANT_SEEDS: u64 = 5;

fn mutants(options: &Options) -> Result<bool> {
    let seeds = options.seed..options.seed.saturating_add(options.seeds.max(MUTANT_SEEDS));
    let mut caught = 0;
    for mutant in Mutant::ALL {
        let verdict = judge(mutant, seeds.clone())?;
        caught += usize::from(verdict.is_sound());
        crate::say(&match &verdict.caught {
            Some(outcome) => format!(
                "{mutant:?}: caught by seed {} of its story: {}",
                outcome.seed, outcome.faults[0]
            ),
            None => format!("{mutant:?}: not caught by seeds {seeds:?} of its story"),
        });
        for outcome in verdict.failing {
            crate::say(&format!(
                "  but seed {} fails without it too: {}",
                outcome.seed, outcome.faults[0]
            ));
        }
    }
    let mutants = Mutant::ALL.len();
    if options.json {
        let document = serde_json::json!({ "mutants": mutants, "caught": caught });
        crate::say(&document.to_string());
    }
    Ok(caught == mutants)
}
