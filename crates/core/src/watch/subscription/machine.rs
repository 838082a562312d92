//! The machine: subscribers, and what is on its way to them.

use super::news::{News, Row};
use crate::time::Timestamp;
use crate::watch::page::StatusPage;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest address (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
const ADDRESS_MAX_BYTES: usize = 254;

/// A mail address, as far as that can be said without asking: `ada@acme.example`. Its domain is in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address(String);

/// A text that is no mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no mail address such as ada@acme.example")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(NotAnAddress)?;
        // What needs quotes there is refused: nobody has it, and it carries what is dangerous.
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let in_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let dotted = |part: &str| part.split('.').all(|it| !it.is_empty());
        let is_good = local.chars().all(plain)
            && local.len() <= 64
            && dotted(local)
            && domain.chars().all(in_domain)
            && domain.contains('.')
            && dotted(domain);
        let address = format!("{local}@{}", domain.to_ascii_lowercase());
        if is_good && address.len() <= ADDRESS_MAX_BYTES {
            Ok(Self(address))
        } else {
            Err(NotAnAddress)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

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
    /// No word of a letter for so long is a failure.
    pub answer_within: Duration,
    /// After the first failure it is tried again after this, then after twice as long, and so on.
    pub retry_first: Duration,
    /// But never later than this.
    pub retry_max: Duration,
    /// A subscriber whom nothing reaches for so long is one no more.
    pub given_up_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            subscribers_max: 2000,
            under_way_max: 4,
            answer_within: Duration::from_secs(60),
            retry_first: Duration::from_secs(60),
            retry_max: Duration::from_secs(3600),
            given_up_after: Duration::from_secs(30 * 86_400),
        }
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Since when.
    pub since: Timestamp,
    /// All news up to this number reached the mail server, or were none any more.
    told: u64,
    sending: Option<Sending>,
    failing: Option<Failing>,
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
    /// What the page says now.
    Page(&'a StatusPage),
    /// A mail server took a letter over.
    Sent {
        /// Which.
        attempt: AttemptId,
    },
    /// It did not.
    Failed {
        /// Which.
        attempt: AttemptId,
    },
    /// Time has passed.
    Tick,
}

/// What is to be done, or written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A letter is to go out.
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
            Event::Confirmed { address } => effects.extend(self.join(address, now, settings)),
            Event::Left { address } => {
                let gone = self.known.remove(&address);
                effects.extend(gone.map(|_| Effect::Gone));
            }
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
            Event::Tick => {}
        }
        self.pass_time(now, settings, &mut effects);
        self.send(now, settings, &mut effects);
        effects
    }

    fn join(&mut self, address: Address, now: Timestamp, settings: &Settings) -> Option<Effect> {
        if self.known.contains_key(&address) {
            return None;
        }
        if self.known.len() >= settings.subscribers_max {
            return Some(Effect::Full);
        }
        let subscriber = Subscriber {
            since: now,
            told: self.row.last(),
            sending: None,
            failing: None,
        };
        self.known.insert(address, subscriber);
        Some(Effect::Joined)
    }

    fn sending(&mut self, attempt: AttemptId) -> Option<&mut Subscriber> {
        let mut all = self.known.values_mut();
        all.find(|it| it.sending.is_some_and(|it| it.attempt == attempt))
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
                if now.since(failing.since) >= settings.given_up_after {
                    given_up.push(address.clone());
                }
            }
        }
        for address in given_up {
            self.known.remove(&address);
            effects.push(Effect::GivenUp { address });
        }
    }

    /// Starts letters, to those first who are the furthest behind.
    fn send(&mut self, now: Timestamp, settings: &Settings, effects: &mut Vec<Effect>) {
        let under_way = self.known.values().filter(|it| it.sending.is_some());
        let room = settings.under_way_max.saturating_sub(under_way.count());
        let last = self.row.last();
        let mut waiting: Vec<(u64, Address)> = (self.known.iter())
            .filter(|(_, it)| it.sending.is_none() && it.told < last && it.may_try(now))
            .map(|(address, it)| (it.told, address.clone()))
            .collect();
        waiting.sort();
        for (told, address) in waiting {
            let news: Vec<News> = self.row.after(told).cloned().collect();
            let Some(known) = self.known.get_mut(&address) else {
                continue;
            };
            if news.is_empty() {
                // Too old by now: nothing is told late as if it were true.
                known.told = last;
                continue;
            }
            let started = effects.iter();
            let started = started.filter(|it| matches!(it, Effect::Send { .. }));
            if started.count() >= room {
                break;
            }
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
