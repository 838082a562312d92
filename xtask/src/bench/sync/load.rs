//! What the world is asked to do, and who makes the changes.

use super::watch::text;
use super::world::World;
use crate::bench::trackers::{self, act, dump, numbered};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use twinline_sim::Command;

/// The twins are made within this.
const SEED: Duration = Duration::from_secs(900);
/// A change that is not seen within this after the last one was made is lost.
const LOST: Duration = Duration::from_secs(30);
/// When no tracker was asked for so long, nothing follows any more: longer than any wait that a change causes.
const QUIET: Duration = Duration::from_millis(1500);
/// Unless it goes on for ever.
const QUIET_MAX: Duration = Duration::from_secs(20);

/// One question to the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::bench) enum Asked {
    /// Send webhooks to this edge.
    Hook { edge: String },
    /// Make items on the left side and wait until each is there on the right.
    Seed { items: u64 },
    /// Make changes at a rate.
    Paced { per_s: u64, seconds: u64 },
    /// Keep so many changes under way.
    Full { open: u64, seconds: u64 },
    /// Make so many changes, some at once.
    Count { changes: u64, open: u64 },
}

/// What came of changes.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::bench) struct Made {
    pub(in crate::bench) made: u64,
    pub(in crate::bench) lost: u64,
    /// Seen a second, while changes were made.
    pub(in crate::bench) per_s: f64,
    pub(in crate::bench) p50_ms: f64,
    pub(in crate::bench) p99_ms: f64,
    /// Requests that both trackers were asked.
    pub(in crate::bench) requests: u64,
}

/// Does what was asked.
pub(super) async fn answer(world: &mut World, asked: Asked) -> Result<Value> {
    match asked {
        Asked::Hook { edge } => {
            trackers::hook(&world.sides, &edge)?;
            Ok(json!({}))
        }
        Asked::Seed { items } => seed(world, items).await,
        Asked::Paced { .. } | Asked::Full { .. } | Asked::Count { .. } => {
            Ok(serde_json::to_value(world.made(asked).await?)?)
        }
    }
}

/// Makes the changes that were asked for.
async fn make(world: &mut World, asked: Asked) -> Result<()> {
    match asked {
        Asked::Paced { per_s, seconds } => paced(world, per_s, seconds).await,
        Asked::Full { open, seconds } => {
            let until = Until::Time(Instant::now() + Duration::from_secs(seconds));
            full(world, open, until).await
        }
        Asked::Count { changes, open } => {
            let until = Until::Changes(world.next + changes);
            full(world, open, until).await
        }
        Asked::Hook { .. } | Asked::Seed { .. } => Ok(()),
    }
}

/// Twins are many and changes few at a time: what an item is called is looked up once.
async fn seed(world: &mut World, items: u64) -> Result<Value> {
    let items = usize::try_from(items).context("too many items")?;
    for item in 0..items {
        trackers::create(&world.sides, 0, item)?;
    }
    let deadline = Instant::now() + SEED;
    loop {
        sleep(Duration::from_millis(500)).await;
        if world.watch.quiet_for() < QUIET {
            continue;
        }
        let [left, right] = [0, 1].map(|side| numbered(dump(&world.sides[side])));
        if right.len() >= items || Instant::now() >= deadline {
            let pair =
                |item: usize| Some([left.get(&item)?.0.clone(), right.get(&item)?.0.clone()]);
            world.items = (0..items).filter_map(pair).collect();
            world.watch.set_free(world.items.len());
            return Ok(json!({ "twins": world.items.len() }));
        }
    }
}

/// So many changes a second, whatever became of the earlier ones.
async fn paced(world: &mut World, per_s: u64, seconds: u64) -> Result<()> {
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(per_s.max(1))?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for _ in 0..per_s * seconds {
        pace.tick().await;
        let Some(item) = world.watch.take_free() else {
            bail!("every item has a change under way: ask for more twins or fewer changes");
        };
        world.change(item)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    /// The number of the change before which it ends.
    Changes(u64),
}

/// As soon as a change is seen, the next is made.
async fn full(world: &mut World, open: u64, until: Until) -> Result<()> {
    let open = usize::try_from(open).context("too many changes at once")?;
    let far = Instant::now() + SEED;
    loop {
        let ended = match until {
            Until::Time(at) => Instant::now() >= at,
            Until::Changes(next) => world.next >= next,
        };
        if ended || Instant::now() >= far {
            return Ok(());
        }
        if world.watch.open() < open
            && let Some(item) = world.watch.take_free()
        {
            world.change(item)?;
            continue;
        }
        let wait = match until {
            Until::Time(at) => at,
            Until::Changes(_) => far,
        };
        // Whether one was seen or the time is over, the loop looks.
        let _looked_at_above = timeout_at(wait, world.watch.seen.notified()).await;
    }
}

impl World {
    /// Changes an item, each always on the same side, and the sides take turns. To change sides within seconds, over and
    /// over, would be what two automations do that answer each other, and its field would be frozen.
    fn change(&mut self, item: usize) -> Result<()> {
        let change = self.next;
        self.next += 1;
        let side = item % 2;
        self.watch.begin(change, item);
        let command = Command::edit(&self.items[item][side], "ana", "title", text(item, change));
        act(&self.sides[side], command).map(drop)
    }

    /// Makes changes, then waits until all are seen and nothing follows any more.
    async fn made(&mut self, asked: Asked) -> Result<Made> {
        drop(self.watch.count());
        let (first, began) = (self.next, Instant::now());
        make(self, asked).await?;
        let (seen, took) = (self.watch.seen_so_far(), began.elapsed());
        let deadline = Instant::now() + LOST;
        while self.watch.open() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
        let lost = self.watch.open() as u64;
        let deadline = Instant::now() + QUIET_MAX;
        while self.watch.quiet_for() < QUIET && Instant::now() < deadline {
            sleep(Duration::from_millis(50)).await;
        }
        let counted = self.watch.count();
        Ok(Made {
            made: self.next - first,
            lost,
            per_s: crate::bench::f64_of(seen) / took.as_secs_f64(),
            p50_ms: counted.latencies.quantile_ms(0.5),
            p99_ms: counted.latencies.quantile_ms(0.99),
            requests: counted.requests,
        })
    }
}
