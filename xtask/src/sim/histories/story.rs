//! One replay from the first snapshot to the last.

use super::Outcome;
use super::check::{self, Faults};
use super::deeds::Deeds;
use super::github_side::Replay;
use super::jira_side::Team;
use super::setup;
use super::snapshot::{Snapshot, moving, people};
use crate::sim::handles::{SimClock, stream};
use crate::sim::network::Network;
use crate::sim::place::Place;
use crate::sim::stage::Stage;
use crate::sim::trace::Trace;
use anyhow::{Context as _, Result};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::names::{ConnectionName, Side};

const PLACES: [Place; 2] = [Place::Github, Place::Jira];
const SEED: u64 = 1;
/// Acts in Jira while one snapshot is replayed.
const ACTS: u32 = 16;
/// All work that waits must be done within this simulated time.
const IDLE_MAX: Duration = Duration::from_secs(24 * 3600);
/// After all is idle a sweep may still find something.
const SETTLE: Duration = Duration::from_secs(600);
/// How long nothing may be written at the end.
const SILENCE: Duration = Duration::from_secs(1800);

struct Story {
    stage: Stage,
    deeds: Deeds,
    replay: Replay,
    team: Team,
    pauses: ChaCha8Rng,
}

pub(super) async fn tell(snapshots: &[Snapshot], folder: &Path, show: bool) -> Result<Outcome> {
    let began = Instant::now();
    let mut story = Story::begin(snapshots, folder, show).await?;
    let (faults, host_says) = story.tell(snapshots).await?;
    let deeds = &story.deeds;
    let comments = || deeds.things.iter().flat_map(|thing| &thing.comments);
    let gone = deeds.things.iter().filter(|thing| thing.deleted.is_some());
    Ok(Outcome {
        snapshots: snapshots.len(),
        items: deeds.things.len(),
        comments: comments().count(),
        acts: PLACES.map(|place| deeds.acts.get(&place).copied().unwrap_or_default()),
        deleted: [gone.count(), comments().filter(|said| said.deleted).count()],
        simulated_s: began.elapsed().as_secs(),
        faults,
        host_says,
    })
}

impl Story {
    async fn begin(snapshots: &[Snapshot], folder: &Path, show: bool) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::start());
        let trace = Trace::new(Arc::clone(&clock), folder, show);
        let people = people(snapshots);
        let network = Arc::new(Network::of(
            setup::simulators(&people),
            SEED,
            stream(SEED, "ways"),
            Arc::clone(&clock),
            trace.clone(),
        ));
        let mut deeds = Deeds::new(Arc::clone(&network), Arc::clone(&clock));
        let mut replay = Replay::default();
        let first = snapshots.first().context("there is no snapshot")?;
        replay.load(&mut deeds, first)?;
        let staged = Stage::build(SEED, network, &PLACES, folder, Arc::clone(&clock), trace);
        let mut stage = staged.await?;
        let descriptions = stage.machine.describe().await?;
        stage.machine.start().await?;
        let order = setup::publish(&people, &descriptions, clock.now())?;
        let published = stage.host()?.publish(order, true);
        published.await.context("publishing")?;
        Ok(Self {
            team: Team::new(stream(SEED, "team"), moving(snapshots), people),
            pauses: stream(SEED, "pauses"),
            stage,
            deeds,
            replay,
        })
    }

    async fn tell(&mut self, snapshots: &[Snapshot]) -> Result<(Faults, Vec<String>)> {
        let host = self.stage.host()?;
        let connection = ConnectionName::new(setup::CONNECTION);
        let items = u64::try_from(self.deeds.things.len())?;
        host.start_backfill(&connection, Side::Left, None, items, "xtask")
            .await?;
        self.stage.idle(IDLE_MAX).await?;
        let mut faults = self.judge("the backfill");
        if !faults.none() {
            return self.explained(faults).await;
        }
        for (round, snapshot) in snapshots.iter().enumerate().skip(1) {
            self.deeds.learn_keys();
            self.round(round, snapshot).await?;
            self.stage.idle(IDLE_MAX).await?;
            faults = self.judge(&snapshot.timestamp);
            if !faults.none() {
                return self.explained(faults).await;
            }
        }
        tokio::time::sleep(SETTLE).await;
        let before = self.stage.network.dumps();
        tokio::time::sleep(SILENCE).await;
        let mut faults = self.judge("the end");
        let echoes = check::silence(&before, &self.stage.network.dumps());
        faults.echoes.extend(echoes);
        let told = self.explained(faults).await;
        self.stage.machine.stop().await?;
        told
    }

    /// Both sides act at the same time.
    async fn round(&mut self, round: usize, snapshot: &Snapshot) -> Result<()> {
        self.stage
            .trace
            .step(format_args!("replaying {}", snapshot.timestamp));
        self.team
            .act(&mut self.deeds, &self.replay, ACTS / 2)
            .await?;
        let (deeds, pauses) = (&mut self.deeds, &mut self.pauses);
        self.replay.advance(deeds, snapshot, pauses).await?;
        self.team
            .act(&mut self.deeds, &self.replay, ACTS / 2)
            .await?;
        self.team.delete(&mut self.deeds, &self.replay, round)
    }

    fn judge(&self, when: &str) -> Faults {
        let faults = check::check(&self.deeds.things, &self.stage.network.dumps());
        let count = faults.all().count();
        self.stage.trace.step(format_args!(
            "judged after {when} at {}: {count} faults",
            self.stage.clock.now()
        ));
        faults
    }

    /// Adds what the host says about itself, for the person who looks for the cause.
    async fn explained(&self, faults: Faults) -> Result<(Faults, Vec<String>)> {
        let errors = self.stage.host()?.errors().await?;
        let said = errors
            .iter()
            .map(|error| format!("(the host says: {error:?})"));
        Ok((faults, said.collect()))
    }
}
