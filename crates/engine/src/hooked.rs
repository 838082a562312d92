//! Whether a node's tracker tells us of changes: what became of the last registration of each scope's webhook, and how the
//! webhook stood at the tracker when it was last looked at.
//!
//! A webhook that somebody removed or switched off is registered again by whoever registers them, as soon as that is seen.
//! What cannot be put right so (deliveries that are not taken, a registration that fails) stays until it is.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use twinline_trackers::{Scope, Subscribed, Subscription, TrackerError};

use crate::sweep::scope_key;

/// How it stands with a node's webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WebhookStanding {
    /// Nobody asked the tracker for one: it has none, cannot reach us, or shares no secret with us.
    Unasked,
    /// All are registered, and the tracker knows of nothing that is wrong with them.
    Registered,
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

/// The webhook of one scope.
#[derive(Default)]
struct Known {
    /// What became of the last registration; `None`: none was tried.
    asked: Option<Result<Subscribed, String>>,
    seen: Option<Subscription>,
}

impl Known {
    fn standing(&self) -> WebhookStanding {
        let failing = |why: &str| WebhookStanding::Failing {
            why: why.to_owned(),
        };
        match (&self.asked, &self.seen) {
            (None | Some(Ok(Subscribed::Polled)), _) => WebhookStanding::Unasked,
            (Some(_), Some(Subscription::Off(why) | Subscription::Untaken(why))) => failing(why),
            (Some(Ok(Subscribed::Registered)), Some(Subscription::Missing)) => {
                failing("the webhook is gone at the tracker, and is not registered again yet")
            }
            (Some(Ok(Subscribed::Registered)), _) => WebhookStanding::Registered,
            (Some(Ok(Subscribed::ByHand(how))), _) => WebhookStanding::ByHand { how: how.clone() },
            (Some(Err(why)), _) => failing(&format!("the webhook cannot be registered: {why}")),
        }
    }
}

/// The webhooks of one node, by their scopes' keys.
#[derive(Default)]
pub(crate) struct Hooked(Mutex<BTreeMap<String, Known>>);

impl Hooked {
    /// A registration has ended.
    pub(crate) fn asked(&self, scope: &Scope, ended: &Result<Subscribed, TrackerError>) {
        let mut known = self.lock();
        let known = known.entry(scope_key(scope)).or_default();
        let put_right = matches!(ended, Ok(Subscribed::Registered));
        if put_right && !matches!(known.seen, Some(Subscription::Untaken(_))) {
            known.seen = None;
        }
        known.asked = Some(ended.as_ref().map_err(ToString::to_string).cloned());
    }

    /// It was looked at; whether it is to be registered anew.
    pub(crate) fn seen(&self, scope: &Scope, seen: Subscription) -> bool {
        let mut known = self.lock();
        let known = known.entry(scope_key(scope)).or_default();
        let lost = matches!(seen, Subscription::Missing | Subscription::Off(_));
        known.seen = Some(seen);
        lost && known.asked.is_some()
    }

    /// What is wrong with those of these scopes, and what to do.
    pub(crate) fn faults(&self, scopes: &BTreeSet<Scope>) -> BTreeSet<String> {
        let known = self.lock();
        if known.is_empty() {
            return BTreeSet::new();
        }
        let known = scopes
            .iter()
            .filter_map(|scope| known.get(&scope_key(scope)));
        let faults = known.filter_map(|known| known.seen.as_ref()?.fault().map(str::to_owned));
        faults.collect()
    }

    /// How those of these scopes stand together: the worst counts.
    pub(crate) fn standing(&self, scopes: &BTreeSet<Scope>) -> WebhookStanding {
        let known = self.lock();
        if known.is_empty() {
            return WebhookStanding::Unasked;
        }
        let known = scopes
            .iter()
            .filter_map(|scope| known.get(&scope_key(scope)));
        let worst = known
            .map(Known::standing)
            .max_by_key(|standing| match standing {
                WebhookStanding::Unasked => 0,
                WebhookStanding::Registered => 1,
                WebhookStanding::ByHand { .. } => 2,
                WebhookStanding::Failing { .. } => 3,
            });
        worst.unwrap_or(WebhookStanding::Unasked)
    }

    /// Forgets all but these scopes.
    pub(crate) fn keep(&self, scopes: &BTreeSet<Scope>) {
        let keys: BTreeSet<String> = scopes.iter().map(scope_key).collect();
        self.lock().retain(|key, _| keys.contains(key));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().expect("no code panics with this lock")
    }
}

#[cfg(test)]
#[path = "hooked_tests.rs"]
mod tests;
