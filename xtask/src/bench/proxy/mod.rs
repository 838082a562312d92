//! `bench proxy`: requests through the edge to a host, and the same through HAProxy, in turns.
//!
//! Sender, backend and proxy share the machine, so ratios are what counts. Each proxy runs in a process of its own, on
//! two threads, keeps connections on both sides, and writes no access log.

mod backend;
mod haproxy;
mod sender;

pub use backend::serve as serve_backend;

use super::haproxy::Haproxy;
use super::latency::Latencies;
use super::process::{Measured, cpu_of_threads, until_told};
use super::{f64_of, rounded, runtime, show};
use crate::{provision, say, served};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long and with how many.
#[derive(clap::Args)]
pub struct Options {
    /// How long each proxy is measured, all turns together.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Turns: what else the machine does then weighs on both alike.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    turns: u32,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

/// The measured edge: a hidden subcommand.
#[derive(clap::Args)]
pub struct EdgeOptions {
    folder: PathBuf,
    backend: SocketAddr,
    places: usize,
}

/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its figures say little; use cargo run --release -p xtask -- bench proxy",
        );
    }
    provision::haproxy::ensure()?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let figures = runtime()?.block_on(measure(options, folder.path()))?;
    show(&figures, options.json);
    Ok(true)
}

async fn measure(options: &Options, folder: &Path) -> Result<Value> {
    let backend = Measured::start(&["bench-backend"]).await?;
    let behind: SocketAddr = backend
        .first_line
        .parse()
        .context("the backend's address")?;
    let (path, at) = (folder.to_str().context("an odd path")?, behind.to_string());
    let places = (options.connections * 2).to_string();
    let edge = Measured::start(&["bench-proxy-edge", path, &at, &places]).await?;
    let configuration = |at| haproxy::configuration(at, behind, options.connections);
    let haproxy = Haproxy::start(folder, configuration).await?;
    let mut through_edge = Through::new(edge.first_line.parse()?, edge.id()?);
    let mut through_haproxy = Through::new(haproxy.at, haproxy.id()?);
    let mut direct = Through::new(behind, backend.id()?);
    let turn = Duration::from_secs(options.seconds) / options.turns;
    for through in [&mut through_edge, &mut through_haproxy, &mut direct] {
        sender::send(through.at, options.connections, WARM_UP).await?;
    }
    for _ in 0..options.turns {
        through_edge.turn(options.connections, turn).await?;
        through_haproxy.turn(options.connections, turn).await?;
    }
    direct.turn(options.connections, turn).await?;
    edge.stop().await?;
    backend.stop().await?;
    haproxy.stop().await?;
    let ratio = |ours: f64, theirs: f64| rounded(ours / theirs);
    let (ours, theirs) = (&through_edge, &through_haproxy);
    Ok(json!({
        "bench": "proxy",
        "per_s": ours.per_s().round(),
        "p50_ms": ours.latencies.quantile_ms(0.5),
        "p99_ms": ours.latencies.quantile_ms(0.99),
        "cpu_us": rounded(ours.cpu_us()),
        "haproxy_per_s": theirs.per_s().round(),
        "haproxy_p50_ms": theirs.latencies.quantile_ms(0.5),
        "haproxy_p99_ms": theirs.latencies.quantile_ms(0.99),
        "haproxy_cpu_us": rounded(theirs.cpu_us()),
        "haproxy_version": provision::haproxy::version()?,
        "ratio_per_s": ratio(ours.per_s(), theirs.per_s()),
        "ratio_cpu": ratio(ours.cpu_us(), theirs.cpu_us()),
        "ratio_p99": ratio(ours.latencies.quantile_ms(0.99), theirs.latencies.quantile_ms(0.99)),
        "direct_per_s": direct.per_s().round(),
        "connections": options.connections,
        "release": !cfg!(debug_assertions),
    }))
}

/// What came through one proxy.
struct Through {
    at: SocketAddr,
    process: u32,
    latencies: Latencies,
    time: Duration,
    cpu: Duration,
}

impl Through {
    fn new(at: SocketAddr, process: u32) -> Self {
        Self {
            at,
            process,
            latencies: Latencies::new(),
            time: Duration::ZERO,
            cpu: Duration::ZERO,
        }
    }

    async fn turn(&mut self, connections: usize, time: Duration) -> Result<()> {
        let before = cpu_of_threads(self.process)?;
        let latencies = sender::send(self.at, connections, time).await?;
        self.cpu += cpu_of_threads(self.process)?.saturating_sub(before);
        self.latencies.join(&latencies);
        self.time += time;
        Ok(())
    }

    fn per_s(&self) -> f64 {
        f64_of(self.latencies.count()) / self.time.as_secs_f64()
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64_of(self.latencies.count())
    }
}

/// Serves until the parent closes standard input; the first line is the address.
pub fn serve_edge(options: &EdgeOptions) -> Result<bool> {
    runtime()?.block_on(async {
        let behind = (options.backend, options.places);
        let edge = served::start_before(&options.folder, &[], Some(behind)).await?;
        say(&edge.webhooks.to_string());
        until_told().await?;
        edge.stop().await?;
        Ok(true)
    })
}
