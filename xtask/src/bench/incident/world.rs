//! Both trackers with their items, and the people who edit them.

use super::book::{Book, title};
use crate::bench::sync::Addresses;
use crate::bench::trackers::{act, create, dump, hook, numbered, start};
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use twinline_sim::Command;
use twinline_sim::serve::SimServer;

/// The twins are made within this.
const SEED: Duration = Duration::from_secs(900);
/// When no tracker was asked for so long, nothing follows any more.
const QUIET: Duration = Duration::from_millis(1500);

pub(super) struct World {
    sides: [SimServer; 2],
    pub(super) book: Arc<Book>,
    /// The keys of the items, left and right.
    pub(super) pairs: Vec<[String; 2]>,
}

impl World {
    pub(super) async fn start() -> Result<Self> {
        let book = Arc::new(Book::new());
        Ok(Self {
            sides: start(&book).await?,
            book,
            pairs: Vec::new(),
        })
    }

    pub(super) fn addresses(&self) -> Addresses {
        Addresses {
            left: self.sides[0].url(),
            right: self.sides[1].url(),
        }
    }

    /// Has both trackers send their webhooks there.
    pub(super) fn hook(&self, to: SocketAddr) -> Result<()> {
        hook(&self.sides, &to.to_string())
    }

    /// Makes items on one side.
    pub(super) fn create(&self, side: usize, items: usize) -> Result<()> {
        (0..items).try_for_each(|item| create(&self.sides, side, item))
    }

    /// Waits until every item is on both sides and nothing follows any more.
    pub(super) async fn paired(&mut self, items: usize) -> Result<()> {
        let deadline = Instant::now() + SEED;
        loop {
            let [left, right] = [0, 1].map(|side| numbered(dump(&self.sides[side])));
            let pair = |item| Some([left.get(&item)?.0.clone(), right.get(&item)?.0.clone()]);
            self.pairs = (0..items).filter_map(pair).collect();
            if self.pairs.len() == items && self.book.quiet_for() > QUIET {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{} of {items} items have a twin", self.pairs.len());
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Edits at a steady rate until it is over, on both sides in turn. Each item is edited once: so no later edit brings
    /// an earlier one with it, and no conflict overrules one.
    pub(super) async fn edit(&self, per_s: u32, over: watch::Receiver<bool>) -> Result<()> {
        let mut pace = interval(Duration::from_secs(1) / per_s);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for (item, pair) in self.pairs.iter().enumerate() {
            pace.tick().await;
            if *over.borrow() {
                return Ok(());
            }
            let side = item % 2;
            self.book.begin(side);
            let edit = Command::edit(&pair[side], "ana", "title", title(item));
            act(&self.sides[side], edit)?;
        }
        bail!("every item was edited before the run was over")
    }

    /// How many items have another title than their twins.
    pub(super) fn apart(&self) -> usize {
        let [left, right] = [0, 1].map(|side| numbered(dump(&self.sides[side])));
        let title = |(_, title): &(String, String)| title.clone();
        (0..self.pairs.len())
            .filter(|item| left.get(item).map(title) != right.get(item).map(title))
            .count()
    }

    pub(super) async fn stop(self) {
        for side in self.sides {
            side.shutdown().await;
        }
    }
}
