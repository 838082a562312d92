//! `cargo xtask matrix`: every ordered pair of trackers, every kind of change, both ways.
//!
//! For each pair a world of its own: both trackers' simulators, the real engine, store, rules and connectors between them, on
//! one thread under a paused clock. Every case has an item of its own, and all of a world's cases go side by side, in phases.
//! What becomes of a case is read in the trackers, and what does not cross as it is needs a reason that the product itself
//! gives (`judge`, ADR 0057). The page `docs/trackers.md` is written from it.

mod case;
mod judge;
mod page;
mod person;
mod rules;
mod site;
mod slot;
mod text;
mod world;

pub use case::{Case, Way};
pub use judge::Verdict;
pub use page::{PAGE, differences};

use super::place::Place;
use anyhow::{Context as _, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use twinline_core::names::Sides;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// Only pairs of these trackers, by their names in the configuration; `redmine-textile` is Redmine with Textile.
    #[arg(long = "tracker", value_name = "NAME")]
    trackers: Vec<String>,
    /// Writes what came of it into docs/trackers.md.
    #[arg(long, conflicts_with = "trackers")]
    write: bool,
    /// Ends with a line of JSON.
    #[arg(long)]
    json: bool,
    /// Prints every step: for one pair.
    #[arg(long)]
    trace: bool,
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was tried.
    pub case: Case,
    /// Which way.
    pub way: Way,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a pair's cases.
#[derive(Clone, Debug)]
pub struct PairOutcome {
    /// The two trackers, by their names in the configuration, or a variant's. Every item begins on the left.
    pub trackers: Sides<&'static str>,
    /// Every case.
    pub told: Vec<Told>,
}

impl PairOutcome {
    /// The cases that have failed, each in a sentence.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let Sides { left, right } = self.trackers;
        self.told.iter().filter_map(move |told| {
            let Verdict::Failed(why) = &told.verdict else {
                return None;
            };
            let arrow = match told.way {
                Way::Out => "->",
                Way::Back => "<-",
            };
            Some(format!("{left} {arrow} {right}: {}: {why}", told.case))
        })
    }
}

/// Every ordered pair of two trackers, and of a tracker and a variant of one.
fn pairs(names: &[String]) -> Vec<Sides<Place>> {
    let takes_part =
        |place: &Place| names.is_empty() || names.iter().any(|name| name == site::told(*place));
    let places = Place::TRACKERS.into_iter().chain([Place::Textile]);
    let places: Vec<Place> = places.filter(takes_part).collect();
    let lefts = places.iter();
    lefts
        .flat_map(|left| places.iter().map(|right| (*left, *right)))
        .filter(|(left, right)| left != right)
        .map(|(left, right)| Sides { left, right })
        .collect()
}

/// Runs three pairs, in which each tracker takes part once, on the left or on the right, and one with a variant.
///
/// # Errors
/// The machine that the simulation itself runs on fails.
pub fn run_some() -> Result<Vec<PairOutcome>> {
    let pairs = Place::TRACKERS.chunks_exact(2);
    let pairs = pairs.map(|both| Sides {
        left: both[0],
        right: both[1],
    });
    let pairs = pairs.chain([Sides {
        left: Place::Github,
        right: Place::Textile,
    }]);
    run(&pairs.collect::<Vec<_>>(), |_| {}, false)
}

/// Runs pairs, as many at once as there are processors; their outcomes in the same order.
///
/// # Errors
/// A simulator or the host could not be set up, or the machine that the worlds run on fails.
fn run(
    pairs: &[Sides<Place>],
    tell: impl Fn(&PairOutcome) + Sync,
    show: bool,
) -> Result<Vec<PairOutcome>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<PairOutcome>)>> = Mutex::default();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(pair) = pairs.get(at) else { return };
            let outcome = one(pair, show);
            if let Ok(outcome) = &outcome {
                tell(outcome);
            }
            done.lock()
                .expect("no code panics with this lock")
                .push((at, outcome));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pairs.len()) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().expect("no code panics with this lock");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn one(places: &Sides<Place>, show: bool) -> Result<PairOutcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let folder = tempfile::tempdir()?;
    let told = runtime.block_on(world::tell(places, folder.path(), show));
    told.with_context(|| format!("{} and {}", places.left.name(), places.right.name()))
}

/// One line for a pair, and one for each of its failures.
fn report(outcome: &PairOutcome) {
    let Sides { left, right } = outcome.trackers;
    let failures: Vec<String> = outcome.failures().collect();
    let cases = outcome.told.len();
    let failed = failures.len();
    crate::say(&format!(
        "{left} -> {right}: {cases} cases, {failed} failed"
    ));
    for failure in failures {
        crate::say(&format!("  {failure}"));
    }
}

/// Runs it and tells; false when a case has failed.
///
/// # Errors
/// As [`run_some`]; the page cannot be read or written.
pub fn task(options: &Options) -> Result<bool> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the worlds took is measured with the real clock"
    )]
    let began = Instant::now();
    let outcomes = run(&pairs(&options.trackers), report, options.trace)?;
    let failed = outcomes.iter().flat_map(PairOutcome::failures).count();
    let cases: usize = outcomes.iter().map(|outcome| outcome.told.len()).sum();
    if options.write {
        page::write(&outcomes)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let pairs = outcomes.len();
    crate::say(&if options.json {
        let document = serde_json::json!({
            "pairs": pairs,
            "cases": cases,
            "failed": failed,
            "seconds": seconds,
        });
        document.to_string()
    } else {
        format!("{pairs} pairs, {cases} cases, {failed} failed, {seconds:.1} s")
    });
    Ok(failed == 0)
}
