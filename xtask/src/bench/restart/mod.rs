//! `bench restart`: a fleet's rolling restart under load, and then the loss of one of its machines. Every machine's edge
//! and host are processes of their own, as `twinline up` starts them; the trackers, the people who edit and what sends the
//! webhooks are in this process.

mod fleet;
mod ground;
mod load;
pub(super) mod sizing;

use super::latency::Latencies;
use super::stack::Stack;
use super::{rounded, runtime, show};
use crate::say;
use anyhow::{Context, Result};
use fleet::{Fleet, Size};
use load::{Load, Outcome, Phase};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

/// What is to hold of a rolling restart: within so many seconds, with an ingest p99 of at most so many times the healthy
/// one.
const SECONDS_MAX: f64 = 300.0;
const P99_RATIO_MAX: f64 = 2.0;
/// The groups of a lost machine work elsewhere within so many seconds, with the default lease.
const TAKEOVER_MAX_S: f64 = 60.0;

/// How much.
#[derive(clap::Args)]
pub struct Options {
    /// Machines, each with an edge and a host.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
    hosts: u32,
    /// Nodes: half of them GitHub, half Jira, two to a group.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    nodes: u32,
    /// Edits a second, each told by one webhook at one of the edges.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    per_s: u32,
    /// Seconds of load before anything is compared, since the fleet has just begun.
    #[arg(long, default_value_t = 20)]
    warm: u64,
    /// Seconds of load before the restart, with which it is compared.
    #[arg(long, default_value_t = 60)]
    healthy: u64,
    /// Machines that begin anew at once.
    #[arg(long, default_value_t = 1)]
    parallel: u32,
    /// Seconds for which a machine has to be well before the next one begins.
    #[arg(long, default_value_t = 20)]
    settle: u64,
    /// `ownership.lease_ms`.
    #[arg(long, default_value_t = 15_000)]
    lease_ms: u32,
    /// `ownership.attempt_ms`.
    #[arg(long, default_value_t = 8000)]
    attempt_ms: u32,
    /// Fails also when the times are not kept.
    #[arg(long)]
    strict: bool,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its times say little; use cargo run --release -p xtask -- bench restart",
        );
    }
    let mut senders = tokio::runtime::Builder::new_multi_thread();
    let senders = senders.worker_threads(1).enable_all().build();
    let senders = senders.context("starting the senders' runtime")?;
    let (figures, holds) = runtime()?.block_on(measure(options, senders.handle()))?;
    show(&figures, options.json);
    Ok(holds)
}

async fn measure(options: &Options, senders: &Handle) -> Result<(Value, bool)> {
    let began = Instant::now();
    let size = Size {
        hosts: options.hosts,
        nodes: options.nodes,
        lease_ms: options.lease_ms,
        attempt_ms: options.attempt_ms,
    };
    let fleet = Fleet::new(&size).await?;
    let mut stacks = fleet.up().await?;
    let edges = stacks
        .iter()
        .map(|stack| stack.webhooks())
        .collect::<Result<Vec<_>>>()?;
    fleet.publish().await?;
    let load = Load::new(fleet.trackers(), edges, fleet.pairs())?;
    load.create().await?;
    say(&format!(
        "{} machines with {} groups work after {:.0} s",
        options.hosts,
        fleet.pairs(),
        began.elapsed().as_secs_f64()
    ));
    let (machines, began, took) = restart(options, &fleet, &load, senders).await?;
    let restarted = load.settled().await?;
    let takeover = lose_one(&fleet, &load, &mut stacks).await?;
    let outcome = load.settled().await?;
    for stack in stacks {
        stack.stop().await?;
    }
    let shown = Shown {
        machines,
        began,
        took,
        settled: restarted.settled,
        takeover,
        outcome,
    };
    Ok(figures(options, &load, &shown))
}

/// What was seen.
struct Shown {
    /// What became of each machine that began anew.
    machines: Value,
    /// When the restart began, since the load had.
    began: Duration,
    /// Until all machines had begun anew.
    took: Duration,
    /// From the last edit then until everything was across.
    settled: Duration,
    /// From the loss of a machine until its groups worked elsewhere; `None`: there was only one.
    takeover: Option<Duration>,
    /// The end of it all.
    outcome: Outcome,
}

/// Loses the last machine, where there are others, and edits each item once when its groups work elsewhere.
async fn lose_one(
    fleet: &Fleet,
    load: &Load,
    stacks: &mut Vec<Stack<'_>>,
) -> Result<Option<Duration>> {
    let Some(stack) = (stacks.len() > 1).then(|| stacks.pop()).flatten() else {
        return Ok(None);
    };
    load.leave(stack.webhooks()?);
    let took = fleet.lose(stacks.len(), stack).await?;
    load.edit_all().await?;
    Ok(Some(took))
}

/// Restarts all machines while people edit: what became of each, when it began, and how long it took.
async fn restart(
    options: &Options,
    fleet: &Fleet,
    load: &Load,
    senders: &Handle,
) -> Result<(Value, Duration, Duration)> {
    let restart = async {
        sleep(Duration::from_secs(options.warm)).await;
        load.enter(Phase::Healthy);
        sleep(Duration::from_secs(options.healthy)).await;
        load.enter(Phase::During);
        let (after, began) = (load.age(), Instant::now());
        let restarted = fleet.restart(options.parallel, options.settle).await;
        load.enter(Phase::After);
        load.end();
        restarted.map(|machines| (machines, after, began.elapsed()))
    };
    let (restarted, edited) = tokio::join!(restart, load.edit(options.per_s, senders));
    edited?;
    restarted
}

/// The figures, and whether what must hold does.
fn figures(options: &Options, load: &Load, shown: &Shown) -> (Value, bool) {
    let (healthy, during) = (
        load.latencies(Phase::Healthy),
        load.latencies(Phase::During),
    );
    let [p99_healthy, p99_during] = [&healthy, &during].map(|all| all.quantile_ms(0.99));
    let ratio = p99_during / p99_healthy.max(0.001);
    let seconds = shown.took.as_secs_f64();
    let takeover = shown.takeover.map(|took| took.as_secs_f64());
    let (met, outcome) = (load.met(), &shown.outcome);
    let holds = outcome.lost == 0 && outcome.doubled == 0 && met.refused == 0 && met.failed == 0;
    let in_time = seconds <= SECONDS_MAX
        && ratio <= P99_RATIO_MAX
        && takeover.is_none_or(|took| took <= TAKEOVER_MAX_S);
    let figures = json!({
        "bench": "restart",
        "ok": holds,
        "in_time": in_time,
        "hosts": options.hosts,
        "nodes": load.pairs() * 2,
        "groups": load.pairs(),
        "per_s": options.per_s,
        "parallel": options.parallel,
        "settle": options.settle,
        "seconds": rounded(seconds),
        "machines": shown.machines,
        "ingest_healthy": told(&healthy),
        "ingest_during": told(&during),
        "p99_ratio": rounded(ratio),
        "slowest": slowest(load),
        "began_s": rounded(shown.began.as_secs_f64()),
        "settled_s": rounded(shown.settled.as_secs_f64()),
        "takeover_s": takeover.map(rounded),
        "edits": outcome.edits,
        "accepted": met.accepted,
        "refused": met.refused,
        "failed": met.failed,
        "how": met.how,
        "lost": outcome.lost,
        "doubled": outcome.doubled,
        "release": !cfg!(debug_assertions),
    });
    (figures, holds && (in_time || !options.strict))
}

/// The slowest deliveries of the restart: which edge, when (as `began_s`, since the load began), and how long.
fn slowest(load: &Load) -> Value {
    let told = load.slowest().into_iter().map(|slow| {
        json!({
            "edge": slow.edge.to_string(),
            "after_s": rounded(slow.after.as_secs_f64()),
            "took_ms": rounded(slow.took.as_secs_f64() * 1000.0),
        })
    });
    told.collect()
}

fn told(all: &Latencies) -> Value {
    json!({
        "count": all.count(),
        "p50_ms": rounded(all.quantile_ms(0.5)),
        "p99_ms": rounded(all.quantile_ms(0.99)),
        "max_ms": rounded(all.quantile_ms(1.0)),
    })
}

/// Reads one JSON document of a command's standard output.
fn document(output: &std::process::Output, what: &str) -> Result<Value> {
    if !output.status.success() {
        anyhow::bail!(
            "{what}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{what}: its answer"))
}
