//! What drives watch's machines: one task owns them, is told things by a bounded queue, carries out what they want, and
//! leaves their states to be stored behind it.
//!
//! A page goes out before, or without, the state's commit. What a channel says of it is told to paging at once, so that
//! the next way is tried. Nothing that the driver does waits for anything outside: pages are sent by tasks of their own,
//! each with a deadline, and so is the disk written (docs/adr/0035).

pub mod changes;
mod decision;
mod deeds;
mod desk;
mod editor;
mod elsewhere;
mod handle;
mod journal;
mod keep;
mod keeper;
mod latest;
mod letter;
mod machines;
mod own;
mod record;
mod reports;
mod send;
mod setup;
mod shelf;
mod told;
mod view;
mod vitals;

#[cfg(test)]
pub(crate) mod tests;

pub use desk::Ticketed;
pub use editor::{Edit, Edited, OfIncident, Planned};
pub use elsewhere::Acknowledged;
pub use handle::Handle;
pub use journal::Entry;
pub use record::{Note, Record, Standing, TakenOver};
pub use reports::Filed;
pub use setup::{Setup, Tenant, TenantNode, Watched};
pub use told::{Deed, Refusal};
pub use view::{Detail, OnPage, Overview, Probed, Shown};
pub use vitals::{Figures, Vitals};

use crate::channel::acknowledge::Signer;
use crate::site;
use journal::Journal;
use keep::{Begun, Trouble};
use keeper::{Keeping, Tools};
use machines::{Machines, Step};
use shelf::Shelf;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use told::Told;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::change;
use twinline_core::watch::element::Kind;
use twinline_core::watch::escalation::AttemptId;
use twinline_core::watch::signal::Signal;

/// What may wait for the driver; whoever tells more waits, with a deadline.
const QUEUE_MAX: usize = 1024;
/// The driver looks at the clock at least this often: a clock may be put back.
const LOOK: Duration = Duration::from_secs(1);
/// What was never well is not counted as failing for so long after the start: it may be starting too.
const PROBES_BEGIN: Duration = Duration::from_secs(30);
/// Pages that are on their way at once; a further one has failed, and goes by the next way.
const SENDS_MAX: usize = 128;
/// A file that had to be put aside is told of as failing for so long.
const DAMAGE_TOLD: Duration = Duration::from_secs(60);
/// The last state is waited for so long.
const END_MAX: Duration = Duration::from_secs(4);
/// The public is shown how old what it reads is: not more than this.
const SHOWN_AGAIN: Duration = Duration::from_secs(5);

/// Owns the machines.
pub struct Driver {
    clock: Arc<dyn Clock>,
    signer: Arc<Signer>,
    setup: Setup,
    machines: Machines,
    journal: Journal,
    queue: mpsc::Receiver<Told>,
    vitals: Arc<Vitals>,
    shelf: Shelf,
    keeping: Keeping,
    /// Pages on their way.
    sends: JoinSet<(AttemptId, Result<(), String>)>,
    /// When the file was put aside, while that is told.
    damaged: Option<Timestamp>,
    shown: watch::Sender<Arc<site::Shown>>,
    /// Visitors' reports since the start.
    reports: u64,
    /// Proofs of changes that are to run.
    orders: watch::Sender<Arc<Vec<changes::Wanted>>>,
}

impl Driver {
    /// Takes up what the file has, and goes on from there. Never fails: without a file it works in memory, and says so.
    pub async fn begin(
        file: &Path,
        setup: Setup,
        signer: Arc<Signer>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Handle) {
        let Begun {
            machines,
            journal,
            trouble,
            file: opened,
        } = keep::begin(file, clock.now()).await;
        let (told, queue) = mpsc::channel(QUEUE_MAX);
        let shelf = Shelf::default();
        let tools = Tools {
            path: file.to_owned(),
            shelf: shelf.clone(),
            clock: Arc::clone(&clock),
            told: told.clone(),
        };
        let vitals = Arc::new(Vitals::new());
        let now = clock.now();
        let (orders, wanted) = watch::channel(Arc::default());
        let (shown, heard) = watch::channel(Arc::new(public(&setup, &machines, now)));
        let mut driver = Self {
            clock,
            signer,
            setup,
            machines,
            journal,
            queue,
            vitals: Arc::clone(&vitals),
            shelf,
            keeping: Keeping::start(tools, opened),
            sends: JoinSet::new(),
            damaged: None,
            shown,
            reports: 0,
            orders,
        };
        driver.start(trouble);
        let handle = Handle {
            queue: told,
            vitals,
            shown: heard,
            wanted,
        };
        (driver, handle)
    }

    /// Works until the future ends; then stores the state a last time.
    pub async fn run(mut self, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        // By a clock that nobody puts back, and also while so much is told that there is no rest.
        let mut looked = Instant::now();
        loop {
            let now = self.clock.now();
            let due = self.machines.due(&self.setup);
            if due.is_some_and(|due| due <= now) || looked.elapsed() >= LOOK {
                self.pass_time();
                looked = Instant::now();
            }
            let rest = self.rest(now).min(LOOK.saturating_sub(looked.elapsed()));
            tokio::select! {
                biased;
                () = &mut until => break,
                Some(sent) = self.sends.join_next() => {
                    // One that panicked is a channel that says nothing: its deadline is in the state.
                    if let Ok((attempt, outcome)) = sent {
                        self.sent(attempt, outcome);
                    }
                }
                why = self.keeping.lost() => self.keep_again(why),
                told = self.queue.recv() => match told {
                    Some(told) => self.hear(told),
                    // Every handle has gone, the keeper's too.
                    None => break,
                },
                () = tokio::time::sleep(rest) => {
                    self.pass_time();
                    looked = Instant::now();
                }
            }
        }
        // Whoever still tells something hears that nobody takes it.
        self.queue.close();
        while self.queue.try_recv().is_ok() {}
        self.shelf.end();
        if timeout(END_MAX, self.keeping.ends()).await.is_err() {
            tracing::error!("the disk does not take watch's last state");
        }
    }

    /// How long nothing is due.
    fn rest(&self, now: Timestamp) -> Duration {
        let due = self.machines.due(&self.setup);
        due.map_or(LOOK, |due| due.since(now).min(LOOK))
    }

    fn start(&mut self, trouble: Option<Trouble>) {
        let before = self.machines.clone();
        let mut step = Step::new(self.clock.now(), &self.setup);
        let own = Entry::own(step.now, "watch begins");
        step.deeds.entries.push(own);
        self.machines.take_up(&mut step);
        self.machines.refresh(&mut step);
        let deeds = step.deeds;
        self.carry_out(deeds, before);
        self.warn_of_nobody();
        if !matches!(trouble, Some(Trouble::Damaged(_))) {
            // What an earlier process said of a file that it had put aside is over.
            self.say(Kind::Watch, None);
        }
        if trouble.is_some() {
            self.stored(trouble);
        }
    }

    /// What wrote the states has ended by itself.
    fn keep_again(&mut self, why: String) {
        self.stored(Some(Trouble::Disk(why)));
        self.keeping.again();
        self.shelf.leave(Some(self.machines.clone()), []);
    }

    fn pass_time(&mut self) {
        let begins = self.probes_begin();
        self.step(|machines, step| machines.pass_time(begins, step));
        self.forget_damage();
    }

    fn probes_begin(&self) -> bool {
        self.vitals.age() < PROBES_BEGIN
    }

    /// Lets the machines do something, and carries out what they want.
    fn step<T>(&mut self, work: impl FnOnce(&mut Machines, &mut Step<'_>) -> T) -> T {
        let before = self.machines.clone();
        let mut step = Step::new(self.clock.now(), &self.setup);
        let outcome = work(&mut self.machines, &mut step);
        let deeds = step.deeds;
        self.carry_out(deeds, before);
        outcome
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Results { probe, run, seen } => {
                let begins = self.probes_begin();
                self.step(|machines, step| {
                    for (subject, outcome) in seen {
                        machines.observe((&probe, &subject), run, outcome, begins, step);
                    }
                    machines.refresh(step);
                });
            }
            Told::Signals(signals) => self.signals(signals),
            Told::Inbound(heard) => self.step(|machines, step| {
                for signal in machines.latest.news(heard) {
                    machines.signal(signal, step);
                }
                machines.refresh(step);
            }),
            Told::Stored(trouble) => self.stored(trouble),
            // The keeper has given up waiting: what it does then is right either way.
            Told::Found(found, to) => drop(to.send(self.found(*found))),
            Told::Setup(setup) => {
                self.setup = *setup;
                self.warn_of_nobody();
                self.step(|machines, step| {
                    let own = Entry::own(step.now, "another configuration holds");
                    step.deeds.entries.push(own);
                    machines.take_up(step);
                    machines.refresh(step);
                });
            }
            Told::Proved { of, check, failure } => {
                self.step(|machines, step| machines.proved(of, check, failure, step));
            }
            Told::Seen {
                database,
                fingerprint,
            } => {
                let event = change::Event::Seen {
                    database,
                    fingerprint,
                };
                self.step(|machines, step| machines.change(event, step));
            }
            Told::Acknowledged { machine, there } => self.take_over(&machine, &there),
            Told::Ask(ask) => self.answer(ask),
        }
    }

    fn signals(&mut self, signals: Vec<Signal>) {
        self.step(|machines, step| {
            for signal in signals {
                machines.signal(signal, step);
            }
            machines.refresh(step);
        });
    }

    /// Pages first, then what is written down, then the state.
    fn carry_out(&mut self, deeds: machines::Deeds, before: Machines) {
        for letter in &deeds.letters {
            self.send(letter);
        }
        for entry in &deeds.entries {
            let incident = entry.incident.map(|it| it.0);
            tracing::info!(of = entry.of, incident, "{}", entry.text);
        }
        self.vitals.beat(
            self.machines.records.open(),
            self.machines.unheard(),
            !self.setup.has_somebody(),
        );
        self.publish(before.status != self.machines.status);
        let changes = &self.machines.changes;
        changes.order(&self.setup.changes, &self.orders);
        self.vitals.changes(changes.under_way());
        self.journal.extend(&deeds.entries);
        let lines: Vec<_> = deeds.entries.iter().map(Entry::line).collect();
        let changed = self.machines.differs(&before);
        if changed || !lines.is_empty() {
            self.shelf
                .leave(changed.then(|| self.machines.clone()), lines);
        }
    }

    /// Shows the public what is true now: when it changed, and often enough that it is not said to be old.
    fn publish(&self, changed: bool) {
        let now = self.clock.now();
        let at = self.shown.borrow().at;
        let known = &self.setup;
        let same = {
            let shown = self.shown.borrow();
            shown.name == known.name && shown.page == known.page
        };
        if changed || !same || at > now || now.since(at) >= SHOWN_AGAIN {
            let shown = public(&self.setup, &self.machines, now);
            self.shown.send_replace(Arc::new(shown));
        }
    }
}

/// What the public is shown.
fn public(setup: &Setup, machines: &Machines, now: Timestamp) -> site::Shown {
    site::Shown {
        name: setup.name.clone(),
        time_zone: setup.time_zone.clone(),
        public_url: setup.public_url.clone(),
        status: machines.status.clone(),
        page: setup.page.clone(),
        at: now,
    }
}
