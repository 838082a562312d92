//! `bench sync`: a change is made in one simulated tracker; when can it be seen in the other?
//!
//! Three parts, each with processes of its own, so that the processor time of each can be told: the *world* (both
//! simulators and who makes the changes, a hidden subcommand), the product's edge, and its host with its script workers.

mod load;
mod rules;
mod watch;
mod world;

pub use world::{WorldOptions, serve};

use super::process::Measured;
use super::stack::{Folder, Stack};
use crate::say;
use anyhow::{Context, Result};
pub(super) use load::Asked;
use load::Made;
pub(super) use rules::write as write_rules;
use serde_json::{Value, json};
use std::time::Duration;
pub(super) use world::Addresses;

/// How long, how many and how fast.
#[derive(clap::Args)]
pub struct Options {
    /// How long each of both parts is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Twins that the changes are spread over.
    #[arg(long, default_value_t = 1000)]
    twins: u64,
    /// Changes a second in the part that measures latency.
    #[arg(long, default_value_t = 100)]
    per_s: u64,
    /// Changes that are under way at once in the part that measures the greatest rate.
    #[arg(long, default_value_t = 128)]
    open: u64,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

/// Before the greatest rate is measured.
const WARM_UP_S: u64 = 2;

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its figures say little; use cargo run --release -p xtask -- bench sync",
        );
    }
    let (figures, holds) = super::runtime()?.block_on(measure(options))?;
    super::show(&figures, options.json);
    Ok(holds)
}

async fn measure(options: &Options) -> Result<(Value, bool)> {
    let folder = Folder::new()?;
    let mut world = Measured::start(&["bench-world"]).await?;
    let at: Addresses = serde_json::from_str(&world.first_line).context("reading the world")?;
    rules::write(&folder, &at, 0)?;
    folder.apply().await?;
    let stack = folder.up().await?;
    begin(&mut world, &stack, options.twins).await?;

    let paced = Asked::Paced {
        per_s: options.per_s,
        seconds: options.seconds,
    };
    let paced = part(&mut world, &stack, &paced).await?;
    let full = |seconds| Asked::Full {
        open: options.open,
        seconds,
    };
    part(&mut world, &stack, &full(WARM_UP_S)).await?;
    let full = part(&mut world, &stack, &full(options.seconds)).await?;
    let resident = stack.resident("host")?;
    stack.stop().await?;
    world.stop().await?;

    let lost = paced.made.lost + full.made.lost;
    let figures = json!({
        "bench": "sync",
        "per_s": options.per_s,
        "p50_ms": paced.made.p50_ms,
        "p99_ms": paced.made.p99_ms,
        "host_cpu_ms_at_rate": paced.host_ms(),
        "sustained_per_s": full.made.per_s.round(),
        "sustained_p50_ms": full.made.p50_ms,
        "sustained_p99_ms": full.made.p99_ms,
        "host_cpu_ms": full.host_ms(),
        "edge_cpu_ms": full.edge_ms(),
        "world_cpu_ms": full.world_ms(),
        "requests_per_change": full.requests(),
        "changes": paced.made.made + full.made.made,
        "lost": lost,
        "twins": options.twins,
        "resident_mib": resident >> 20,
        "release": !cfg!(debug_assertions),
    });
    Ok((figures, lost == 0))
}

/// Makes the twins, and lets both trackers send their webhooks from then on.
pub(super) async fn begin(world: &mut Measured, stack: &Stack<'_>, twins: u64) -> Result<()> {
    let edge = stack.webhooks()?.to_string();
    world.ask::<Value>(&Asked::Hook { edge }).await?;
    let ready: Value = world.ask(&Asked::Seed { items: twins }).await?;
    anyhow::ensure!(
        ready["twins"] == twins,
        "not all items were twinned: {ready}"
    );
    Ok(())
}

/// One part of the run, with what each process has used for it.
pub(super) struct Part {
    pub(super) made: Made,
    host: Duration,
    edge: Duration,
    world: Duration,
}

/// Has the world make changes until the last is seen and nothing follows any more.
pub(super) async fn part(world: &mut Measured, stack: &Stack<'_>, asked: &Asked) -> Result<Part> {
    let now = |world: &Measured| -> Result<[Duration; 3]> {
        Ok([stack.cpu("host")?, stack.cpu("edge")?, world.cpu()?])
    };
    let before = now(world)?;
    let made: Made = world.ask(asked).await?;
    let after = now(world)?;
    let used = |which: usize| after[which].saturating_sub(before[which]);
    Ok(Part {
        made,
        host: used(0),
        edge: used(1),
        world: used(2),
    })
}

impl Part {
    /// The host's processor time for all changes.
    pub(super) const fn host(&self) -> Duration {
        self.host
    }

    /// The host's processor time for one change, in milliseconds.
    pub(super) fn host_ms(&self) -> f64 {
        self.each_ms(self.host)
    }

    fn edge_ms(&self) -> f64 {
        self.each_ms(self.edge)
    }

    fn world_ms(&self) -> f64 {
        self.each_ms(self.world)
    }

    /// Requests that the trackers were asked for one change.
    fn requests(&self) -> f64 {
        super::rounded(super::f64_of(self.made.requests) / super::f64_of(self.made.made.max(1)))
    }

    fn each_ms(&self, used: Duration) -> f64 {
        super::rounded(used.as_secs_f64() * 1000.0 / super::f64_of(self.made.made.max(1)))
    }
}
