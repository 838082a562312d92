//! `bench idle`: what a host costs on which nothing happens, but the sweeps of its many nodes.

use super::process::Measured;
use super::stack::Folder;
use super::sync::Addresses;
use super::{f64_of, rounded, runtime, show};
use crate::say;
use crate::served::SystemClock;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline_core::digest::Digest;
use twinline_core::handles::Clock as _;
use twinline_sim::jira_cloud;
use twinline_store::db::DbOptions;
use twinline_store::host::{HostStore, Publish};

/// How many and how long.
#[derive(clap::Args)]
pub struct Options {
    /// Nodes on the one host; half of them GitHub, half Jira, two to a connection.
    #[arg(long, default_value_t = 10_000)]
    nodes: u64,
    /// How long it is measured: the default sweep comes once in sixty seconds.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Before that: every node is probed and swept for the first time.
    #[arg(long, default_value_t = 90)]
    warm_up: u64,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its figures say little; use cargo run --release -p xtask -- bench idle",
        );
    }
    let figures = runtime()?.block_on(measure(options))?;
    show(&figures, options.json);
    Ok(true)
}

async fn measure(options: &Options) -> Result<Value> {
    let folder = Folder::new()?;
    let world = Measured::start(&["bench-world"]).await?;
    let at: Addresses = serde_json::from_str(&world.first_line).context("reading the world")?;
    let pairs = options.nodes / 2;
    folder.write("github.token", "github-token")?;
    folder.write("jira.token", jira_cloud::API_TOKEN)?;
    folder.write("twinline.toml", &configuration(pairs, &at)?)?;
    publish(&folder, pairs).await?;

    let stack = folder.up().await?;
    let started = stack.took;
    sleep(Duration::from_secs(options.warm_up)).await;
    let (before, began) = (stack.cpu("host")?, Instant::now());
    sleep(Duration::from_secs(options.seconds)).await;
    let used = stack.cpu("host")?.saturating_sub(before);
    let share = used.as_secs_f64() / began.elapsed().as_secs_f64();
    let resident = stack.resident("host")?;
    stack.stop().await?;
    world.stop().await?;
    Ok(json!({
        "bench": "idle",
        "nodes": pairs * 2,
        "start_s": rounded(started.as_secs_f64()),
        "resident_mib": resident >> 20,
        "cpu_percent": rounded(share * 100.0),
        "cpu_ms_a_sweep": rounded(share * 1000.0 * 60.0 / f64_of(pairs * 2)),
        "release": !cfg!(debug_assertions),
    }))
}

fn configuration(pairs: u64, at: &Addresses) -> Result<String> {
    let mut text = "format = 1\n\n[edge]\nlisten = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n\n\
                    [host]\nlisten = \"127.0.0.1:0\"\n\n[log]\nlevel = \"warn\"\n"
        .to_owned();
    for pair in 0..pairs {
        write!(
            text,
            "\n[nodes.left{pair}]\ntracker = \"github\"\nurl = \"{}\"\n\
             auth = {{ token = {{ file = \"github.token\" }} }}\nallow_private = [\"127.0.0.0/8\"]\n\
             \n[nodes.right{pair}]\ntracker = \"jira-cloud\"\nurl = \"{}\"\n\
             auth = {{ email = \"twinline@acme.example\", token = {{ file = \"jira.token\" }} }}\n\
             allow_private = [\"127.0.0.0/8\"]\n",
            at.left, at.right
        )?;
    }
    Ok(text)
}

/// Publishes a connection for each pair, as `apply` does, but asks no tracker about it.
async fn publish(folder: &Folder, pairs: u64) -> Result<()> {
    let path = folder.path().join("twinline-data/host");
    std::fs::create_dir_all(&path).context("making the data folder")?;
    let store = HostStore::open(&path.join("host.db"), DbOptions::default(), "twinline").await?;
    let at = SystemClock.now();
    store
        .write(move |tx| {
            for pair in 0..pairs {
                let text = rules(pair);
                let publish = Publish {
                    connection: format!("pair{pair}").as_str().into(),
                    digest: Digest::of_bytes(text.as_bytes()),
                    sources: BTreeMap::from([(format!("pair{pair}.toml"), text)]),
                    at,
                    by: "bench".to_owned(),
                };
                tx.publish(&publish)?;
            }
            Ok(())
        })
        .await?;
    store.db().close().await;
    Ok(())
}

fn rules(pair: u64) -> String {
    format!(
        r#"format = 1
name = "pair{pair}"

[left]
node = "left{pair}"
scope = {{ repo = "acme/app" }}
trigger = "is:issue"

[right]
node = "right{pair}"
scope = {{ project = "APP", type = "Task" }}

[policy]
conflict = "left"
first = "filled"
unmapped = "hold"

[fields.summary]
left = "summary"
right = "summary"

[fields.description]
left = "description"
right = "description"
conflict = "merge"

[fields.labels]
left = "labels"
right = "labels"
"#
    )
}
