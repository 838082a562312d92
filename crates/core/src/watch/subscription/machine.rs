//! The machine: subscribers, and what is on its way to them.

use super::address::{Address, Way};
use super::news::{News, Row};
use crate::time::Timestamp;
use crate::watch::page::StatusPage;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Names one letter on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u64);

/// The numbers. Not part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most subscribers.
    pub subscribers_max: usize,
    /// The most letters on their way at once.
    pub under_way_max: usize,
    /// The most calls of webhooks on their way at once: one that hangs delays no letter.
    pub hooks_under_way_max: usize,
    /// No word of a letter or a call for so long is a failure.
    pub answer_within: Duration,
    /// After the first failure it is tried again after this, then after twice as long, and so on.
    pub retry_first: Duration,
    /// But never later than this.
    pub retry_max: Duration,
    /// A subscriber whom no letter reaches for so long is one no more.
    pub given_up_after: Duration,
    /// The same for a webhook.
    pub hook_given_up_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            subscribers_max: 2000,
            under_way_max: 4,
            hooks_under_way_max: 16,
            answer_within: Duration::from_secs(60),
            retry_first: Duration::from_secs(60),
            retry_max: Duration::from_secs(3600),
            given_up_after: Duration::from_secs(30 * 86_400),
            hook_given_up_after: Duration::from_secs(3 * 86_400),
        }
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Since when.
    pub since: Timestamp,
    /// Whether whoever has the address asked for it.
    #[serde(default = "yes")]
    asked: bool,
    /// Whether they are told unless they say no, as administrators are.
    #[serde(default)]
    by_default: bool,
    /// All news up to this number reached the mail server, or were none any more.
    told: u64,
    sending: Option<Sending>,
    failing: Option<Failing>,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sending {
    attempt: AttemptId,
    up_to: u64,
    answer: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failing {
    since: Timestamp,
    times: u32,
    next: Wait,
}

/// All subscribers. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribers {
    known: BTreeMap<Address, Subscriber>,
    row: Row,
    attempts: u64,
    /// Administrators who said no.
    #[serde(default)]
    declined: BTreeSet<Address>,
}

/// What the machine hears.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Whoever has the address says that they want to be told.
    Confirmed {
        /// Which.
        address: Address,
    },
    /// Whoever has the address wants it no more.
    Left {
        /// Which.
        address: Address,
    },
    /// Who is told unless they say no: all of them.
    Administrators(&'a BTreeSet<Address>),
    /// What the page says now.
    Page(&'a StatusPage),
    /// A mail server took a letter over, or a webhook a call.
    Sent {
        /// Which.
        attempt: AttemptId,
    },
    /// It did not.
    Failed {
        /// Which.
        attempt: AttemptId,
    },
    /// Whoever is behind a webhook says that it is not to be called any more.
    Unwanted {
        /// Which call.
        attempt: AttemptId,
    },
    /// Time has passed.
    Tick,
}

/// What is to be done, or written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A letter or a call is to go out.
    Send {
        /// By what it is known.
        attempt: AttemptId,
        /// Where to.
        address: Address,
        /// What it tells, the oldest first, never nothing.
        news: Vec<News>,
    },
    /// There is one more.
    Joined,
    /// There is no room for one more.
    Full,
    /// There is one less.
    Gone,
    /// Nothing reached somebody for so long that they are told no more.
    GivenUp {
        /// Whom.
        address: Address,
    },
}

impl Subscribers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// One of them.
    pub fn get(&self, address: &Address) -> Option<&Subscriber> {
        self.known.get(address)
    }

    /// When it wants a `Tick`, though nothing happens.
    pub fn due(&self) -> Option<Timestamp> {
        let due = self.known.values().filter_map(|it| match it.sending {
            Some(sending) => Some(sending.answer.due()),
            None if it.told < self.row.last() => it.failing.map(|it| it.next.due()),
            None => None,
        });
        due.min()
    }

    /// Hears an event at `now`, and sends whatever is due by then.
    pub fn apply(&mut self, event: Event<'_>, now: Timestamp, settings: &Settings) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Confirmed { address } => {
                self.declined.remove(&address);
                effects.extend(self.join(address, true, now, settings));
            }
            Event::Left { address } => {
                if let Some(gone) = self.known.remove(&address) {
                    effects.push(Effect::Gone);
                    if gone.by_default {
                        self.declined.insert(address);
                    }
                }
            }
            Event::Administrators(all) => self.administrators(all, now, settings, &mut effects),
            Event::Page(page) => self.row.look(page),
            Event::Sent { attempt } => {
                if let Some(known) = self.sending(attempt) {
                    known.told = known.sending.take().map_or(known.told, |it| it.up_to);
                    known.failing = None;
                }
            }
            Event::Failed { attempt } => {
                if let Some(known) = self.sending(attempt) {
                    known.fail(now, settings);
                }
            }
            Event::Unwanted { attempt } => {
                let mut all = self.known.iter();
                let unwanted = all.find(|(_, it)| it.is_sending(attempt));
                if let Some(address) = unwanted.map(|(address, _)| address.clone()) {
                    self.known.remove(&address);
                    effects.push(Effect::Gone);
                }
            }
            Event::Tick => {}
        }
        self.pass_time(now, settings, &mut effects);
        self.send(now, settings, &mut effects);
        effects
    }

    /// Whether all that is news reached one of these.
    pub fn reached<'a>(&self, addresses: impl IntoIterator<Item = &'a Address>) -> bool {
        let last = self.row.last();
        let mut known = addresses.into_iter().filter_map(|it| self.known.get(it));
        known.any(|it| it.told >= last)
    }

    /// Those who are new are told from now on. Who is none any more is told only if they asked for it.
    fn administrators(
        &mut self,
        all: &BTreeSet<Address>,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        self.declined.retain(|address| all.contains(address));
        for (address, known) in &mut self.known {
            known.by_default = all.contains(address);
        }
        let before = self.known.len();
        self.known.retain(|_, it| it.asked || it.by_default);
        let gone = before - self.known.len();
        effects.extend(std::iter::repeat_n(Effect::Gone, gone));
        for address in all {
            if !self.declined.contains(address) {
                effects.extend(self.join(address.clone(), false, now, settings));
            }
        }
    }

    fn join(
        &mut self,
        address: Address,
        asked: bool,
        now: Timestamp,
        settings: &Settings,
    ) -> Option<Effect> {
        if let Some(known) = self.known.get_mut(&address) {
            known.asked |= asked;
            return None;
        }
        if self.known.len() >= settings.subscribers_max {
            return Some(Effect::Full);
        }
        let subscriber = Subscriber {
            since: now,
            asked,
            by_default: !asked,
            told: self.row.last(),
            sending: None,
            failing: None,
        };
        self.known.insert(address, subscriber);
        Some(Effect::Joined)
    }

    fn sending(&mut self, attempt: AttemptId) -> Option<&mut Subscriber> {
        let mut all = self.known.values_mut();
        all.find(|it| it.is_sending(attempt))
    }

    fn pass_time(&mut self, now: Timestamp, settings: &Settings, effects: &mut Vec<Effect>) {
        self.row.forget(now);
        let mut given_up = Vec::new();
        for (address, known) in &mut self.known {
            if let Some(sending) = &mut known.sending {
                sending.answer.rebase(now);
                if sending.answer.is_over(now) {
                    known.fail(now, settings);
                }
            }
            if let Some(failing) = &mut known.failing {
                failing.since = failing.since.min(now);
                failing.next.rebase(now);
                let given_up_after = match address.way() {
                    Way::Mail => settings.given_up_after,
                    Way::Hook => settings.hook_given_up_after,
                };
                if now.since(failing.since) >= given_up_after {
                    given_up.push(address.clone());
                }
            }
        }
        for address in given_up {
            self.known.remove(&address);
            effects.push(Effect::GivenUp { address });
        }
    }

    /// How many may be started, by way.
    fn room(&self, settings: &Settings) -> BTreeMap<Way, usize> {
        let mut room = BTreeMap::from([
            (Way::Mail, settings.under_way_max),
            (Way::Hook, settings.hooks_under_way_max),
        ]);
        for (address, _) in self.known.iter().filter(|(_, it)| it.sending.is_some()) {
            let room = room.entry(address.way()).or_default();
            *room = room.saturating_sub(1);
        }
        room
    }

    /// Starts letters and calls, to those first who are the furthest behind.
    fn send(&mut self, now: Timestamp, settings: &Settings, effects: &mut Vec<Effect>) {
        let mut room = self.room(settings);
        let last = self.row.last();
        let mut waiting: Vec<(u64, Address)> = (self.known.iter())
            .filter(|(_, it)| it.sending.is_none() && it.told < last && it.may_try(now))
            .map(|(address, it)| (it.told, address.clone()))
            .collect();
        waiting.sort();
        for (told, address) in waiting {
            let room = room.entry(address.way()).or_default();
            let Some(known) = self.known.get_mut(&address) else {
                continue;
            };
            if self.row.after(told).next().is_none() {
                // Too old by now: nothing is told late as if it were true.
                known.told = last;
                continue;
            }
            if *room == 0 {
                continue;
            }
            *room -= 1;
            let news: Vec<News> = self.row.after(told).cloned().collect();
            self.attempts += 1;
            let attempt = AttemptId(self.attempts);
            known.sending = Some(Sending {
                attempt,
                up_to: last,
                answer: Wait::new(now, settings.answer_within),
            });
            effects.push(Effect::Send {
                attempt,
                address,
                news,
            });
        }
    }
}

impl Subscriber {
    fn is_sending(&self, attempt: AttemptId) -> bool {
        self.sending.is_some_and(|it| it.attempt == attempt)
    }

    fn may_try(&self, now: Timestamp) -> bool {
        self.failing.is_none_or(|it| it.next.is_over(now))
    }

    fn fail(&mut self, now: Timestamp, settings: &Settings) {
        self.sending = None;
        let before = self.failing;
        let times = before.map_or(0, |it| it.times);
        let wait = settings.retry_first * 2_u32.saturating_pow(times.min(16));
        self.failing = Some(Failing {
            since: before.map_or(now, |it| it.since),
            times: times.saturating_add(1),
            next: Wait::new(now, wait.min(settings.retry_max)),
        });
    }
}
