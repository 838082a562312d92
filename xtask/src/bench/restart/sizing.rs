//! `bench sizing`: what a group and a change take of machines, of the central database and of etcd.
//!
//! The same fleet is begun twice, with few groups and with many: what a group takes is the difference, so that what a process
//! takes by itself is left out. Each group has one twin. In the greater one people edit then.

use super::fleet::{Fleet, Size};
use super::ground::Ground;
use super::load::{Load, Outcome};
use crate::bench::stack::Stack;
use crate::bench::{f64_of, rounded, runtime, show};
use crate::say;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

/// How much.
#[derive(clap::Args)]
pub struct Options {
    /// Machines, each with an edge and a host.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=32))]
    hosts: u32,
    /// Nodes of the lesser fleet, two to a group.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    small: u32,
    /// Nodes of the greater one.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    large: u32,
    /// Seconds for which each is left alone.
    #[arg(long, default_value_t = 60)]
    rest: u64,
    /// Seconds of edits.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Edits a second.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    per_s: u32,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

/// The defaults of `[ownership]`.
const LEASE_MS: u32 = 15_000;
const ATTEMPT_MS: u32 = 8000;
/// What a beginning leaves to do is done after this.
const SETTLES: Duration = Duration::from_secs(10);

pub(in crate::bench) fn run(options: &Options) -> Result<bool> {
    ensure!(
        options.large / 2 > options.small / 2,
        "--large must be more than --small"
    );
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: what it holds in memory says little; use cargo run --release -p xtask -- bench sizing",
        );
    }
    let (figures, holds) = runtime()?.block_on(measure(options))?;
    show(&figures, options.json);
    Ok(holds)
}

/// What a fleet takes that nothing happens in.
struct Point {
    groups: u32,
    host_resident_bytes: u64,
    edge_resident_bytes: u64,
    host_files_bytes: u64,
    ground: Ground,
    /// A second.
    wal_bytes_a_s: f64,
    etcd_requests_a_s: f64,
}

impl Point {
    async fn of(fleet: &Fleet, stacks: &[Stack<'_>], rest: Duration) -> Result<Self> {
        sleep(SETTLES).await;
        let (before, began) = (Ground::of(fleet).await?, Instant::now());
        sleep(rest).await;
        let ground = Ground::of(fleet).await?;
        let seconds = began.elapsed().as_secs_f64();
        let resident = |role: &str| {
            let each = stacks.iter().map(|stack| stack.resident(role));
            each.sum::<Result<u64>>()
        };
        let a_s = |before: u64, after: u64| f64_of(after.saturating_sub(before)) / seconds;
        Ok(Self {
            groups: u32::try_from(fleet.pairs())?,
            host_resident_bytes: resident("host")?,
            edge_resident_bytes: resident("edge")?,
            host_files_bytes: fleet.host_files_bytes()?,
            ground,
            wal_bytes_a_s: a_s(before.wal_bytes, ground.wal_bytes),
            etcd_requests_a_s: a_s(before.etcd_requests, ground.etcd_requests),
        })
    }

    fn shown(&self) -> Value {
        json!({
            "groups": self.groups,
            "host_resident_bytes": self.host_resident_bytes,
            "edge_resident_bytes": self.edge_resident_bytes,
            "host_files_bytes": self.host_files_bytes,
            "database_bytes": self.ground.database_bytes,
            "replica_rows": self.ground.replica_rows,
            "replica_bytes": self.ground.replica_bytes,
            "etcd_keys": self.ground.etcd_keys,
            "etcd_bytes": self.ground.etcd_bytes,
            "wal_bytes_a_s": rounded(self.wal_bytes_a_s),
            "etcd_requests_a_s": rounded(self.etcd_requests_a_s),
        })
    }
}

async fn measure(options: &Options) -> Result<(Value, bool)> {
    let (small, _) = fleet(options, options.small, false).await?;
    say(&format!("{} groups: {}", small.groups, small.shown()));
    let (large, changed) = fleet(options, options.large, true).await?;
    say(&format!("{} groups: {}", large.groups, large.shown()));
    let changed = changed.context("people edited in the greater one")?;
    let holds = changed.outcome.lost == 0 && changed.outcome.doubled == 0;
    let figures = json!({
        "bench": "sizing",
        "ok": holds,
        "hosts": options.hosts,
        "small": small.shown(),
        "large": large.shown(),
        "a_group": a_group(&small, &large),
        "a_replica_row_bytes": large.ground.replica_bytes / large.ground.replica_rows.max(1),
        "a_change": changed.shown(large.wal_bytes_a_s),
        "lost": changed.outcome.lost,
        "doubled": changed.outcome.doubled,
        "release": !cfg!(debug_assertions),
    });
    Ok((figures, holds))
}

/// What a group takes, of all machines together.
fn a_group(small: &Point, large: &Point) -> Value {
    let groups = f64::from(large.groups) - f64::from(small.groups);
    let each = |small: f64, large: f64| rounded((large - small) / groups);
    let all = |of: fn(&Point) -> u64| each(f64_of(of(small)), f64_of(of(large)));
    json!({
        "host_resident_bytes": all(|it| it.host_resident_bytes),
        "edge_resident_bytes": all(|it| it.edge_resident_bytes),
        "host_files_bytes": all(|it| it.host_files_bytes),
        "database_bytes": all(|it| it.ground.database_bytes),
        "etcd_keys": all(|it| it.ground.etcd_keys),
        "etcd_bytes": all(|it| it.ground.etcd_bytes),
        "wal_bytes_a_s": each(small.wal_bytes_a_s, large.wal_bytes_a_s),
        "etcd_requests_a_s": each(small.etcd_requests_a_s, large.etcd_requests_a_s),
    })
}

/// What edits took.
struct Changed {
    outcome: Outcome,
    took: Duration,
    wal_bytes: u64,
    host_files_bytes: u64,
}

impl Changed {
    /// For each change; the log without what it takes at rest.
    fn shown(&self, rest_wal_bytes_a_s: f64) -> Value {
        let changes = f64_of(self.outcome.edits.max(1));
        let rest = rest_wal_bytes_a_s * self.took.as_secs_f64();
        json!({
            "changes": self.outcome.edits,
            "wal_bytes": rounded((f64_of(self.wal_bytes) - rest) / changes),
            "host_files_bytes": rounded(f64_of(self.host_files_bytes) / changes),
        })
    }
}

/// Begins a fleet, leaves it alone, and has people edit where that is wished.
async fn fleet(options: &Options, nodes: u32, edits: bool) -> Result<(Point, Option<Changed>)> {
    let size = Size {
        hosts: options.hosts,
        nodes,
        lease_ms: LEASE_MS,
        attempt_ms: ATTEMPT_MS,
    };
    let fleet = Fleet::new(&size).await?;
    let stacks = fleet.up().await?;
    let edges = stacks.iter().map(Stack::webhooks);
    let edges = edges.collect::<Result<Vec<_>>>()?;
    fleet.publish().await?;
    let load = Load::new(fleet.trackers(), edges, fleet.pairs())?;
    load.create().await?;
    let point = Point::of(&fleet, &stacks, Duration::from_secs(options.rest)).await?;
    let changed = match edits {
        true => Some(changes(options, &fleet, &load, &point).await?),
        false => None,
    };
    for stack in stacks {
        stack.stop().await?;
    }
    Ok((point, changed))
}

async fn changes(options: &Options, fleet: &Fleet, load: &Load, before: &Point) -> Result<Changed> {
    let began = Instant::now();
    let senders = Handle::current();
    let lasts = async {
        sleep(Duration::from_secs(options.seconds)).await;
        load.end();
    };
    let ((), edited) = tokio::join!(lasts, load.edit(options.per_s, &senders));
    edited?;
    let outcome = load.settled().await?;
    let after = Ground::of(fleet).await?;
    Ok(Changed {
        outcome,
        took: began.elapsed(),
        wal_bytes: after.wal_bytes.saturating_sub(before.ground.wal_bytes),
        host_files_bytes: fleet
            .host_files_bytes()?
            .saturating_sub(before.host_files_bytes),
    })
}
