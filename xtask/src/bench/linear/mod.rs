//! `bench linear`: the host's processor time for a change, over what is stored (1×, 10×, 100×), and for many changes over
//! their number.
//!
//! The twins that are changed are the same at every size; those around them are copies in the host's store alone, which
//! nothing looks at while a part runs (no audit is due): so what grows is what is stored, and nothing else.

mod copies;

use super::process::Measured;
use super::stack::{Folder, Stack};
use super::sync::{Addresses, Asked, begin, part, write_rules};
use super::{f64_of, rounded, runtime, show};
use crate::say;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use twinline_sim::ports::free_port;

/// How much is stored and how much is changed at the smallest size.
#[derive(clap::Args)]
pub struct Options {
    /// Twins stored at the smallest size; all changes are theirs.
    #[arg(long, default_value_t = 300)]
    twins: u64,
    /// Changes in the smallest part; at each size of the store ten times as many.
    #[arg(long, default_value_t = 100)]
    changes: u64,
    /// Changes that are under way at once.
    #[arg(long, default_value_t = 16)]
    open: u64,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

const FACTORS: [u64; 3] = [1, 10, 100];

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its figures say little; use cargo run --release -p xtask -- bench linear",
        );
    }
    let (figures, lost) = runtime()?.block_on(measure(options))?;
    show(&figures, options.json);
    Ok(lost == 0)
}

/// What was measured at one size.
struct Point {
    size: u64,
    changes: u64,
    cpu_ms: f64,
}

impl Point {
    fn each_ms(&self) -> f64 {
        self.cpu_ms / f64_of(self.changes)
    }

    fn shown(&self) -> Value {
        json!({ "size": self.size, "changes": self.changes, "host_cpu_ms_a_change": rounded(self.each_ms()) })
    }
}

struct Run<'a> {
    options: &'a Options,
    world: Measured,
    lost: u64,
}

async fn measure(options: &Options) -> Result<(Value, u64)> {
    let folder = Folder::new()?;
    let world = Measured::start(&["bench-world"]).await?;
    let at: Addresses = serde_json::from_str(&world.first_line).context("reading the world")?;
    // The trackers keep sending their webhooks there while the host's store grows between two parts.
    write_rules(&folder, &at, free_port()?)?;
    folder.apply().await?;
    let mut run = Run {
        options,
        world,
        lost: 0,
    };
    let mut stack = folder.up().await?;
    begin(&mut run.world, &stack, options.twins).await?;
    let mut stored = Vec::new();
    let mut copied = Vec::new();
    let mut have = 1;
    for factor in FACTORS {
        if factor > have {
            stack.stop().await?;
            copied.push(copies::grow(&folder, options.twins, have, factor).await?);
            have = factor;
            stack = folder.up().await?;
        }
        // What a start reads for the first time is not a change's.
        run.changes(&stack, 0, options.changes).await?;
        let size = options.twins * factor;
        stored.push(run.changes(&stack, size, options.changes * 10).await?);
        say(&format!(
            "{size} twins: {}",
            stored[stored.len() - 1].shown()
        ));
    }
    let mut made = Vec::new();
    for factor in FACTORS {
        let changes = options.changes * factor;
        made.push(run.changes(&stack, changes, changes).await?);
        say(&format!(
            "{changes} changes: {}",
            made[made.len() - 1].shown()
        ));
    }
    stack.stop().await?;
    run.world.stop().await?;
    let shown = |points: &[Point]| points.iter().map(Point::shown).collect::<Vec<_>>();
    let figures = json!({
        "bench": "linear",
        "stored": shown(&stored),
        "stored_slope": slope(&stored, Point::each_ms),
        "made": shown(&made),
        "made_slope": slope(&made, |point| point.cpu_ms),
        "copied": copied,
        "lost": run.lost,
        "release": !cfg!(debug_assertions),
    });
    Ok((figures, run.lost))
}

impl Run<'_> {
    async fn changes(&mut self, stack: &Stack<'_>, size: u64, changes: u64) -> Result<Point> {
        let asked = Asked::Count {
            changes,
            open: self.options.open,
        };
        let part = part(&mut self.world, stack, &asked).await?;
        self.lost += part.made.lost;
        ensure!(part.made.made == changes, "not all changes were made");
        Ok(Point {
            size,
            changes,
            cpu_ms: part.host().as_secs_f64() * 1000.0,
        })
    }
}

/// By which power of the size a cost grows: the slope of the straight line that fits their logarithms best. 0: not at
/// all, 1: in proportion.
fn slope(points: &[Point], cost: impl Fn(&Point) -> f64) -> f64 {
    let logs = points.iter();
    let logs: Vec<(f64, f64)> = logs
        .map(|point| (f64_of(point.size).ln(), cost(point).ln()))
        .collect();
    let count = f64_of(logs.len() as u64);
    let mean_size = logs.iter().map(|(size, _)| size).sum::<f64>() / count;
    let mean_cost = logs.iter().map(|(_, cost)| cost).sum::<f64>() / count;
    let both = logs.iter();
    let both = both.map(|(size, cost)| (size - mean_size) * (cost - mean_cost));
    let spread = logs.iter().map(|(size, _)| (size - mean_size).powi(2));
    rounded(both.sum::<f64>() / spread.sum::<f64>())
}

#[cfg(test)]
mod tests;
