//! One seed: the fleet under its faults, then peace; then everything must be in step.

mod happen;
mod settle;

use super::attempts::Attempts;
use super::database::Database;
use super::etcd::Etcd;
use super::faults::{Plan, What};
use super::links::Links;
use super::process::{GROUP, Process, Shared, Start};
use super::time::Time;
use crate::sim::disk::Disk;
use crate::sim::edge::Edge;
use crate::sim::handles::{env, stream};
use crate::sim::machine::describe;
use crate::sim::network::Network;
use crate::sim::people::People;
use crate::sim::place::{Place, WEBHOOK_SECRET};
use crate::sim::rules;
use crate::sim::run::Outcome;
use crate::sim::trace::Trace;
use crate::sim::world::{Choices, Connection, TitlePolicy, World};
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use twinline_core::handles::Clock;
use twinline_core::names::Sides;
use twinline_core::ownership::LeaseTerms;
use twinline_engine::ownership::{LeaseId, Pins};
use twinline_sim::faults::Span;
use twinline_sim::{Command, Faults};
use twinline_store::GroupId;
use twinline_store::inbox::InboxLimits;

/// The processes take turns of this length.
const TICK: Duration = Duration::from_millis(20);
/// Fewer writes show nothing.
const WRITTEN_MIN: usize = 8;
/// How long ending everything in order may take.
const END_MAX_MS: u64 = 60_000;

/// An inbox with room for everything, which forgets soon what is safe.
const ROOMY: InboxLimits = InboxLimits {
    total_max_bytes: 64 << 20,
    node_max_bytes: 32 << 20,
    safe_keep_ms: 500,
    prune_max_rows: 500,
    disk_room_bytes: 0,
};

/// A machine, with what outlives its process.
struct Machine {
    name: String,
    folder: PathBuf,
    process: Option<Process>,
    paused: bool,
    /// For how long it has stood still.
    behind: Duration,
    saved: Option<LeaseId>,
    started: u32,
    fast: i64,
}

impl Machine {
    fn new(number: usize, folder: &Path, fast: i64) -> Self {
        let name = format!("m{number}");
        Self {
            folder: folder.join(&name),
            name,
            process: None,
            paused: false,
            behind: Duration::ZERO,
            saved: None,
            started: 0,
            fast,
        }
    }
}

pub(super) struct Fleet {
    plan: Plan,
    world: World,
    shared: Shared,
    people: People,
    trace: Trace,
    machines: Vec<Machine>,
    /// When the chaos began.
    began: u64,
    /// Who owned the group when a story began.
    first: Option<usize>,
    runtime: Runtime,
    courier: JoinHandle<Result<()>>,
    _pins: watch::Sender<Pins>,
}

/// Runs one seed.
pub(super) fn run(seed: u64, plan: Plan, show: bool) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let time = Arc::new(Time::default());
    let trace = Trace::new(Arc::clone(&time) as _, folder.path(), show);
    let world = plan.told.clone();
    let told = Fleet::begin(seed, plan, folder.path(), time, trace.clone()).and_then(Fleet::tell);
    Ok(Outcome {
        seed,
        faults: told.unwrap_or_else(|error| vec![format!("{error:#}")]),
        steps: trace.steps(),
        hash: trace.hash(),
        world,
    })
}

/// One connection between two trackers that send webhooks.
fn world(plan: &Plan) -> World {
    let connection = Connection {
        name: "github-jira".to_owned(),
        nodes: Sides {
            left: Place::Github,
            right: Place::Jira,
        },
        enters: Sides {
            left: true,
            right: true,
        },
        choices: Choices {
            conflict: "left",
            header: "",
            script: false,
        },
        title: TitlePolicy {
            conflict: "left",
            first: "left",
        },
    };
    World {
        places: vec![Place::Github, Place::Jira],
        connections: vec![connection],
        items: plan.items,
        chaos: Duration::from_millis(plan.chaos_ms),
        acts: 0,
        crashes: 0,
        publishes: 0,
        limits: false,
    }
}

/// The faults of the trackers during the chaos. Webhooks arrive where nothing else tells of changes.
fn tracker_faults(blind: bool) -> Faults {
    let lost = if blind { 0.0 } else { 0.2 };
    Faults {
        server_error: 0.03,
        timeout_after_effect: 0.03,
        late_write: 0.03,
        webhook_lose: lost,
        webhook_double: 0.1,
        webhook_reorder: 0.1,
        latency_ms: Span(1, 300),
        late_write_ms: Span(100, 8_000),
        timeout_ms: 2_000,
        webhook_reorder_ms: 3_000,
        webhook_delay_ms: Span(0, 500),
        ..Faults::default()
    }
}

impl Fleet {
    fn begin(seed: u64, plan: Plan, folder: &Path, time: Arc<Time>, trace: Trace) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let world = world(&plan);
        let places = world.places.clone();
        let clock: Arc<dyn Clock> = Arc::clone(&time) as _;
        let ways = stream(seed, "ways");
        let network = Network::new(&places, seed, ways, Arc::clone(&clock), trace.clone());
        let network = Arc::new(network);
        for place in Place::homes(&places) {
            let (url, secret) = (place.hook().context("it has webhooks")?, WEBHOOK_SECRET);
            let secret = Some(secret.to_owned());
            network.command(place, Command::Webhook { url, secret })?;
        }
        let edge = runtime.block_on(Edge::of_group(
            GroupId::new(GROUP),
            &folder.join("inbox.db"),
            (Disk::new(stream(seed, "edge disk")), ROOMY),
            &places,
            env(seed, "edge", &clock),
            trace.clone(),
        ));
        let edge = Arc::new(edge?);
        let courier = runtime.spawn(Arc::clone(&edge).carry(Arc::clone(&network)));
        let transport = Arc::clone(&network) as _;
        let described = runtime.block_on(describe(&places, &transport, &clock))?;
        let publish = rules::publish(&world.connections[0], &described, clock.now());
        let etcd = Arc::new(Etcd::new(Arc::clone(&time), stream(seed, "etcd")));
        let database = Database::new(Arc::clone(&time), stream(seed, "database"));
        let random = stream(seed, "attempts");
        let attempts = Attempts::new(Arc::clone(&etcd), GROUP, Arc::clone(&time), random);
        let (told, pins) = watch::channel(Pins::from([(GroupId::new(GROUP), (2, None))]));
        let shared = Shared {
            links: Arc::<Links>::default(),
            network: Arc::clone(&network),
            edge,
            etcd,
            database: Arc::new(database),
            attempts: Arc::new(attempts),
            pins,
            places: places.clone(),
            publish,
            terms: LeaseTerms::new(Duration::from_secs(15), Duration::from_secs(8))?,
            blind: plan.blind,
            world: runtime.handle().clone(),
            seed,
            time,
        };
        let machines = (1..).zip(&plan.fast);
        Ok(Self {
            machines: machines
                .map(|(number, fast)| Machine::new(number, folder, *fast))
                .collect(),
            people: People::new(network, clock, stream(seed, "people"), &places),
            plan,
            world,
            shared,
            trace,
            began: 0,
            first: None,
            runtime,
            courier,
            _pins: told,
        })
    }

    fn tell(mut self) -> Result<Vec<String>> {
        for _ in 0..self.world.items {
            self.people.create();
        }
        for at in 0..self.machines.len() {
            self.start(at)?;
        }
        self.chaos()?;
        self.peace()?;
        let mut faults = self.shared.attempts.faults();
        if !faults.is_empty() {
            return Ok(faults);
        }
        faults = self.settle()?;
        if faults.is_empty() {
            faults.extend(self.end()?);
        }
        faults.extend(self.shared.attempts.faults());
        let written = self.shared.attempts.carried().len();
        ensure!(written >= WRITTEN_MIN, "only {written} writes were sent");
        Ok(faults)
    }

    fn chaos(&mut self) -> Result<()> {
        self.began = self.now();
        while self.since_begin() < self.plan.chaos_ms {
            let due = self.plan.events.first_key_value();
            match due.map(|(at, event)| (*at, *event)) {
                Some((at, event)) if at.0 <= self.since_begin() => {
                    self.plan.events.remove(&at);
                    self.happen(event, self.since_begin())?;
                }
                _ => self.tick()?,
            }
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.shared.time.millis()
    }

    fn since_begin(&self) -> u64 {
        self.now() - self.began
    }

    /// Every process works for a moment, one after the other.
    fn tick(&mut self) -> Result<()> {
        self.shared.time.advance(TICK);
        self.runtime.block_on(async { sleep(TICK).await });
        if self.courier.is_finished() {
            let ended = self.runtime.block_on(&mut self.courier);
            ended.context("the courier")??;
        }
        let mut is_taken_over = false;
        for (at, machine) in self.machines.iter_mut().enumerate() {
            let Some(process) = &mut machine.process else {
                continue;
            };
            if machine.paused {
                machine.behind += TICK;
                continue;
            }
            let behind = std::mem::take(&mut machine.behind);
            process
                .run(behind, TICK)
                .with_context(|| format!("at {}", machine.name))?;
            machine.saved = process.lease();
            if let Some(news) = process.news() {
                self.trace.step(format_args!("{} {news}", machine.name));
            }
            is_taken_over |= process.takes_over() && self.first.is_some_and(|first| first != at);
        }
        if is_taken_over {
            for (after, event) in std::mem::take(&mut self.plan.on_takeover) {
                self.later(self.since_begin() + after, event);
            }
        }
        Ok(())
    }

    fn ticks(&mut self, millis: u64) -> Result<()> {
        let end = self.now() + millis;
        while self.now() < end {
            self.tick()?;
        }
        Ok(())
    }

    /// Starts a machine's process, where none runs.
    fn start(&mut self, host: usize) -> Result<()> {
        let machine = &mut self.machines[host];
        if machine.process.is_some() {
            return Ok(());
        }
        machine.started += 1;
        self.trace.step(format_args!("{} starts", machine.name));
        let start = Start {
            host: &machine.name,
            folder: &machine.folder,
            saved: machine.saved,
            fast: machine.fast,
            number: machine.started,
        };
        machine.process = Some(Process::start(&self.shared, &start)?);
        Ok(())
    }

    /// Ends a machine's process in order.
    fn stop(&mut self, host: usize) -> Result<()> {
        let end = self.now() + END_MAX_MS;
        let name = self.machines[host].name.clone();
        self.trace.step(format_args!("{name} ends"));
        loop {
            let machine = &mut self.machines[host];
            let Some(process) = &machine.process else {
                return Ok(());
            };
            process.end();
            machine.paused = false;
            if process.has_ended() {
                machine.process = None;
                return Ok(());
            }
            ensure!(self.now() < end, "{name} does not end");
            self.tick()?;
        }
    }

    /// Faults end; who is down or paused goes on.
    fn peace(&mut self) -> Result<()> {
        self.trace.step(format_args!("peace begins"));
        self.plan.events.clear();
        for place in Place::homes(&self.world.places) {
            self.shared.network.set_faults(place, Faults::default());
        }
        self.shared.links.heal();
        self.shared.etcd.set_quorum(true);
        self.shared.database.set_mode(super::database::Mode::Sound);
        self.shared.database.set_unanswered(0.0);
        for host in 0..self.machines.len() {
            self.machines[host].paused = false;
            self.is_so(host, What::Draining, false);
            self.start(host)?;
        }
        Ok(())
    }
}
