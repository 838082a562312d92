//! `bench ingest`: an edge in a process of its own takes signed webhooks; then the same store without HTTP.

use super::client;
use super::latency::Latencies;
use super::load;
use super::process::{Measured, until_told};
use super::{f64_of, runtime, show};
use crate::served::{self, SECRET, SystemClock};
use crate::{root, say};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use twinline_core::handles::Clock as _;
use twinline_store::inbox::{Appended, Delivery};

/// How long and with how many.
#[derive(clap::Args)]
pub struct Options {
    /// How long each of both parts is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[arg(long, default_value_t = 100)]
    nodes: usize,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

/// The measured edge: a hidden subcommand.
#[derive(clap::Args)]
pub struct ServeOptions {
    folder: PathBuf,
    nodes: usize,
}

/// The measured store: a hidden subcommand.
#[derive(clap::Args)]
pub struct StoreOptions {
    folder: PathBuf,
    nodes: usize,
    writers: usize,
    seconds: u64,
}

/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(2);

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its figures say little; use cargo run --release -p xtask -- bench ingest",
        );
    }
    // On the disk that the build is on: a folder in memory would need no syncing.
    std::fs::create_dir_all(root().join("target")).context("making target/")?;
    let folder = tempfile::tempdir_in(root().join("target")).context("making a folder")?;
    let figures = runtime()?.block_on(measure(options, folder.path()))?;
    show(&figures, options.json);
    Ok(true)
}

async fn measure(options: &Options, folder: &Path) -> Result<Value> {
    let time = Duration::from_secs(options.seconds);
    let edge = edge(options, &folder.join("edge"), time).await?;
    let alone = alone(options, &folder.join("store")).await?;
    let per_s = edge.per_s(time);
    Ok(json!({
        "bench": "ingest",
        "per_s": per_s.round(),
        "p50_ms": edge.latencies.quantile_ms(0.5),
        "p99_ms": edge.latencies.quantile_ms(0.99),
        "cpu_us": (edge.cpu.as_secs_f64() * 1e6 / f64_of(edge.latencies.count())).round(),
        "store_per_s": alone.per_s.round(),
        "store_cpu_us": alone.cpu_us.round(),
        "ratio_to_store": (per_s / alone.per_s * 100.0).round() / 100.0,
        "nodes": options.nodes,
        "connections": options.connections,
        "release": !cfg!(debug_assertions),
    }))
}

struct Measure {
    latencies: Latencies,
    cpu: Duration,
}

impl Measure {
    fn per_s(&self, time: Duration) -> f64 {
        f64_of(self.latencies.count()) / time.as_secs_f64()
    }
}

async fn edge(options: &Options, folder: &Path, time: Duration) -> Result<Measure> {
    std::fs::create_dir(folder).context("making the edge's folder")?;
    let path = folder.to_str().context("an odd path")?;
    let nodes = options.nodes.to_string();
    let process = Measured::start(&["bench-edge", path, &nodes]).await?;
    let address = process
        .first_line
        .parse()
        .with_context(|| format!("the edge says '{}'", process.first_line))?;
    let bodies = Arc::new(load::bodies(SECRET));
    let names = Arc::new(load::nodes(options.nodes));
    let connections = options.connections;
    // Other connections than those that are measured: their delivery ids must be new.
    client::send(address, &bodies, &names, connections, 1_000_000, WARM_UP).await?;
    let before = process.cpu()?;
    let latencies = client::send(address, &bodies, &names, connections, 0, time).await?;
    let cpu = process.cpu()?.saturating_sub(before);
    process.stop().await?;
    Ok(Measure { latencies, cpu })
}

struct Alone {
    per_s: f64,
    cpu_us: f64,
}

async fn alone(options: &Options, folder: &Path) -> Result<Alone> {
    std::fs::create_dir(folder).context("making the store's folder")?;
    let path = folder.to_str().context("an odd path")?;
    let (nodes, writers) = (options.nodes.to_string(), options.connections.to_string());
    let seconds = options.seconds.to_string();
    let process = Measured::start(&["bench-store", path, &nodes, &writers, &seconds]).await?;
    let appended: u64 = process.first_line.parse().context("reading a count")?;
    let cpu = process.cpu()?;
    process.stop().await?;
    let count = f64_of(appended);
    let seconds = f64_of(options.seconds);
    Ok(Alone {
        per_s: count / seconds,
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
    })
}

/// Serves until the parent closes standard input; the first line is the address.
pub fn serve(options: &ServeOptions) -> Result<bool> {
    runtime()?.block_on(async {
        let edge = served::start(&options.folder, &load::nodes(options.nodes)).await?;
        say(&edge.webhooks.to_string());
        until_told().await?;
        edge.stop().await?;
        Ok(true)
    })
}

/// Appends without HTTP; the first line is how many were durable in the time.
pub fn store(options: &StoreOptions) -> Result<bool> {
    runtime()?.block_on(async {
        let inbox = served::inbox(&options.folder).await?;
        let names = load::nodes(options.nodes);
        inbox.set_routes(served::routes(&names)?.as_rows()).await?;
        let (bodies, names) = (Arc::new(load::bodies(SECRET)), Arc::new(names));
        let until = Instant::now() + Duration::from_secs(options.seconds);
        let mut writers = JoinSet::new();
        for writer in 0..options.writers {
            let (inbox, bodies, names) = (inbox.clone(), Arc::clone(&bodies), Arc::clone(&names));
            writers.spawn(async move {
                let mut appended = 0_usize;
                while Instant::now() < until {
                    let at = writer * 61 + appended;
                    let delivery = Delivery {
                        node: names[at % names.len()].as_str().into(),
                        delivery_id: Some(format!("{writer}-{appended}")),
                        received_at: SystemClock.now(),
                        headers: vec![("x-github-event".to_owned(), "issues".to_owned())],
                        body: bytes::Bytes::copy_from_slice(
                            bodies[at % bodies.len()].body.as_bytes(),
                        ),
                    };
                    match inbox.append(delivery).await? {
                        Appended::New { .. } => appended += 1,
                        other => bail!("a delivery was not taken: {other:?}"),
                    }
                }
                Ok(appended)
            });
        }
        let mut appended = 0;
        while let Some(writer) = writers.join_next().await {
            appended += writer.context("a writer panicked")??;
        }
        say(&appended.to_string());
        until_told().await?;
        Ok(true)
    })
}
