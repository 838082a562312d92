//! `bench idle`: what a host costs on which nothing happens, but the sweeps of its many nodes.

use super::process::Measured;
use super::stack::{Folder, Stack};
use super::sync::Addresses;
use super::{f64_of, rounded, runtime, show};
use crate::say;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline::demo::map::FIELDS;
use twinline_sim::jira_cloud;

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
    let (figures, all_swept) = runtime()?.block_on(measure(options))?;
    show(&figures, options.json);
    Ok(all_swept)
}

async fn measure(options: &Options) -> Result<(Value, bool)> {
    let folder = Folder::new()?;
    let world = Measured::start(&["bench-world"]).await?;
    let at: Addresses = serde_json::from_str(&world.first_line).context("reading the world")?;
    let pairs = options.nodes / 2;
    folder.write("github.token", "github-token")?;
    folder.write("jira.token", jira_cloud::API_TOKEN)?;
    folder.write("twinline.toml", &configuration(pairs, &at)?)?;
    for pair in 0..pairs {
        folder.write(&format!("rules/pair{pair}.toml"), &rules(pair))?;
    }
    let began = Instant::now();
    folder.apply().await?;
    let applied = began.elapsed();

    let stack = folder.up().await?;
    let started = stack.took;
    let resident_at_start = stack.resident("host")?;
    sleep(Duration::from_secs(options.warm_up)).await;
    let window = Window::of(&stack, Duration::from_secs(options.seconds)).await?;
    let (resident, edge) = (stack.resident("host")?, stack.resident("edge")?);
    stack.stop().await?;
    world.stop().await?;
    let due = f64_of(pairs * 2) * f64_of(options.seconds) / SWEEP_PERIOD_S;
    let figures = json!({
        "bench": "idle",
        "nodes": pairs * 2,
        "apply_s": rounded(applied.as_secs_f64()),
        "start_s": rounded(started.as_secs_f64()),
        "start_resident_mib": resident_at_start >> 20,
        "resident_mib": resident >> 20,
        "edge_resident_mib": edge >> 20,
        "cpu_percent": rounded(window.share * 100.0),
        "sweeps": window.sweeps,
        "cpu_ms_a_sweep": rounded(window.share * f64_of(options.seconds) * 1000.0 / f64_of(window.sweeps.max(1))),
        "release": !cfg!(debug_assertions),
    });
    // Nodes that stand still cost nothing: then the figures would say nothing.
    Ok((figures, f64_of(window.sweeps) >= 0.8 * due))
}

/// The default of `sweep_s.period`.
const SWEEP_PERIOD_S: f64 = 60.0;

/// What the host has used while it was left alone.
struct Window {
    /// Of one core.
    share: f64,
    /// Sweeps that have ended.
    sweeps: u64,
}

impl Window {
    async fn of(stack: &Stack<'_>, time: Duration) -> Result<Self> {
        let sweeps = stack.counted("sweeps").await?;
        let (before, began) = (stack.cpu("host")?, Instant::now());
        sleep(time).await;
        let used = stack.cpu("host")?.saturating_sub(before);
        let share = used.as_secs_f64() / began.elapsed().as_secs_f64();
        let sweeps = stack.counted("sweeps").await?.saturating_sub(sweeps);
        Ok(Self { share, sweeps })
    }
}

fn configuration(pairs: u64, at: &Addresses) -> Result<String> {
    let mut text = "format = 1\n\n[edge]\nlisten = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n\n\
                    [host]\nlisten = \"127.0.0.1:0\"\n\n[watch]\nenabled = false\n\n[log]\nlevel = \"warn\"\n"
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

{FIELDS}"#
    )
}
