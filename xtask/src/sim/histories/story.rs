//! One replay from the first snapshot to the last.

use super::Outcome;
use super::check::{self, Faults};
use super::deeds::Deeds;
use super::github_side::Replay;
use super::jira_side::Team;
use super::setup;
use super::snapshot::{Snapshot, moving, people};
use crate::sim::disk::Disk;
use crate::sim::edge::Edge;
use crate::sim::handles::{SimClock, env, stream};
use crate::sim::machine::Machine;
use crate::sim::network::Network;
use crate::sim::place::{Place, WEBHOOK_SECRET};
use crate::sim::trace::Trace;
use anyhow::{Context as _, Result, bail, ensure};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::names::{ConnectionName, Side};
use twinline_sim::Command;
use twinline_store::host::{JobState, JobsPage};
use twinline_store::inbox::InboxLimits;

const PLACES: [Place; 2] = [Place::Github, Place::Jira];
const SEED: u64 = 1;
/// Acts in Jira while one snapshot is replayed.
const ACTS: u32 = 16;
/// All work that waits must be done within this simulated time.
const IDLE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How often is looked whether all is idle.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After all is idle a sweep may still find something.
const SETTLE: Duration = Duration::from_secs(600);
/// How long nothing may be written at the end.
const SILENCE: Duration = Duration::from_secs(1800);

struct Story {
    trace: Trace,
    network: Arc<Network>,
    edge: Arc<Edge>,
    courier: JoinHandle<Result<()>>,
    machine: Machine,
    clock: Arc<dyn Clock>,
    deeds: Deeds,
    replay: Replay,
    team: Team,
    pauses: ChaCha8Rng,
}

pub(super) async fn tell(snapshots: &[Snapshot], folder: &Path, show: bool) -> Result<Outcome> {
    let began = Instant::now();
    let mut story = Story::begin(snapshots, folder, show).await?;
    let told = story.tell(snapshots).await;
    story.courier.abort();
    let (faults, host_says) = told?;
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
        for place in PLACES {
            if let Some(url) = place.hook() {
                let secret = Some(WEBHOOK_SECRET.to_owned());
                network.command(place, Command::Webhook { url, secret })?;
            }
        }
        let disk = || Disk::new(stream(SEED, "disk"));
        let inbox = folder.join("inbox.db");
        let limits = InboxLimits::default();
        let (alone, told) = (env(SEED, "edge", &clock), trace.clone());
        let edge = Edge::open(&inbox, disk(), &PLACES, limits, alone, told);
        let edge = Arc::new(edge.await?);
        let courier = tokio::spawn(Arc::clone(&edge).carry(Arc::clone(&network)));
        let mut machine = Machine::new(
            env(SEED, "engine", &clock),
            folder,
            disk(),
            Arc::clone(&edge),
            Arc::clone(&network),
            &PLACES,
            trace.clone(),
        );
        let descriptions = machine.describe().await?;
        machine.start().await?;
        let host = machine.host().context("the host was started")?;
        let order = setup::publish(&people, &descriptions, clock.now())?;
        host.publish(order, true).await.context("publishing")?;
        Ok(Self {
            team: Team::new(stream(SEED, "team"), moving(snapshots), people),
            pauses: stream(SEED, "pauses"),
            trace,
            network,
            edge,
            courier,
            machine,
            clock,
            deeds,
            replay,
        })
    }

    async fn tell(&mut self, snapshots: &[Snapshot]) -> Result<(Faults, Vec<String>)> {
        let host = self.machine.host().context("the host runs")?;
        let connection = ConnectionName::new(setup::CONNECTION);
        let items = u64::try_from(self.deeds.things.len())?;
        host.start_backfill(&connection, Side::Left, None, items, "xtask")
            .await?;
        self.idle().await?;
        let mut faults = self.judge("the backfill");
        if !faults.none() {
            return self.explained(faults).await;
        }
        for (round, snapshot) in snapshots.iter().enumerate().skip(1) {
            self.deeds.learn_keys();
            self.round(round, snapshot).await?;
            self.idle().await?;
            faults = self.judge(&snapshot.timestamp);
            if !faults.none() {
                return self.explained(faults).await;
            }
        }
        tokio::time::sleep(SETTLE).await;
        let before = self.network.dumps();
        tokio::time::sleep(SILENCE).await;
        let mut faults = self.judge("the end");
        let echoes = check::silence(&before, &self.network.dumps());
        faults.echoes.extend(echoes);
        let told = self.explained(faults).await;
        self.machine.stop().await?;
        told
    }

    /// Both sides act at the same time.
    async fn round(&mut self, round: usize, snapshot: &Snapshot) -> Result<()> {
        self.trace
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
        let faults = check::check(&self.deeds.things, &self.network.dumps());
        let count = faults.all().count();
        self.trace.step(format_args!(
            "judged after {when} at {}: {count} faults",
            self.clock.now()
        ));
        faults
    }

    /// Waits until nothing waits: no webhook, no delivery, no mark, no job.
    async fn idle(&mut self) -> Result<()> {
        let end = Instant::now() + IDLE_MAX;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.courier.is_finished() {
                (&mut self.courier).await.context("the courier")??;
                bail!("the courier has ended");
            }
            let host = self.machine.host().context("the host runs")?;
            let status = host.status().await?;
            let dirty: u64 = status
                .nodes
                .iter()
                .map(|node| node.dirty_live + node.dirty_backfill)
                .sum();
            let running = host.jobs(JobsPage {
                state: Some(JobState::Running),
                max: 1,
                ..JobsPage::default()
            });
            let is_running = !running.await?.is_empty();
            if dirty == 0 && !is_running && self.edge.unsafe_deliveries() == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "work is left: {status:?} {:?}",
                host.errors().await?
            );
        }
    }

    /// Adds what the host says about itself, for the person who looks for the cause.
    async fn explained(&self, faults: Faults) -> Result<(Faults, Vec<String>)> {
        let host = self.machine.host().context("the host runs")?;
        let errors = host.errors().await?;
        let said = errors
            .iter()
            .map(|error| format!("(the host says: {error:?})"));
        Ok((faults, said.collect()))
    }
}
