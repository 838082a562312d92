//! Whether a node's tracker tells us of changes: what became of the last registration of each scope's webhook, and how the
//! webhook stood at the tracker when it was last looked at.
//!
//! A webhook that somebody removed or switched off is registered again by whoever registers them, as soon as that is seen;
//! one that does not stay so shows until it does. One delivery that was not taken proves little: the next look counts.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use twinline_trackers::{Scope, Subscribed, Subscription, TrackerError};

/// After a loss that a registration has put right, so many looks must find the webhook sound before the next loss may be put
/// right without a word.
const SOUND_LOOKS: u32 = 4;
/// While deliveries are not taken a registration, which asks for them again where the tracker can, is made this often, in
/// looks: it takes more requests than a look.
const REGISTER_LOOKS: u32 = 4;

/// How it stands with a node's webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WebhookStanding {
    /// Nobody asked the tracker for one: it has none, cannot reach us, or shares no secret with us.
    Unasked,
    /// All are registered, and the tracker knows of nothing that is wrong with them.
    Registered,
    /// The tracker has not answered yet whether it registers one.
    Asking,
    /// A person registers them: these are the instructions.
    ByHand {
        /// What to do.
        how: String,
    },
    /// One at least brings nothing.
    Failing {
        /// Why, and what to do.
        why: String,
    },
}

/// What became of the registrations of one webhook.
enum Asked {
    /// This, and later ones were not answered at most.
    Ended(Subscribed),
    /// The tracker said no, in these words.
    Refused(String),
    /// None was answered yet.
    Unanswered,
}

/// The webhook of one scope.
#[derive(Default)]
struct Known {
    /// `None`: no registration was tried.
    asked: Option<Asked>,
    seen: Option<Subscription>,
    /// Looks in a row that found its deliveries not taken.
    untaken: u32,
    /// Looks that must find it sound, after a loss, before the next one is put right without a word.
    owed: u32,
    /// Sweeps that have found changes since a webhook last told of any.
    unannounced: u64,
}

impl Known {
    /// A registration has ended. While the tracker does not answer, what it said before holds.
    fn asked(&mut self, ended: &Result<Subscribed, TrackerError>) {
        let says_no = |error: &TrackerError| {
            matches!(
                error,
                TrackerError::Refused { .. }
                    | TrackerError::Unreachable { .. }
                    | TrackerError::Credentials { .. }
            )
        };
        match ended {
            Ok(ended) => {
                if *ended == Subscribed::Registered {
                    self.put_right();
                }
                self.asked = Some(Asked::Ended(ended.clone()));
            }
            Err(error) if says_no(error) => self.asked = Some(Asked::Refused(error.to_string())),
            Err(_) => {
                self.asked.get_or_insert(Asked::Unanswered);
            }
        }
    }

    /// It was registered: what was lost is there again. Whether it stays so, the next looks tell. What was not there before
    /// the first registration was never lost.
    fn put_right(&mut self) {
        if !matches!(
            self.seen,
            Some(Subscription::Missing | Subscription::Off(_))
        ) {
            return;
        }
        if self.owed == 0 {
            self.seen = None;
        }
        if self.asked.is_some() {
            self.owed = SOUND_LOOKS;
        }
    }

    /// It was looked at; whether it is to be registered anew.
    fn seen(&mut self, seen: Subscription) -> bool {
        let again = match seen {
            Subscription::Missing | Subscription::Off(_) => true,
            Subscription::Untaken(_) => self.untaken.is_multiple_of(REGISTER_LOOKS),
            Subscription::Sound | Subscription::Hidden => false,
        };
        if let Subscription::Untaken(_) = seen {
            self.untaken = self.untaken.saturating_add(1);
        } else {
            self.untaken = 0;
        }
        if seen == Subscription::Sound {
            self.owed = self.owed.saturating_sub(1);
        }
        self.seen = Some(seen);
        let asks = !matches!(self.asked, None | Some(Asked::Ended(Subscribed::Polled)));
        again && asks
    }

    fn standing(&self) -> WebhookStanding {
        let failing = |why: &str| WebhookStanding::Failing {
            why: why.to_owned(),
        };
        match (&self.asked, &self.seen) {
            (None | Some(Asked::Ended(Subscribed::Polled)), _) => WebhookStanding::Unasked,
            (Some(_), Some(Subscription::Off(why))) if self.owed > 0 => failing(&format!(
                "{why}. It was put in order before and did not stay so: see who or what switches it off"
            )),
            (Some(_), Some(Subscription::Off(why))) => failing(why),
            (Some(_), Some(Subscription::Untaken(why))) if self.untaken > 1 => failing(why),
            (Some(Asked::Refused(why)), _) => {
                failing(&format!("the webhook cannot be registered: {why}"))
            }
            (Some(Asked::Ended(Subscribed::Registered)), Some(Subscription::Missing)) => {
                failing(if self.owed > 0 {
                    "the webhook was registered again, and is gone again: see who or what removes it at the tracker"
                } else {
                    "the webhook is gone at the tracker, and is not registered again yet"
                })
            }
            (Some(Asked::Ended(Subscribed::Registered)), _) => WebhookStanding::Registered,
            (Some(Asked::Ended(Subscribed::ByHand(how))), _) => {
                WebhookStanding::ByHand { how: how.clone() }
            }
            (Some(Asked::Unanswered), _) => WebhookStanding::Asking,
        }
    }
}

/// The webhooks of one node, by their scopes.
#[derive(Default)]
pub(crate) struct Hooked {
    known: Mutex<BTreeMap<Scope, Known>>,
    /// Whether there may be a scope whose sweeps have found what no webhook told: while there is none, what webhooks tell is
    /// noted nowhere.
    misses: AtomicBool,
}

impl Hooked {
    /// A registration has ended.
    pub(crate) fn asked(&self, scope: &Scope, ended: &Result<Subscribed, TrackerError>) {
        let mut known = self.lock();
        known.entry(scope.clone()).or_default().asked(ended);
    }

    /// It was looked at; whether it is to be registered anew.
    pub(crate) fn seen(&self, scope: &Scope, seen: Subscription) -> bool {
        let mut known = self.lock();
        known.entry(scope.clone()).or_default().seen(seen)
    }

    /// A sweep of the scope has found changes that no webhook had announced.
    pub(crate) fn found_unannounced(&self, scope: &Scope) {
        let mut known = self.lock();
        known.entry(scope.clone()).or_default().unannounced += 1;
        self.misses.store(true, Ordering::Release);
    }

    /// A webhook has told of a change of an item that lies there, in what the delivery says of its scope: of those that may
    /// be meant, or of all where none is.
    pub(crate) fn announced(&self, at: &Scope) {
        if !self.misses.load(Ordering::Acquire) {
            return;
        }
        let mut known = self.lock();
        let unclear = !known.keys().any(|scope| may_be(scope, at));
        for (scope, known) in known.iter_mut() {
            if unclear || may_be(scope, at) {
                known.unannounced = 0;
            }
        }
        let misses = known.values().any(|known| known.unannounced > 0);
        self.misses.store(misses, Ordering::Release);
    }

    /// The most sweeps of one of these scopes that have found changes since a webhook told of one there.
    pub(crate) fn unannounced(&self, scopes: &BTreeSet<Scope>) -> u64 {
        let known = self.lock();
        let each = scopes.iter().filter_map(|scope| known.get(scope));
        each.map(|known| known.unannounced).max().unwrap_or(0)
    }

    /// What is wrong with those of these scopes, and what to do.
    pub(crate) fn faults(&self, scopes: &BTreeSet<Scope>) -> BTreeSet<String> {
        let known = self.lock();
        let known = scopes.iter().filter_map(|scope| known.get(scope));
        let faults = known.filter_map(|known| known.seen.as_ref()?.fault().map(str::to_owned));
        faults.collect()
    }

    /// How those of these scopes stand together: the worst counts.
    pub(crate) fn standing(&self, scopes: &BTreeSet<Scope>) -> WebhookStanding {
        let known = self.lock();
        let known = scopes.iter().filter_map(|scope| known.get(scope));
        let worst = known
            .map(Known::standing)
            .max_by_key(|standing| match standing {
                WebhookStanding::Unasked => 0,
                WebhookStanding::Registered => 1,
                WebhookStanding::Asking => 2,
                WebhookStanding::ByHand { .. } => 3,
                WebhookStanding::Failing { .. } => 4,
            });
        worst.unwrap_or(WebhookStanding::Unasked)
    }

    /// Forgets all but these scopes.
    pub(crate) fn keep(&self, scopes: &BTreeSet<Scope>) {
        self.lock().retain(|scope, _| scopes.contains(scope));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Scope, Known>> {
        self.known.lock().expect("no code panics with this lock")
    }
}

/// Whether an item that lies at `at` may lie in the scope: nothing that both tell differs. Trackers write names in other
/// cases than people do.
fn may_be(scope: &Scope, at: &Scope) -> bool {
    let same = |(key, value): (&String, &String)| {
        let told = at.get(key);
        told.is_none_or(|told| told.eq_ignore_ascii_case(value))
    };
    scope.iter().all(same)
}

#[cfg(test)]
#[path = "hooked_tests.rs"]
mod tests;
