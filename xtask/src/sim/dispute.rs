//! Conflicts with a known outcome: both people write a title while the host is down, and what the policy says must come
//! of it. A held field shows both values until somebody releases it.

use super::place::Place;
use super::run::Story;
use super::world::Connection;
use anyhow::{Context as _, Result};
use rand::Rng as _;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::names::{Side, Sides};
use twinline_engine::ops::{LinkOutcome, TwinView};
use twinline_store::host::{TwinFilter, TwinStateName};

/// Between the two edits: more than the whole second that some trackers keep, and the tolerance of `latest`.
const APART: Duration = Duration::from_secs(10);
/// Within this time of simulated time the policy must have had its way.
const SETTLED: Duration = Duration::from_secs(1800);
/// The replica field that is fought over.
pub(super) const FIELD: &str = "summary";

/// What the policy makes of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wins(Side),
    Held,
}

impl Story {
    /// One conflict on each connection, and where there is but one, a link made anew.
    pub(super) async fn disputes(&mut self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        if self.world.shape() == "ring" {
            // What a winner writes comes round by the other way, and is no longer the one conflict that is judged.
            return Ok(faults);
        }
        for connection in self.world.connections.clone() {
            faults.extend(self.conflict(&connection).await?);
            if self.world.connections.len() == 1 && faults.is_empty() {
                faults.extend(self.link_anew(&connection).await?);
            }
        }
        Ok(faults)
    }

    /// Both sides write while nobody looks.
    async fn conflict(&mut self, connection: &Connection) -> Result<Vec<String>> {
        let Some(twin) = self.quarrel(connection).await? else {
            return Ok(Vec::new());
        };
        self.machine.stop().await?;
        let (titles, later) = self.write_both(connection, &twin).await;
        self.machine.start().await?;
        let verdict = match connection.title.conflict {
            "left" => Verdict::Wins(Side::Left),
            "right" => Verdict::Wins(Side::Right),
            "latest" => Verdict::Wins(later),
            _ => Verdict::Held,
        };
        self.expect(connection, &twin, &titles, verdict).await
    }

    /// The twin is ended, both sides write, and the items are linked again: `first` decides.
    async fn link_anew(&mut self, connection: &Connection) -> Result<Vec<String>> {
        let Some(twin) = self.quarrel(connection).await? else {
            return Ok(Vec::new());
        };
        let host = self.machine.host().context("the host runs")?.clone();
        host.unlink(&twin.link, "sim").await?;
        let (titles, _) = self.write_both(connection, &twin).await;
        let pair = keys(&twin)?;
        let name = connection.name.as_str().into();
        let linked = host.link(&name, vec![pair], "sim").await?;
        let [LinkOutcome::Linked(link)] = &linked[..] else {
            return Ok(vec![format!("a free pair is not linked: {linked:?}")]);
        };
        let verdict = match connection.title.first {
            "left" => Verdict::Wins(Side::Left),
            "right" => Verdict::Wins(Side::Right),
            _ => Verdict::Held,
        };
        let anew = TwinView {
            link: link.clone(),
            ..twin
        };
        self.expect(connection, &anew, &titles, verdict).await
    }

    /// A living twin of a connection that has both items and whose title is not held.
    async fn quarrel(&mut self, connection: &Connection) -> Result<Option<TwinView>> {
        let filter = TwinFilter {
            connection: Some(connection.name.as_str().into()),
            ..TwinFilter::default()
        };
        let host = self.machine.host().context("the host runs")?;
        let twins = host.twins(filter, None, u32::MAX).await?;
        let fit = |twin: &TwinView| {
            let both = twin.items.left.is_some() && twin.items.right.is_some();
            both && twin.state == TwinStateName::Live && twin.held.is_empty()
        };
        let stands = |twin: &TwinView, side: Side| {
            let item = twin.items.get(side).as_ref();
            let place = *connection.nodes.get(side);
            item.is_some_and(|item| self.people.is_whole(place, &item.key))
        };
        let twins = twins.into_iter().filter(fit);
        let twins = twins.filter(|twin| stands(twin, Side::Left) && stands(twin, Side::Right));
        let twins: Vec<TwinView> = twins.collect();
        if twins.is_empty() {
            return Ok(None);
        }
        let at = self.quarrels.random_range(0..twins.len());
        Ok(twins.into_iter().nth(at))
    }

    /// People write a title on each side, one after the other. Answers who was later.
    async fn write_both(
        &mut self,
        connection: &Connection,
        twin: &TwinView,
    ) -> (Sides<String>, Side) {
        let first = if self.quarrels.random_bool(0.5) {
            Side::Left
        } else {
            Side::Right
        };
        let mut titles = Sides::<String>::default();
        for side in [first, first.other()] {
            let key = twin.items.get(side).as_ref().map(|item| item.key.clone());
            let place = *connection.nodes.get(side);
            *titles.get_mut(side) = self.people.retitle(place, &key.unwrap_or_default());
            tokio::time::sleep(APART).await;
        }
        (titles, first.other())
    }

    /// Waits until the verdict stands, and, where that is a hold, releases it.
    async fn expect(
        &mut self,
        connection: &Connection,
        twin: &TwinView,
        titles: &Sides<String>,
        verdict: Verdict,
    ) -> Result<Vec<String>> {
        let winner = match verdict {
            Verdict::Wins(side) => side,
            Verdict::Held => {
                let faults = self.until(connection, twin, titles, None).await?;
                if !faults.is_empty() {
                    return Ok(faults);
                }
                let side = if self.quarrels.random_bool(0.5) {
                    Side::Left
                } else {
                    Side::Right
                };
                let take = BTreeMap::from([(FIELD.into(), side)]);
                let host = self.machine.host().context("the host runs")?;
                host.release_twin(&twin.link, take, "sim").await?;
                side
            }
        };
        let titles = Sides::from_fn(|_| titles.get(winner).clone());
        self.until(connection, twin, &titles, Some(winner)).await
    }

    /// Waits until both sides show these titles, and the field is held if nobody has won.
    async fn until(
        &mut self,
        connection: &Connection,
        twin: &TwinView,
        titles: &Sides<String>,
        winner: Option<Side>,
    ) -> Result<Vec<String>> {
        let end = Instant::now() + SETTLED;
        loop {
            let shown = Sides::from_fn(|side| {
                let key = twin.items.get(side).as_ref().map(|item| item.key.clone());
                let place: Place = *connection.nodes.get(side);
                self.people.title(place, &key.unwrap_or_default())
            });
            let held = self.holds(twin).await?;
            if shown == *titles && held == winner.is_none() {
                return Ok(Vec::new());
            }
            if Instant::now() >= end {
                return Ok(vec![format!(
                    "a conflict on {} by {:?} ends in {shown:?} (held: {held}), not in {titles:?}",
                    connection.name, connection.title
                )]);
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    async fn holds(&self, twin: &TwinView) -> Result<bool> {
        let host = self.machine.host().context("the host runs")?;
        let twins = host.twins(TwinFilter::default(), None, u32::MAX).await?;
        let twin = twins.into_iter().find(|found| found.link == twin.link);
        Ok(twin.is_some_and(|twin| twin.held.contains_key(FIELD)))
    }

    /// Releases every held title, for either side.
    pub(super) async fn release(&mut self) -> Result<()> {
        let host = self.machine.host().context("the host runs")?.clone();
        let twins = host.twins(TwinFilter::default(), None, u32::MAX).await?;
        for twin in twins.iter().filter(|twin| twin.held.contains_key(FIELD)) {
            let side = if self.quarrels.random_bool(0.5) {
                Side::Left
            } else {
                Side::Right
            };
            let take = BTreeMap::from([(FIELD.into(), side)]);
            let released = host.release_twin(&twin.link, take, "sim").await;
            self.trace
                .step(format_args!("release of {}: {released:?}", twin.link));
            released?;
        }
        Ok(())
    }
}

fn keys(twin: &TwinView) -> Result<Sides<String>> {
    let key = |side: Side| {
        let item = twin.items.get(side).as_ref();
        item.map(|item| item.key.clone()).context("both are there")
    };
    Ok(Sides {
        left: key(Side::Left)?,
        right: key(Side::Right)?,
    })
}
