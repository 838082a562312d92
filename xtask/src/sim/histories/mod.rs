//! `cargo xtask histories`: real issue histories, replayed through the real engine between simulated trackers.
//!
//! The first snapshot is loaded into GitHub and backfilled into Jira; the later ones are replayed as edits on GitHub, while
//! people in Jira edit other fields, comment, open and delete items. At the end the checkers judge every item by what people
//! wrote. Time is simulated; the snapshots lie outside of the project.

mod check;
mod deeds;
mod expected;
mod github_side;
mod jira_side;
mod setup;
mod snapshot;
mod story;

pub use check::Faults;

use anyhow::{Context as _, Result};
use snapshot::Snapshot;
use std::collections::BTreeSet;
use std::time::Instant;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// Only every n-th snapshot after the first.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Only issues up to this number.
    #[arg(long, default_value_t = u64::MAX)]
    issues_to: u64,
    /// Ends with a line of JSON.
    #[arg(long)]
    json: bool,
    /// Prints every step.
    #[arg(long)]
    trace: bool,
}

impl Options {
    /// The whole history.
    pub const fn all() -> Self {
        Self {
            every: 1,
            issues_to: u64::MAX,
            json: false,
            trace: false,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Snapshots that took part.
    pub snapshots: usize,
    /// Items that people wrote.
    pub items: usize,
    /// Comments that people wrote.
    pub comments: usize,
    /// Acts of people on GitHub, loading included, and in Jira.
    pub acts: [u64; 2],
    /// Items and comments that people deleted.
    pub deleted: [usize; 2],
    /// Simulated seconds.
    pub simulated_s: u64,
    /// What does not hold.
    pub faults: Faults,
    /// What the host says about itself when something does not hold.
    pub host_says: Vec<String>,
}

/// The snapshots, if they are there.
///
/// # Errors
/// They are there and cannot be unpacked or read.
fn snapshots(options: &Options) -> Result<Option<Vec<Snapshot>>> {
    let Some(archive) = snapshot::archive() else {
        return Ok(None);
    };
    let files = snapshot::files(&archive)?;
    let chosen = files.iter().step_by(options.every.max(1));
    let read = chosen.map(|file| {
        let mut snapshot = snapshot::read(file)?;
        snapshot
            .issues
            .retain(|issue| issue.number <= options.issues_to);
        Ok(snapshot)
    });
    read.collect::<Result<_>>().map(Some)
}

/// Every body and comment that the histories hold, each once; `None` when they are not there.
///
/// # Errors
/// The snapshots cannot be unpacked or read.
pub fn texts() -> Result<Option<BTreeSet<String>>> {
    let Some(archive) = snapshot::archive() else {
        return Ok(None);
    };
    let mut texts = BTreeSet::new();
    for file in snapshot::files(&archive)? {
        for issue in snapshot::read(&file)?.issues {
            texts.insert(issue.body);
            texts.extend(issue.comments.into_iter().map(|comment| comment.body));
        }
    }
    Ok(Some(texts))
}

/// Replays the histories; `None` when they are not there.
///
/// # Errors
/// The machine that the simulation itself runs on fails, or a simulated tracker refuses what a person does.
pub fn run(options: &Options) -> Result<Option<Outcome>> {
    let Some(snapshots) = snapshots(options)? else {
        return Ok(None);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let folder = tempfile::tempdir()?;
    let told = runtime.block_on(story::tell(&snapshots, folder.path(), options.trace));
    told.context("replaying the histories").map(Some)
}

/// Replays them and prints the figures; false when something does not hold or there is nothing to replay.
///
/// # Errors
/// As [`run`].
pub fn task(options: &Options) -> Result<bool> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the replay took is measured with the real clock"
    )]
    let began = Instant::now();
    let Some(outcome) = run(options)? else {
        crate::say("the histories are not in ../shared/histories");
        return Ok(false);
    };
    for sentence in outcome.faults.all().chain(&outcome.host_says) {
        crate::say(sentence);
    }
    let faults = &outcome.faults;
    let seconds = began.elapsed().as_secs_f64();
    if options.json {
        let document = serde_json::json!({
            "snapshots": outcome.snapshots,
            "items": outcome.items,
            "comments": outcome.comments,
            "acts": {"github": outcome.acts[0], "jira": outcome.acts[1]},
            "deleted": {"items": outcome.deleted[0], "comments": outcome.deleted[1]},
            "lost": faults.lost.len(),
            "doubled": faults.doubled.len(),
            "differing": faults.differing.len(),
            "echoes": faults.echoes.len(),
            "simulated_s": outcome.simulated_s,
            "seconds": seconds,
        });
        crate::say(&document.to_string());
    } else {
        crate::say(&format!(
            "{} snapshots, {} items, {} comments, {} acts on GitHub, {} in Jira; {} lost, {} doubled, {} differing, {} echoes; {seconds:.1} s",
            outcome.snapshots,
            outcome.items,
            outcome.comments,
            outcome.acts[0],
            outcome.acts[1],
            faults.lost.len(),
            faults.doubled.len(),
            faults.differing.len(),
            faults.echoes.len(),
        ));
    }
    Ok(faults.none())
}
