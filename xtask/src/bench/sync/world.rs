//! The world: both simulators, with nobody's network between, in a process of their own.

use super::load::{self, Asked};
use super::watch::Watch;
use crate::bench::trackers;
use crate::say;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use twinline_sim::serve::SimServer;

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
        Ok(Self {
            sides: trackers::start(&watch).await?,
            watch,
            items: Vec::new(),
            next: 0,
        })
    }
}
