//! The world: both simulators, with nobody's network between, in a process of their own.

use super::load::{self, Asked};
use super::watch::{Watch, Watched};
use crate::say;
use crate::served::SystemClock;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::serve::SimServer;
use twinline_sim::{Faults, Faulty, Simulator};

/// What signs the simulators' webhooks.
pub(super) const HOOK_SECRET: &str = "a-secret-of-the-benchmark";
/// Where the twins lie, left and right.
pub(super) const CONTAINERS: [&str; 2] = ["acme/app", "APP"];

/// The world: a hidden subcommand. It is asked a line at a time.
#[derive(clap::Args)]
pub struct WorldOptions {}

/// Where both trackers are: the first line.
#[derive(Serialize, Deserialize)]
pub(in crate::bench) struct Addresses {
    pub(in crate::bench) left: String,
    pub(in crate::bench) right: String,
}

/// Both trackers, left and right.
pub(super) struct World {
    pub(super) sides: [SimServer; 2],
    pub(super) watch: Arc<Watch>,
    /// The items' keys by number, left and right.
    pub(super) items: Vec<[String; 2]>,
    /// The number of the next change.
    pub(super) next: u64,
}

/// Serves until the parent closes standard input.
pub fn serve(_: &WorldOptions) -> Result<bool> {
    crate::bench::runtime()?.block_on(async {
        let mut world = World::start().await?;
        let at = Addresses {
            left: world.sides[0].url(),
            right: world.sides[1].url(),
        };
        say(&serde_json::to_string(&at).context("wording the addresses")?);
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await.context("reading standard input")? {
            let asked: Asked = serde_json::from_str(&line).context("reading a question")?;
            say(&load::answer(&mut world, asked).await?.to_string());
        }
        for side in world.sides {
            side.shutdown().await;
        }
        Ok(true)
    })
}

impl World {
    async fn start() -> Result<Self> {
        let watch = Watch::new();
        let github = Github::new(GithubConfig {
            limits: Limits::none(),
            ..GithubConfig::default()
        });
        let mut jira = JiraCloud::new(jira_cloud::demo_site());
        jira.set_issue_write_limits(false);
        Ok(Self {
            sides: [
                start(Box::new(github), &watch).await?,
                start(Box::new(jira), &watch).await?,
            ],
            watch,
            items: Vec::new(),
            next: 0,
        })
    }
}

async fn start(simulator: Box<dyn Simulator>, watch: &Arc<Watch>) -> Result<SimServer> {
    let watched = Watched {
        simulator,
        watch: Arc::clone(watch),
    };
    let faulty = Faulty::new(Box::new(watched), Faults::default(), 1);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    SimServer::start(faulty, Arc::new(SystemClock), any)
        .await
        .context("starting a simulator")
}
