//! `bench incident`: the same load against a conventional service and against Twinline, on a database whose commits hang.
//!
//! One after the other, so that each has the machine to itself. Simulated trackers, the people who edit and what sends the
//! webhooks are in this process; the services, HAProxy and a PostgreSQL for each are processes of their own.

mod book;
mod central;
mod conventional;
mod figures;
mod plot;
mod probe;
mod story;
mod table;
mod world;

pub use conventional::{ConventionalOptions, serve as serve_conventional};

use super::haproxy::Haproxy;
use super::process::Measured;
use super::stack::Folder;
use super::sync::write_rules;
use crate::{provision, say};
use anyhow::{Context, Result};
use central::Central;
use figures::Figures;
use probe::Prober;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use story::{Story, Times};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};
use twinline::drill::relay::Relay;
use twinline_sim::postgres::Postgres;
use world::World;

/// Making commits hang, and letting them go, takes time beside the parts of a run.
const SPARE_S: u64 = 5;

/// How long and how much.
#[derive(clap::Args)]
pub struct Options {
    /// Seconds before the fault.
    #[arg(long, default_value_t = 30)]
    healthy: u64,
    /// Seconds in which no commit ends.
    #[arg(long, default_value_t = 120)]
    hang: u64,
    /// Seconds after it in which there are edits.
    #[arg(long, default_value_t = 30)]
    healed: u64,
    /// Seconds after that in which what is late may arrive.
    #[arg(long, default_value_t = 60)]
    grace: u64,
    /// Seconds that the sender of a webhook waits for its answer.
    #[arg(long, default_value_t = 10)]
    give_up: u64,
    /// Edits a second, both sides together.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    per_s: u32,
    /// Draws the accepted webhooks a second into this file (SVG).
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Closes with one JSON object.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// How many items there must be so that each is edited once.
    fn items(&self) -> Result<usize> {
        let seconds = self.healthy + self.hang + self.healed + SPARE_S;
        usize::try_from(u64::from(self.per_s) * seconds).context("too many items")
    }
}

pub(super) fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: its times say little; use cargo run --release -p xtask -- bench incident",
        );
    }
    provision::haproxy::ensure()?;
    let (figures, holds) = super::runtime()?.block_on(measure(options))?;
    if options.json {
        say(&figures.to_string());
    }
    Ok(holds)
}

async fn measure(options: &Options) -> Result<(Value, bool)> {
    let conventional = Figures::of(
        &conventional(options)
            .await
            .context("the conventional one")?,
    );
    let (story, central) = twinline(options).await.context("Twinline")?;
    let twinline = Figures::of(&story);
    if !options.json {
        say(&table::text(&conventional, &twinline, &central));
    }
    if let Some(file) = &options.plot {
        std::fs::write(file, plot::svg(&conventional, &twinline)).context("writing the plot")?;
    }
    let during = &twinline.deliveries.during;
    let holds = twinline.lost == 0
        && twinline.apart == 0
        && during.accepted == during.sent
        && central.replaced == 0;
    let figures = json!({
        "bench": "incident",
        "ok": holds,
        "per_s": options.per_s,
        "conventional": conventional,
        "twinline": twinline,
        "central": central,
        "haproxy_version": provision::haproxy::version()?,
        "release": !cfg!(debug_assertions),
    });
    Ok((figures, holds))
}

/// The run with the conventional service.
async fn conventional(options: &Options) -> Result<Story> {
    let server = postgres().await?;
    let mut world = World::start().await?;
    for side in [0, 1] {
        world.create(side, options.items()?)?;
    }
    world.paired(options.items()?).await?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let at = world.addresses();
    let setup = conventional::Setup {
        database: server.url(),
        trackers: [at.left, at.right],
        pairs: world.pairs.clone(),
    };
    let file = folder.path().join("setup.json");
    std::fs::write(&file, serde_json::to_vec(&setup)?).context("writing the setup")?;
    let file = file.to_str().context("an odd path")?;
    let service = Measured::start(&["bench-conventional", file]).await?;
    let behind: SocketAddr = service.first_line.parse().context("its address")?;
    let front = Haproxy::start(folder.path(), |at| conventional::haproxy(at, behind)).await?;
    let relay = Relay::start(move |_| front.at, Duration::from_secs(options.give_up)).await?;
    world.hook(relay.at)?;
    let prober = Prober::start(front.at, "/healthz")?;
    let story = tell(options, &world, &server, relay, prober).await?;
    front.stop().await?;
    service.stop().await?;
    world.stop().await;
    Ok(story)
}

/// The run with Twinline.
async fn twinline(options: &Options) -> Result<(Story, Central)> {
    let server = postgres().await?;
    let mut world = World::start().await?;
    let folder = Folder::new()?;
    write_rules(&folder, &world.addresses(), 0)?;
    folder.write("central.url", &server.url())?;
    folder.append(
        "twinline.toml",
        "\n[central]\nurl = { file = \"central.url\" }\n",
    )?;
    folder.apply().await?;
    let stack = folder.up().await?;
    let front = stack.webhooks()?;
    let relay = Relay::start(move |_| front, Duration::from_secs(options.give_up)).await?;
    world.hook(relay.at)?;
    world.create(0, options.items()?)?;
    world.paired(options.items()?).await?;
    let processes = || -> Result<[u32; 2]> { Ok([stack.process("edge")?, stack.process("host")?]) };
    let first = processes()?;
    let looks = Mutex::default();
    let prober = Prober::start(front, "/health")?;
    let story = tokio::select! {
        story = tell(options, &world, &server, relay, prober) => story?,
        never = central::watch(&stack, &looks) => match never? {},
    };
    let replaced = first.iter().zip(processes()?);
    let replaced = replaced.filter(|(old, new)| *old != new).count();
    stack.stop().await?;
    world.stop().await;
    let looks = looks.into_inner().expect("no code panics here");
    let central = Central::of(&looks, &story.times, replaced);
    Ok((story, central))
}

async fn postgres() -> Result<Arc<Postgres>> {
    let started = spawn_blocking(|| Postgres::start(&[])).await;
    let started = started.context("starting PostgreSQL")?;
    Ok(Arc::new(started.context("starting PostgreSQL")?))
}

/// Has people edit while the database is in health, hangs, and is healed again, and records what happens.
async fn tell(
    options: &Options,
    world: &World,
    server: &Arc<Postgres>,
    relay: Relay,
    prober: Prober,
) -> Result<Story> {
    let (over, seen) = watch::channel(false);
    let times = async {
        let began = Instant::now();
        sleep_until(began + Duration::from_secs(options.healthy)).await;
        let hung = Instant::now();
        let own = Arc::clone(server);
        let hanging = spawn_blocking(move || own.hang_commits()).await;
        hanging.context("making commits hang")??;
        sleep_until(hung + Duration::from_secs(options.hang)).await;
        let own = Arc::clone(server);
        let healing = spawn_blocking(move || own.let_commit()).await;
        healing.context("letting commits go")??;
        let healed = Instant::now();
        sleep_until(healed + Duration::from_secs(options.healed)).await;
        over.send_replace(true);
        anyhow::Ok(Times {
            began,
            hung,
            healed,
            ended: Instant::now(),
        })
    };
    let (times, ()) = tokio::try_join!(times, world.edit(options.per_s, seen))?;
    let last = Instant::now() + Duration::from_secs(options.grace);
    while world.book.open() > 0 && Instant::now() < last {
        sleep(Duration::from_millis(50)).await;
    }
    Ok(Story {
        times,
        probes: prober.end(),
        deliveries: relay.end().await?,
        edits: world.book.edits(),
        apart: world.apart(),
    })
}
