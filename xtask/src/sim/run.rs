//! One seed: a phase of chaos, then peace; then everything must be in step, and stay so.

use super::check::{self, Evidence};
use super::deeds::Deeds;
use super::disk::{Disk, DiskFaults};
use super::dispute::FIELD;
use super::edge::{self, Edge};
use super::handles::{SimClock, env, stream};
use super::machine::Machine;
use super::network::{Network, Sabotage};
use super::people::{Field, People};
use super::place::{Place, WEBHOOK_SECRET};
use super::reading;
use super::rules;
use super::tally;
use super::trace::Trace;
use super::watch::Watch;
use super::world::{Choices, World, disk_faults, tracker_faults};
use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::names::Side;
use twinline_rules::describe::SideDescription;
use twinline_sim::{Command, Faults};
use twinline_store::host::TwinFilter;

/// After the chaos everything must be in step within this simulated time.
const SETTLE_MAX: Duration = Duration::from_secs(3600);
/// How long nothing may be written once everything is in step.
const SILENCE: Duration = Duration::from_secs(300);
/// What is written for an edit in peace is written within this, once both sides are in step.
const ECHOES: Duration = Duration::from_secs(60);
/// The most requests and webhooks that one edit in peace may cost, with the sweeps that fall into its time.
const EDIT_STEPS_MAX: u64 = 200;
/// How often is looked during the chaos whether what must hold at any moment holds.
const LOOK_IN_CHAOS: Duration = Duration::from_secs(3);
/// Work that the host keeps in memory: little, so that what is over it is read from the store again.
const QUEUED_MAX: usize = 8;
/// How often held titles are released before they must not be held any more.
const RELEASES: u32 = 3;
/// The most often that opening the inbox is tried while its disk refuses.
const EDGE_TRIES: u32 = 1_000;
/// How often is looked whether everything is in step.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What came of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What does not hold, one sentence each; empty: all is well.
    pub faults: Vec<String>,
    /// Requests, webhooks, acts of people, crashes.
    pub steps: u64,
    /// The digest of all steps, in hexadecimal: the same for the same seed.
    pub hash: String,
    /// The world, in words.
    pub world: String,
}

/// What the connections of a seed's world make of its places: `pair`, `chain`, `fork` or `ring`.
pub fn shape(seed: u64) -> &'static str {
    World::of(seed).shape()
}

/// The places that take part in a seed's world, by name.
pub fn places(seed: u64) -> Vec<&'static str> {
    let world = World::of(seed);
    world.places.iter().map(|place| place.name()).collect()
}

/// Runs one seed on a runtime of its own, whose clock jumps. `show`: every step is printed.
///
/// # Errors
/// The machine that the simulation itself runs on fails: no temporary folder.
pub fn run(seed: u64, show: bool) -> Result<Outcome> {
    run_broken(seed, show, None)
}

/// The same in a world that is broken on purpose, which shows that the checkers find it.
///
/// # Errors
/// As [`run`].
pub fn run_broken(seed: u64, show: bool, sabotage: Option<Sabotage>) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::start());
        let trace = Trace::new(Arc::clone(&clock), folder.path(), show);
        let world = World::of(seed);
        let way = Way {
            clock,
            trace: trace.clone(),
            sabotage,
        };
        let story = Story::begin(seed, world, folder.path(), way).await;
        let (world, faults) = match story {
            Ok(mut story) => {
                let told = story.tell().await;
                story.courier.abort();
                let faults = told.unwrap_or_else(|error| vec![format!("{error:#}")]);
                (format!("{:?}", story.world), faults)
            }
            Err(error) => (String::new(), vec![format!("{error:#}")]),
        };
        Ok(Outcome {
            seed,
            faults,
            steps: trace.steps(),
            hash: trace.hash(),
            world,
        })
    })
}

/// Time and network of a story.
struct Way {
    clock: Arc<dyn Clock>,
    trace: Trace,
    sabotage: Option<Sabotage>,
}

impl Way {
    /// The trackers of some places, each with its webhook.
    fn network(&self, seed: u64, places: &[Place]) -> Result<Arc<Network>> {
        let (ways, clock) = (stream(seed, "ways"), Arc::clone(&self.clock));
        let network = Network::new(places, seed, ways, clock, self.trace.clone());
        let network = Arc::new(network.broken(self.sabotage));
        for place in Place::homes(places) {
            if let Some(url) = place.hook() {
                let secret = Some(WEBHOOK_SECRET.to_owned());
                network
                    .command(place, Command::Webhook { url, secret })
                    .context("registering a webhook")?;
            }
        }
        Ok(network)
    }
}

/// What happens during the chaos, beside what happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Act,
    Crash,
    Restart,
    Publish,
    EdgeCrash,
    Look,
}

pub(super) struct Story {
    pub(super) world: World,
    /// Conflicts that are made on purpose.
    pub(super) quarrels: ChaCha8Rng,
    random: ChaCha8Rng,
    /// What happens to the edge.
    edge_random: ChaCha8Rng,
    clock: Arc<dyn Clock>,
    pub(super) trace: Trace,
    network: Arc<Network>,
    edge: Arc<Edge>,
    courier: JoinHandle<Result<()>>,
    disk: Disk,
    edge_disk: Disk,
    pub(super) machine: Machine,
    pub(super) people: People,
    /// What did not hold at some moment.
    seen: BTreeSet<String>,
    descriptions: BTreeMap<Place, SideDescription>,
}

impl Story {
    async fn begin(seed: u64, world: World, folder: &std::path::Path, way: Way) -> Result<Self> {
        let places = world.places.clone();
        let network = way.network(seed, &places)?;
        let Way { clock, trace, .. } = way;
        let edge_disk = Disk::new(stream(seed, "edge disk"));
        let inbox = folder.join("inbox.db");
        let edge = Edge::open(
            &inbox,
            edge_disk.clone(),
            &places,
            edge::LITTLE,
            env(seed, "edge", &clock),
            trace.clone(),
        );
        let edge = Arc::new(edge.await?);
        let courier = tokio::spawn(Arc::clone(&edge).carry(Arc::clone(&network)));
        let disk = Disk::new(stream(seed, "disk"));
        let mut machine = Machine::new(
            env(seed, "engine", &clock),
            folder,
            disk.clone(),
            Arc::clone(&edge),
            Arc::clone(&network),
            &places,
            trace.clone(),
        );
        machine.limits = world.limits;
        machine.settings.queued_max = QUEUED_MAX;
        let people = People::new(
            Arc::clone(&network),
            Arc::clone(&clock),
            stream(seed, "people"),
            &places,
        );
        Ok(Self {
            random: stream(seed, "story"),
            quarrels: stream(seed, "quarrels"),
            edge_random: stream(seed, "edge story"),
            seen: BTreeSet::new(),
            descriptions: machine.describe().await?,
            world,
            clock,
            trace,
            network,
            edge,
            courier,
            disk,
            edge_disk,
            machine,
            people,
        })
    }

    async fn tell(&mut self) -> Result<Vec<String>> {
        for _ in 0..self.world.items {
            self.people.create();
        }
        self.machine.start().await?;
        for at in 0..self.world.connections.len() {
            self.publish(at)
                .await
                .context("publishing before the chaos")?;
        }
        self.chaos().await?;
        self.peace().await?;
        let mut faults = self.settle().await?;
        for _ in 0..RELEASES {
            if faults.is_empty() && !self.held().await?.is_empty() {
                self.release().await?;
                tokio::time::sleep(LOOK_EVERY).await;
                faults = self.settle().await?;
            }
        }
        if faults.is_empty() {
            let held = self.held().await?;
            faults.extend(
                held.iter()
                    .map(|number| format!("T{number}'s title stays held")),
            );
        }
        if faults.is_empty() {
            faults.extend(self.silence().await?);
        }
        for field in Field::ALL {
            if faults.is_empty() {
                faults.extend(self.last_word(field).await?);
            }
        }
        if faults.is_empty() {
            faults.extend(self.disputes().await?);
        }
        if faults.is_empty() {
            faults.extend(self.settle().await?);
        }
        if faults.is_empty() {
            faults.extend(self.queues().await?);
        }
        faults.extend(std::mem::take(&mut self.seen));
        self.machine.stop().await?;
        Ok(faults)
    }

    async fn publish(&mut self, at: usize) -> Result<()> {
        let publish = rules::publish(
            &self.world.connections[at],
            &self.descriptions,
            self.clock.now(),
        );
        if let Some(host) = self.machine.host() {
            let published = host.publish(publish, true).await;
            let version = published.map(|published| published.version);
            self.trace.step(format_args!("publish: {version:?}"));
            version?;
        }
        Ok(())
    }

    fn schedule(&mut self) -> Vec<(Instant, Event)> {
        let begin = Instant::now();
        let world = &self.world;
        let counts = [
            (Event::Act, world.acts),
            (Event::Crash, world.crashes),
            (Event::Restart, 1),
            (Event::Publish, world.publishes),
        ];
        let chaos_ms = u64::try_from(world.chaos.as_millis()).unwrap_or(u64::MAX);
        let mut events = Vec::new();
        for (event, count) in counts {
            for _ in 0..count {
                let wait = Duration::from_millis(self.random.random_range(0..chaos_ms));
                events.push((begin + wait, event));
            }
        }
        for _ in 0..self.edge_random.random_range(0..=2) {
            let wait = Duration::from_millis(self.edge_random.random_range(0..chaos_ms));
            events.push((begin + wait, Event::EdgeCrash));
        }
        let mut look = begin + LOOK_IN_CHAOS;
        while look < begin + world.chaos {
            events.push((look, Event::Look));
            look += LOOK_IN_CHAOS;
        }
        events.sort();
        events
    }

    async fn chaos(&mut self) -> Result<()> {
        self.trace.step(format_args!("chaos begins"));
        for place in Place::homes(&self.world.places) {
            let faults = tracker_faults(&mut self.random);
            self.network.set_faults(place, faults);
        }
        self.disk.set(disk_faults(&mut self.random));
        self.edge_disk.set(DiskFaults {
            refuse: 0.05,
            crash_before: 0.005,
            crash_after: 0.005,
        });
        let end = Instant::now() + self.world.chaos;
        let mut events = self.schedule().into_iter().peekable();
        loop {
            let next = events.peek().map_or(end, |(at, _)| *at);
            let crashed = Arc::clone(&self.disk.crashed);
            let edge_crashed = Arc::clone(&self.edge_disk.crashed);
            tokio::select! {
                biased;
                () = crashed.notified() => self.crash().await?,
                () = edge_crashed.notified() => self.edge_crash().await?,
                () = tokio::time::sleep_until(next) => match events.next() {
                    Some((_, event)) => self.happen(event).await?,
                    None => return Ok(()),
                }
            }
        }
    }

    async fn happen(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Act => self.people.act(),
            Event::Look => self.look().await?,
            Event::EdgeCrash => self.edge_crash().await?,
            Event::Crash => self.crash().await?,
            Event::Restart => {
                self.machine.stop().await?;
                self.machine.start().await?;
            }
            Event::Publish => {
                let at = self.random.random_range(0..self.world.connections.len());
                self.world.connections[at].choices = Choices::draw(&mut self.random);
                if let Err(error) = self.publish(at).await {
                    self.trace.step(format_args!("publish failed: {error:#}"));
                }
            }
        }
        Ok(())
    }

    async fn crash(&mut self) -> Result<()> {
        self.machine.kill().await;
        let down = Duration::from_millis(self.random.random_range(0..20_000));
        tokio::time::sleep(down).await;
        self.machine.start().await
    }

    async fn edge_crash(&mut self) -> Result<()> {
        self.edge.kill();
        let down = Duration::from_millis(self.edge_random.random_range(0..20_000));
        tokio::time::sleep(down).await;
        self.edge_start().await
    }

    /// Starts the edge; again and again while its disk refuses.
    async fn edge_start(&mut self) -> Result<()> {
        for _ in 0..EDGE_TRIES {
            match self.edge.start().await {
                Ok(()) => return Ok(()),
                Err(error) => self
                    .trace
                    .step(format_args!("the edge cannot start: {error:#}")),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        anyhow::bail!("the edge's inbox could not be opened")
    }

    /// What must hold at any moment.
    async fn look(&mut self) -> Result<()> {
        self.seen.extend(self.edge.beyond_limits().await);
        let Some(host) = self.machine.host() else {
            return Ok(());
        };
        let dumps = self.network.dumps();
        let watch = Watch {
            world: &self.world,
            deeds: &self.people.deeds,
            dumps: &dumps,
            settings: &self.machine.settings,
        };
        let faults = watch.look(host).await?;
        for fault in &faults {
            self.trace.step(format_args!("does not hold: {fault}"));
        }
        self.seen.extend(faults);
        Ok(())
    }

    /// Faults end, permissions come back, the host runs.
    async fn peace(&mut self) -> Result<()> {
        self.trace.step(format_args!("peace begins"));
        for place in Place::homes(&self.world.places) {
            self.network.set_faults(place, Faults::default());
        }
        self.disk.set(DiskFaults::default());
        self.edge_disk.set(DiskFaults::default());
        self.people.show_all();
        // A commit may have crashed in the last instant.
        self.edge.kill();
        self.edge_start().await?;
        self.machine.kill().await;
        self.machine.start().await
    }

    async fn faults(&self) -> Result<Vec<String>> {
        let held = self.held().await?;
        let dumps = self.network.dumps();
        let deeds: &Deeds = &self.people.deeds;
        Ok(check::all(&Evidence::new(&self.world, deeds, &dumps, held)))
    }

    /// The numbers of the items whose title is held, where the policy asks for that.
    async fn held(&self) -> Result<BTreeSet<u32>> {
        let mut numbers = BTreeSet::new();
        let Some(host) = self.machine.host() else {
            return Ok(numbers);
        };
        let twins = host.twins(TwinFilter::default(), None, u32::MAX).await?;
        let dumps = self.network.dumps();
        for twin in twins {
            let mut connections = self.world.connections.iter();
            let connection = connections.find(|found| found.name == twin.connection.as_str());
            let Some(connection) = connection.filter(|_| twin.held.contains_key(FIELD)) else {
                continue;
            };
            let policy = connection.title;
            let asks = matches!(policy.conflict, "hold" | "merge")
                || matches!(policy.first, "hold" | "filled");
            for side in Side::BOTH {
                let place = *connection.nodes.get(side);
                let key = twin.items.get(side).as_ref().map(|item| item.key.as_str());
                let mut items = reading::items(place, &dumps[&place]).into_iter();
                let item = items.find(|item| Some(item.key.as_str()) == key);
                numbers.extend(item.and_then(|item| item.number).filter(|_| asks));
            }
        }
        Ok(numbers)
    }

    /// Waits until all checkers are content.
    async fn settle(&mut self) -> Result<Vec<String>> {
        let end = Instant::now() + SETTLE_MAX;
        loop {
            let faults = self.faults().await?;
            if faults.is_empty() || Instant::now() >= end {
                self.trace.step(format_args!("settled: {faults:?}"));
                return self.explained(faults).await;
            }
            self.look().await?;
            if self.courier.is_finished() {
                (&mut self.courier).await.context("the courier")??;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Adds what the host says about itself, for the person who looks for the cause.
    async fn explained(&self, mut faults: Vec<String>) -> Result<Vec<String>> {
        if let (false, Some(host)) = (faults.is_empty(), self.machine.host()) {
            let errors = host.errors().await?;
            faults.extend(
                errors
                    .iter()
                    .map(|error| format!("(the host says: {error:?})")),
            );
        }
        Ok(faults)
    }

    /// Nothing is written any more, and nobody touches anything.
    async fn silence(&mut self) -> Result<Vec<String>> {
        // What was in step a moment ago may still be settling.
        tokio::time::sleep(Duration::from_secs(120)).await;
        let before = self.network.dumps();
        tokio::time::sleep(SILENCE).await;
        let after = self.network.dumps();
        let mut faults = self.faults().await?;
        for (place, dump) in &before {
            let changed = dump
                .items
                .iter()
                .zip(&after[place].items)
                .find(|(old, new)| old != new);
            if let Some((old, new)) = changed {
                faults.push(format!(
                    "an echo at {}: {old:?} became {new:?}",
                    place.name()
                ));
            }
        }
        self.explained(faults).await
    }

    /// One edit in peace must stand everywhere, whatever the conflict policy, and costs one write at each other place.
    async fn last_word(&mut self, field: Field) -> Result<Vec<String>> {
        self.network.note_writes();
        drop(self.network.take_writes());
        let Some(word) = self.people.last_word(field) else {
            return Ok(Vec::new());
        };
        let before = self.trace.steps();
        let faults = self.settle().await?;
        if !faults.is_empty() {
            return Ok(faults);
        }
        let steps = self.trace.steps() - before;
        if steps > EDIT_STEPS_MAX {
            return Ok(vec![format!("one edit in peace took {steps} steps")]);
        }
        tokio::time::sleep(ECHOES).await;
        let dumps = self.network.dumps();
        let items = reading::by_number(&dumps);
        let at = items.get(&word.item).into_iter().flatten();
        let wrong = at.filter(|(_, items)| items.iter().any(|item| item.title != word.title));
        let wrong = wrong.map(|(place, items)| {
            format!(
                "an edit made in peace is lost at {}: {:?} instead of {:?}",
                place.name(),
                items[0].title,
                word.title
            )
        });
        let tally = tally::check(&self.network.take_writes(), &dumps, &word);
        Ok(wrong.chain(tally).collect())
    }

    /// Nothing waits for ever; an item that cannot be asked about is given up after some time.
    async fn queues(&mut self) -> Result<Vec<String>> {
        let end = Instant::now() + SETTLE_MAX;
        loop {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let faults = self.waiting().await?;
            if faults.is_empty() || Instant::now() >= end {
                return Ok(faults);
            }
        }
    }

    async fn waiting(&self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let open = self.edge.unsafe_deliveries();
        if open > 0 {
            faults.push(format!(
                "{open} deliveries are not safe though all is quiet"
            ));
        }
        if let Some(host) = self.machine.host() {
            let depths = host.status().await?.depths;
            if depths.live + depths.running > 0 {
                faults.push(format!("work is left though all is quiet: {depths:?}"));
            }
        }
        Ok(faults)
    }
}
