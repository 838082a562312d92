//! `cargo xtask backfill`: two trackers that were full before there was a connection, within their real rate limits.
//!
//! A fifth of what lies in GitHub lies in Jira too: these pairs are found by their titles and linked, and where two pairs have
//! the same title a person decides. The rest is backfilled into Jira while people edit on both sides, and the host is killed
//! on the way. Time is simulated, so that the
//! hours that GitHub's 5,000 requests an hour make of it pass in minutes, and what is measured is the same on any machine.

mod live;
mod promise;
mod setup;
mod stands;
mod story;

pub use live::Latencies;
pub use promise::Promises;

use anyhow::{Context as _, Result, ensure};
use std::time::Instant;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// Items in GitHub; a fifth of them lies in Jira too.
    #[arg(long, default_value_t = 20_000)]
    items: u32,
    /// Ends with a line of JSON.
    #[arg(long)]
    json: bool,
    /// Prints every step.
    #[arg(long)]
    trace: bool,
}

impl Options {
    /// So many items.
    pub const fn of(items: u32) -> Self {
        Self {
            items,
            json: false,
            trace: false,
        }
    }
}

/// The fewest items that show anything.
const ITEMS_MIN: u32 = 100;
/// By how much the named finish may be wrong at each look, as a share of the time that was left then.
pub const PROMISE_MAX: f64 = 0.1;
/// Live changes may take so many times as long as without a backfill.
pub const LIVE_MAX: f64 = 1.5;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Items in GitHub before.
    pub items: u32,
    /// Pairs that were found and linked.
    pub linked: usize,
    /// How often linking had to wait for a tracker's limits.
    pub waits: u32,
    /// Simulated seconds that the backfill took.
    pub backfill_s: u64,
    /// What the host named as the time of the end.
    pub promises: Promises,
    /// Live changes before and during the backfill.
    pub live: [Latencies; 2],
    /// How many items were finished when the host was killed, and when it was asked first afterwards.
    pub resumed: [u64; 2],
    /// What does not hold.
    pub faults: Vec<String>,
}

impl Promises {
    /// Why the named finish was not honest enough; `None`: it was.
    fn broken(&self) -> Option<String> {
        if self.silent > 0 {
            let silent = self.silent;
            return Some(format!(
                "no finish was named at {silent} looks, long after the host had begun"
            ));
        }
        if self.looks == 0 {
            return Some("no finish was named that could be judged".to_owned());
        }
        (self.worst > PROMISE_MAX).then(|| {
            format!(
                "the finish that was named when {:.0} s were left was wrong by {:.1} % of that",
                self.worst_left_s,
                self.worst * 100.0
            )
        })
    }
}

/// Tells the story. The named finish is judged by who asks for it, see [`PROMISE_MAX`]: of few items most are on their way at
/// once, and after a kill nobody knows how far each is.
///
/// # Errors
/// The machine that the simulation itself runs on fails, or a simulated tracker refuses what a person does.
pub fn run(options: &Options) -> Result<Outcome> {
    ensure!(
        options.items >= ITEMS_MIN,
        "--items: {ITEMS_MIN} or more, so that there is something to see"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let folder = tempfile::tempdir()?;
    let told = runtime.block_on(story::tell(options.items, folder.path(), options.trace));
    told.context("backfilling")
}

/// Tells it and prints the figures; false when something does not hold.
///
/// # Errors
/// As [`run`].
pub fn task(options: &Options) -> Result<bool> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it took is measured with the real clock"
    )]
    let began = Instant::now();
    let outcome = run(options)?;
    let promise = outcome.promises.broken();
    for fault in outcome.faults.iter().chain(&promise) {
        crate::say(fault);
    }
    let seconds = began.elapsed().as_secs_f64();
    let Outcome {
        items,
        linked,
        waits,
        backfill_s,
        promises,
        live: [before, during],
        resumed,
        faults,
    } = &outcome;
    if options.json {
        let document = serde_json::json!({
            "items": items,
            "linked": linked,
            "waits": waits,
            "backfill_s": backfill_s,
            "promises": promises,
            "live_before": before,
            "live_during": during,
            "killed_at": resumed[0],
            "resumed_at": resumed[1],
            "faults": faults,
            "seconds": seconds,
        });
        crate::say(&document.to_string());
    } else {
        crate::say(&format!(
            "{items} items: {linked} pairs linked, the rest backfilled in {backfill_s} s of simulated time; the named finish was \
             wrong by {:.1} % of what was left at most, of {} looks (first named after {:.0} s; {} looks at a young host named none); live changes took {} ms (p99) before, {} ms \
             during; killed at {}, went on at {}; {} faults; {seconds:.1} s",
            promises.worst * 100.0,
            promises.looks,
            promises.first_s.unwrap_or(f64::NAN),
            promises.young,
            before.p99_ms,
            during.p99_ms,
            resumed[0],
            resumed[1],
            faults.len(),
        ));
    }
    Ok(faults.is_empty() && promise.is_none())
}
