//! `cargo xtask bench NAME`: figures, with what they compare to in the same run. Never judged by a test.

mod client;
mod haproxy;
mod idle;
mod incident;
mod ingest;
mod latency;
mod linear;
mod load;
mod process;
mod proxy;
mod restart;
mod stack;
mod sync;
mod trackers;

pub use incident::{ConventionalOptions, serve_conventional};
pub use ingest::{ServeOptions, StoreOptions, serve, store};
pub use proxy::{EdgeOptions, serve_backend, serve_edge};
pub use sync::{WorldOptions, serve as world};

use crate::say;
use anyhow::{Context, Result};
use serde_json::Value;

/// Which benchmark.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Signed 2 KiB webhooks over 100 nodes and 64 connections, answered when durable.
    Ingest(ingest::Options),
    /// Requests through the edge to a host, and through HAProxy.
    Proxy(proxy::Options),
    /// From a change in one tracker to its sight in the other, and how many a second.
    Sync(sync::Options),
    /// What ten thousand nodes cost on which nothing happens.
    Idle(idle::Options),
    /// The same load on a database whose commits hang: a conventional service, and Twinline.
    Incident(incident::Options),
    /// A fleet's rolling restart under load.
    Restart(restart::Options),
    /// What a group and a change take of a fleet's machines, its database and its etcd.
    Sizing(restart::sizing::Options),
    /// Whether a change costs the same however much is stored, and many changes no more each than few.
    Linear(linear::Options),
}

/// Runs one benchmark and prints its figures.
pub fn run(bench: &Bench) -> Result<bool> {
    match bench {
        Bench::Ingest(options) => ingest::run(options),
        Bench::Proxy(options) => proxy::run(options),
        Bench::Sync(options) => sync::run(options),
        Bench::Idle(options) => idle::run(options),
        Bench::Incident(options) => incident::run(options),
        Bench::Restart(options) => restart::run(options),
        Bench::Sizing(options) => restart::sizing::run(options),
        Bench::Linear(options) => linear::run(options),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    builder.build().context("starting a runtime")
}

/// Prints figures: as one JSON object, or a line each.
fn show(figures: &Value, as_json: bool) {
    if as_json {
        return say(&figures.to_string());
    }
    for (name, value) in figures.as_object().into_iter().flatten() {
        say(&format!("{name}: {value}"));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "of a figure beyond 2^53 nobody reads the last digits"
)]
const fn f64_of(count: u64) -> f64 {
    count as f64
}

/// To three digits after the point.
fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}
