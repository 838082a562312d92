//! One pair: two trackers, the host between them, and every case side by side, each on an item of its own.

use super::case::{Case, Deleted};
use super::judge::{Judge, Verdict};
use super::person::{Person, Running};
use super::rules;
use super::site;
use super::{PairOutcome, Told};
use crate::sim::disk::Disk;
use crate::sim::edge::Edge;
use crate::sim::handles::{SimClock, env, stream};
use crate::sim::machine::{self, Machine};
use crate::sim::network::Network;
use crate::sim::place::{Place, WEBHOOK_SECRET};
use crate::sim::trace::Trace;
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::names::{Side, Sides};
use twinline_rules::describe::SideDescription;
use twinline_sim::Command;
use twinline_store::host::{JobState, JobsPage};
use twinline_store::inbox::InboxLimits;
use twinline_trackers::http::Transport;

/// What the numbers of every world are drawn from.
const SEED: u64 = 5;
/// The last phase in which people act.
const PHASES: u8 = 6;
/// After each phase at least so much time passes, so that what must not cross had its chance.
const SETTLE_MIN: Duration = Duration::from_secs(150);
/// What has not crossed by then, over three audits, does not cross.
const SETTLE_MAX: Duration = Duration::from_secs(2_400);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long nothing may move at the end.
const SILENCE: Duration = Duration::from_secs(900);

pub(super) struct World {
    places: Sides<Place>,
    network: Arc<Network>,
    edge: Arc<Edge>,
    courier: JoinHandle<Result<()>>,
    machine: Machine,
    clock: Arc<dyn Clock>,
    descriptions: Sides<SideDescription>,
    judge: Judge,
    running: Vec<Running>,
}

/// Runs all cases of a pair.
pub(super) async fn tell(places: &Sides<Place>, folder: &Path, show: bool) -> Result<PairOutcome> {
    let mut world = World::begin(places.clone(), folder, show).await?;
    let told = world.tell().await;
    world.courier.abort();
    told?;
    world.machine.stop().await?;
    let told = world.running.into_iter().map(|running| Told {
        case: running.case,
        way: running.way,
        verdict: running
            .verdict
            .unwrap_or_else(|| Verdict::Failed("it was never judged".to_owned())),
    });
    Ok(PairOutcome {
        trackers: Sides::from_fn(|side| site::told(*places.get(side))),
        told: told.collect(),
    })
}

impl World {
    async fn begin(places: Sides<Place>, folder: &Path, show: bool) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::start());
        let trace = Trace::new(Arc::clone(&clock), folder, show);
        let both = [places.left, places.right];
        let network = Arc::new(Network::of(
            both.map(|place| (place, site::simulator(place))).into(),
            SEED,
            stream(SEED, "ways"),
            Arc::clone(&clock),
            trace.clone(),
        ));
        for place in both {
            if let Some(url) = place.hook() {
                let secret = Some(WEBHOOK_SECRET.to_owned());
                network.command(place, Command::Webhook { url, secret })?;
            }
        }
        let disk = || Disk::new(stream(SEED, "disk"));
        let limits = InboxLimits::default();
        let (alone, told) = (env(SEED, "edge", &clock), trace.clone());
        let inbox = folder.join("inbox.db");
        let edge = Arc::new(Edge::open(&inbox, disk(), &both, limits, alone, told).await?);
        let courier = tokio::spawn(Arc::clone(&edge).carry(Arc::clone(&network)));
        let machine = Machine::new(
            env(SEED, "engine", &clock),
            folder,
            disk(),
            Arc::clone(&edge),
            Arc::clone(&network),
            &both,
            trace,
        );
        let mut described = machine.describe().await?;
        let descriptions =
            Sides::from_fn(|side| described.remove(places.get(side)).unwrap_or_default());
        let transport: Arc<dyn Transport> = Arc::clone(&network) as _;
        let mut readers = Vec::new();
        for place in both {
            let transport = Arc::clone(&transport);
            readers.push(machine::connector(place, false, transport, &clock)?);
        }
        let [left, right] = <[_; 2]>::try_from(readers)
            .ok()
            .context("there are two sides")?;
        let judge = Judge {
            places: places.clone(),
            readers: Sides { left, right },
            descriptions: descriptions.clone(),
        };
        let running = cases(&places);
        Ok(Self {
            places,
            network,
            edge,
            courier,
            machine,
            clock,
            descriptions,
            judge,
            running,
        })
    }

    async fn tell(&mut self) -> Result<()> {
        for at in 0..self.running.len() {
            let mut running = self.running[at].clone();
            running.verdict = self.judge.beforehand(&running);
            if running.verdict.is_none() {
                match self.person(Side::Left).begins(&running) {
                    Ok(key) => running.keys.left = Some(key),
                    Err(verdict) => running.verdict = Some(verdict),
                }
            }
            self.running[at] = running;
        }
        self.machine.start().await?;
        self.publish(Deleted::Unlink).await?;
        self.settle(0).await?;
        for phase in 1..=PHASES {
            let policy = Deleted::ALL
                .into_iter()
                .find(|policy| policy.phase() == phase);
            if let Some(policy) = policy.filter(|policy| *policy != Deleted::Unlink) {
                self.publish(policy).await?;
                self.quiet().await?;
            }
            self.act(phase);
            self.settle(phase).await?;
        }
        self.rest().await
    }

    fn person(&self, side: Side) -> Person<'_> {
        Person {
            network: &self.network,
            place: *self.places.get(side),
            is_left: side == Side::Left,
        }
    }

    async fn publish(&self, deleted: Deleted) -> Result<()> {
        let now = self.clock.now();
        let order = rules::publish(&self.places, deleted, self.descriptions.clone(), now);
        let host = self.machine.host().context("the host runs")?;
        host.publish(order, true).await.context("publishing")?;
        Ok(())
    }

    /// Every person does what is to be done in a phase.
    fn act(&mut self, phase: u8) {
        for at in 0..self.running.len() {
            let mut running = self.running[at].clone();
            let deeds = running.case.deeds(running.way, running.number);
            for (_, deed) in deeds.into_iter().filter(|(when, _)| *when == phase) {
                if running.verdict.is_some() {
                    break;
                }
                let person = self.person(running.way.from());
                running.verdict = person.acts(&mut running, deed).err();
            }
            self.running[at] = running;
        }
    }

    /// Waits until every case that ends with this phase holds, or it is too late for it.
    async fn settle(&mut self, phase: u8) -> Result<()> {
        let began = Instant::now();
        tokio::time::sleep(SETTLE_MIN).await;
        loop {
            let late = began.elapsed() >= SETTLE_MAX;
            if self.is_idle().await? || late {
                self.look(phase, late).await?;
            }
            let waits = |running: &&Running| {
                running.verdict.is_none()
                    && running.last_phase() == phase
                    && running.case != Case::Rest
            };
            if late || !self.running.iter().any(|running| waits(&running)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the host has nothing to do.
    async fn quiet(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < SETTLE_MAX {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.is_idle().await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn look(&mut self, phase: u8, late: bool) -> Result<()> {
        let dumps = Sides::from_fn(|side| self.network.whole(*self.places.get(side)));
        let host = self.machine.host().context("the host runs")?;
        for running in &mut self.running {
            let tag = running.tag();
            for side in Side::BOTH {
                let key = running.keys.get_mut(side);
                if key.is_none() {
                    let mut items = dumps.get(side).items.iter();
                    let found = items.find(|item| item.title.starts_with(&tag));
                    *key = found.map(|item| item.key.clone());
                }
            }
            let due = running.last_phase() == phase && running.case != Case::Rest;
            if !due || running.verdict.is_some() {
                continue;
            }
            let verdict = self.judge.judge(running, &dumps, host).await?;
            if late || !matches!(verdict, Verdict::Failed(_)) {
                running.verdict = Some(verdict);
            }
        }
        Ok(())
    }

    /// No webhook, no delivery, no mark, no job waits.
    async fn is_idle(&mut self) -> Result<bool> {
        if self.courier.is_finished() {
            (&mut self.courier).await.context("the courier")??;
            bail!("the courier has ended");
        }
        let host = self.machine.host().context("the host runs")?;
        let status = host.status().await?;
        let mut nodes = status.nodes.iter();
        let is_clean = nodes.all(|node| node.dirty_live == 0 && node.dirty_backfill == 0);
        let running = host.jobs(JobsPage {
            state: Some(JobState::Running),
            max: 1,
            ..JobsPage::default()
        });
        Ok(is_clean && running.await?.is_empty() && self.edge.unsafe_deliveries() == 0)
    }

    /// When people rest, so do the trackers.
    async fn rest(&mut self) -> Result<()> {
        self.quiet().await?;
        let dumps = || Sides::from_fn(|side| self.network.whole(*self.places.get(side)));
        let before = dumps();
        tokio::time::sleep(SILENCE).await;
        let after = dumps();
        let mut moved = Vec::new();
        for side in Side::BOTH {
            let (old, new) = (&before.get(side).items, &after.get(side).items);
            let changed = old.iter().zip(new).filter(|(old, new)| old != new);
            moved.extend(changed.map(|(old, _)| old.key.clone()));
            if old.len() != new.len() {
                moved.push(format!("new items on the {side}"));
            }
        }
        let verdict = match moved.is_empty() {
            true => Verdict::Crosses,
            false => Verdict::Failed(format!("by themselves: {}", moved.join(", "))),
        };
        for running in self.running.iter_mut().filter(|one| one.case == Case::Rest) {
            running.verdict = Some(verdict.clone());
        }
        Ok(())
    }
}

/// Every case each way, numbered; where a variant takes part, those about texts.
fn cases(places: &Sides<Place>) -> Vec<Running> {
    let texts_alone = [places.left, places.right]
        .into_iter()
        .any(|place| site::is_variant(site::told(place)));
    let all = Case::all().into_iter();
    let all = all.filter(|case| !texts_alone || case.is_of_texts());
    let each = all.flat_map(|case| case.ways().iter().map(move |way| (case, *way)));
    each.zip(1..)
        .map(|((case, way), number)| Running {
            case,
            way,
            number,
            keys: Sides::default(),
            comment: None,
            file: None,
            verdict: None,
        })
        .collect()
}
