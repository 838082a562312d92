//! What drives watch's machines: one task owns them, is told things by a bounded queue, carries out what they want, and
//! leaves their states to be stored behind it.
//!
//! A page goes out before, or without, the state's commit. What a channel says of it is told to paging at once, so that
//! the next way is tried. Nothing that the driver does waits for anything outside: pages are sent by tasks of their own,
//! each with a deadline, and so is the disk written (docs/adr/0035).

mod deeds;
mod desk;
mod handle;
mod journal;
mod keep;
mod letter;
mod machines;
mod record;
mod setup;
mod told;
mod view;
mod vitals;

#[cfg(test)]
pub(crate) mod tests;

pub use handle::Handle;
pub use journal::Entry;
pub use record::{Note, Record, Standing};
pub use setup::{Setup, Watched};
pub use told::{Deed, Refusal};
pub use view::{Detail, Overview, Probed, Shown};
pub use vitals::{Figures, Vitals};

use crate::channel::Channel;
use crate::channel::acknowledge::Signer;
use crate::site;
use journal::Journal;
use keep::{Begun, Keeper, Shelf, Trouble};
use machines::{Letter, Machines, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use told::Told;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::escalation::{self, AttemptId};
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::signal::{Severity, Signal, State};

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
/// Who says what is wrong with our own file.
const STORE: &str = "watch/store";

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
    keeper: JoinSet<()>,
    /// Pages on their way, each with the incidents that it is about.
    sends: JoinSet<(AttemptId, Result<(), String>)>,
    about: BTreeMap<AttemptId, BTreeSet<IncidentId>>,
    /// Incidents that nobody could be told of, while somebody should be.
    unheard: BTreeSet<IncidentId>,
    /// When the file was put aside, while that is told.
    damaged: Option<Timestamp>,
    shown: watch::Sender<Arc<site::Shown>>,
    /// Visitors' reports since the start.
    reports: u64,
}

impl Driver {
    /// Takes up what the file has, and goes on from there. Never fails: without a file it works in memory, and says so.
    pub async fn begin(
        file: &Path,
        setup: Setup,
        signer: Arc<Signer>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Handle) {
        let mut begun = keep::begin(file, clock.now()).await;
        let (told, queue) = mpsc::channel(QUEUE_MAX);
        let shelf = Shelf::default();
        let keeper = Keeper::new(
            file,
            shelf.clone(),
            Arc::clone(&clock),
            &mut begun,
            told.clone(),
        );
        let mut tasks = JoinSet::new();
        tasks.spawn(keeper.run());
        let vitals = Arc::new(Vitals::new());
        let Begun {
            machines,
            journal,
            trouble,
            ..
        } = begun;
        let now = clock.now();
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
            keeper: tasks,
            sends: JoinSet::new(),
            about: BTreeMap::new(),
            unheard: BTreeSet::new(),
            damaged: None,
            shown,
            reports: 0,
        };
        driver.start(trouble);
        let handle = Handle {
            queue: told,
            vitals,
            shown: heard,
        };
        (driver, handle)
    }

    /// Works until the future ends; then stores the state a last time.
    pub async fn run(mut self, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        loop {
            let now = self.clock.now();
            if self.machines.due(&self.setup).is_some_and(|due| due <= now) {
                self.pass_time();
            }
            let rest = self.rest(now);
            tokio::select! {
                biased;
                () = &mut until => break,
                Some(sent) = self.sends.join_next() => {
                    // One that panicked is a channel that says nothing: its deadline is in the state.
                    if let Ok((attempt, outcome)) = sent {
                        self.sent(attempt, outcome);
                    }
                }
                told = self.queue.recv() => match told {
                    Some(told) => self.hear(told),
                    // Every handle has gone, the keeper's too.
                    None => break,
                },
                () = tokio::time::sleep(rest) => self.pass_time(),
            }
        }
        // Whoever still tells something hears that nobody takes it.
        self.queue.close();
        self.shelf.end();
        let stored = timeout(END_MAX, async {
            while self.keeper.join_next().await.is_some() {}
        });
        if stored.await.is_err() {
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
            let own = self.own(Kind::Watch);
            self.say(own, None);
        }
        if trouble.is_some() {
            self.stored(trouble);
        }
    }

    /// Says loudly what keeps pages from anybody.
    fn warn_of_nobody(&self) {
        for (channel, reason) in &self.setup.unusable {
            tracing::error!(channel, reason, "this channel cannot be used");
        }
        if !self.setup.has_somebody() {
            tracing::error!(
                "NOBODY CAN BE CALLED when something fails: write [watch.channels] and [watch.people] \
                 (config/twinline.default.toml shows how)"
            );
        }
    }

    fn pass_time(&mut self) {
        let begins = self.probes_begin();
        self.step(|machines, step| machines.pass_time(begins, step));
        let told_since = self.damaged;
        let now = self.clock.now();
        if told_since.is_some_and(|at| at > now || now.since(at) >= DAMAGE_TOLD) {
            self.damaged = None;
            let own = self.own(Kind::Watch);
            self.say(own, None);
        }
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
            Told::Stored(trouble) => self.stored(trouble),
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

    fn own(&self, kind: Kind) -> Element {
        Element::new(kind, self.setup.machine.clone())
    }

    /// What became of our own file.
    fn stored(&mut self, trouble: Option<Trouble>) {
        let told = match &trouble {
            None => None,
            Some(Trouble::Disk(text) | Trouble::Damaged(text)) => Some(text.clone()),
        };
        self.vitals.stored(told);
        match trouble {
            None => {
                let own = self.own(Kind::Disk);
                self.say(own, None);
            }
            Some(Trouble::Disk(text)) => {
                let own = self.own(Kind::Disk);
                self.say(own, Some(format!("watch's state is not stored: {text}")));
            }
            Some(Trouble::Damaged(text)) => {
                self.damaged = Some(self.clock.now());
                let own = self.own(Kind::Watch);
                self.say(own, Some(format!("watch lost its state: {text}")));
            }
        }
    }

    /// Watch's word about itself.
    fn say(&mut self, subject: Element, trouble: Option<String>) {
        let state = match trouble {
            None => State::Passing,
            Some(summary) => State::Failing {
                severity: Severity::Critical,
                implicates: Elements::from([Element::new(
                    Kind::Machine,
                    self.setup.machine.clone(),
                )]),
                summary,
            },
        };
        self.signals(vec![Signal {
            source: STORE.to_owned(),
            subject,
            state,
        }]);
    }

    /// A channel has answered.
    fn sent(&mut self, attempt: AttemptId, outcome: Result<(), String>) {
        self.vitals.page(outcome.is_ok());
        let about = self.about.remove(&attempt).unwrap_or_default();
        let event = match outcome {
            Ok(()) => {
                self.unheard.retain(|incident| !about.contains(incident));
                escalation::Event::Sent { attempt }
            }
            Err(detail) => escalation::Event::Failed { attempt, detail },
        };
        self.step(|machines, step| machines.call(event, step));
    }

    /// Pages first, then what is written down, then the state.
    fn carry_out(&mut self, deeds: machines::Deeds, before: Machines) {
        self.unheard.extend(deeds.unheard);
        for letter in deeds.letters {
            self.send(letter);
        }
        for entry in &deeds.entries {
            let incident = entry.incident.map(|it| it.0);
            tracing::info!(of = entry.of, incident, "{}", entry.text);
        }
        let calls = self.machines.paging.calls();
        let open: BTreeSet<IncidentId> = (calls.filter(|call| call.is_open()))
            .map(|call| call.brief.incident)
            .collect();
        self.unheard.retain(|incident| open.contains(incident));
        self.vitals.beat(
            self.machines.records.open(),
            self.unheard.len(),
            !self.setup.has_somebody(),
        );
        self.publish(before.status != self.machines.status);
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

    /// Sends a page by a task of its own.
    fn send(&mut self, letter: Letter) {
        let attempt = letter.attempt;
        let now = self.clock.now();
        let page = letter::compose(&letter, &mut self.machines, &self.setup, &self.signer, now);
        let channel = self.setup.channels.get(&letter.contact.channel).cloned();
        let name = &letter.contact.channel;
        let refused = match (&page, &channel) {
            (None, _) => Some("there is nothing to tell any more".to_owned()),
            (_, None) => Some(match self.setup.unusable.get(name) {
                Some(reason) => format!("channel {name} cannot be used: {reason}"),
                None => format!("there is no channel {name}"),
            }),
            _ if self.sends.len() >= SENDS_MAX => Some("too many pages are under way".to_owned()),
            _ => None,
        };
        self.about.insert(attempt, letter.incidents);
        let deadline = Duration::from_secs(self.setup.roster.limits.channel_deadline_s.max(1));
        self.sends.spawn(async move {
            let outcome = match (refused, page, channel) {
                (None, Some(page), Some(channel)) => deliver(&channel, &page, deadline).await,
                (refused, ..) => Err(refused.unwrap_or_default()),
            };
            (attempt, outcome)
        });
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

/// Sends a page within the deadline.
async fn deliver(
    channel: &Channel,
    page: &crate::channel::Page,
    deadline: Duration,
) -> Result<(), String> {
    match timeout(deadline, channel.send(page)).await {
        Ok(Ok(receipt)) => {
            let channel = channel.name();
            tracing::info!(
                channel,
                page = page.id,
                reference = receipt.reference,
                "a page went out"
            );
            Ok(())
        }
        Ok(Err(failed)) => Err(failed.to_string()),
        Err(_) => Err(format!("no answer within {} s", deadline.as_secs())),
    }
}
