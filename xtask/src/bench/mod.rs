//! `cargo xtask bench NAME`: figures, with what they compare to in the same run. Never judged by a test.

mod client;
mod ingest;
mod latency;
mod load;
mod process;

pub use ingest::{ServeOptions, StoreOptions, serve, store};

use anyhow::Result;

/// Which benchmark.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Signed 2 KiB webhooks over 100 nodes and 64 connections, answered when durable.
    Ingest(ingest::Options),
}

/// Runs one benchmark and prints its figures.
pub fn run(bench: &Bench) -> Result<bool> {
    match bench {
        Bench::Ingest(options) => ingest::run(options),
    }
}
