//! Probes: once in a period each node is asked whether it works, and its places (projects, repositories) whether we may
//! work there, and how their webhooks stand. What they complain about is the node's faults in the status.

use super::scope_key;
use crate::host::Inner;
use crate::node::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use twinline_trackers::{Scope, TrackerError};

/// Places of a node that are asked about in one period, at most: with three requests each, four times an hour, they take
/// less than a tenth of the 5,000 requests an hour that GitHub grants. More places take turns.
const PLACES_A_PERIOD_MAX: usize = 40;

/// What is wrong with the places of one node's scopes, by their keys, and when each was asked about.
#[derive(Debug, Default)]
pub(crate) struct PlaceFaults(Mutex<BTreeMap<String, (Vec<String>, Instant)>>);

impl PlaceFaults {
    pub(crate) fn are_there(&self) -> bool {
        self.lock().values().any(|(faults, _)| !faults.is_empty())
    }

    /// What is wrong with these places. What several of them say (two item types of one project) stands once.
    pub(crate) fn of(&self, scopes: &BTreeSet<Scope>) -> BTreeSet<String> {
        let known = self.lock();
        let faults = scopes
            .iter()
            .filter_map(|scope| known.get(&scope_key(scope)));
        faults.flat_map(|(faults, _)| faults.clone()).collect()
    }

    /// Those of these places whose turn it is: first who were never asked about, then who were longest ago.
    fn turn(&self, scopes: BTreeSet<Scope>) -> Vec<Scope> {
        let mut known = self.lock();
        let mut turns: Vec<(String, Scope)> = scopes
            .into_iter()
            .map(|scope| (scope_key(&scope), scope))
            .collect();
        known.retain(|key, _| turns.iter().any(|(wanted, _)| wanted == key));
        turns.sort_by_key(|(key, _)| known.get(key).map(|(_, at)| *at));
        turns.truncate(PLACES_A_PERIOD_MAX);
        turns.into_iter().map(|(_, scope)| scope).collect()
    }

    fn put(&self, scope: &Scope, faults: Vec<String>) {
        let mut known = self.lock();
        known.insert(scope_key(scope), (faults, Instant::now()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (Vec<String>, Instant)>> {
        self.0.lock().expect("no code panics with this lock")
    }
}

/// Refreshes what is known about the node, if that is older than a period, and stores it; answers whether it has. A failure
/// is the gate's: what was known stays.
pub(super) async fn node(host: &Inner, node: &Node) -> bool {
    if !node.probe_is_older_than(host.settings.probe_period) {
        return false;
    }
    let probe = match node.probe_anew().await {
        Ok(probe) => probe,
        Err(error) => {
            tracing::debug!(node = %node.name(), %error, "the probe failed");
            return false;
        }
    };
    let (name, now) = (node.name().clone(), host.env.now());
    let json = serde_json::to_string(&probe).expect("a probe is JSON");
    let stored = host
        .store
        .write(move |tx| tx.put_probe(&name, now, probe.skew_ms, &json))
        .await;
    if let Err(error) = stored {
        tracing::error!(node = %node.name(), %error, "the probe could not be stored");
    }
    true
}

/// Asks about the node's places whose turn it is. Ends where the node does not answer: what was known stays, and those
/// that are left are the first of the next period.
pub(super) async fn places(host: &Inner, node: &Node) {
    let scopes = host.scopes_of(node.name());
    node.hooked.keep(&scopes);
    for scope in node.place_faults.turn(scopes) {
        if !node.is_open() {
            return;
        }
        let asked = node.request(node.tracker().probe_place(&scope, None)).await;
        let is_there = asked.is_ok();
        let faults = match asked {
            Ok(faults) => faults,
            Err(error) if is_of_the_place(&error) => vec![format!("{}: {error}", named(&scope))],
            Err(error) => {
                tracing::debug!(node = %node.name(), %error, "the probe of a place failed");
                return;
            }
        };
        for fault in &faults {
            tracing::warn!(node = %node.name(), fault, "the probe of a place found a fault");
        }
        node.place_faults.put(&scope, faults);
        if is_there {
            webhook(host, node, &scope).await;
        }
    }
}

/// Looks how a place's webhook stands. One that is gone or switched off is registered anew, if it was before.
async fn webhook(host: &Inner, node: &Node, scope: &Scope) {
    let Some(url) = node.config.webhook_url.as_deref() else {
        return;
    };
    let asked = node.request(node.tracker().subscription(scope, url)).await;
    let seen = match asked {
        Ok(seen) => seen,
        Err(error) => {
            tracing::debug!(node = %node.name(), %error, "how the webhook stands cannot be seen");
            return;
        }
    };
    if let Some(fault) = seen.fault() {
        tracing::warn!(node = %node.name(), fault, "the webhook brings nothing");
    }
    if node.hooked.seen(scope, seen) {
        host.lose_webhook(node.name(), scope);
    }
}

/// Whether the node works, and an error is its answer about the place.
const fn is_of_the_place(error: &TrackerError) -> bool {
    matches!(
        error,
        TrackerError::Refused { .. }
            | TrackerError::Unreachable { .. }
            | TrackerError::Unreadable { .. }
    )
}

/// A scope for people: `project P, type Bug`.
fn named(scope: &Scope) -> String {
    let parts = scope.iter().map(|(key, value)| format!("{key} {value}"));
    parts.collect::<Vec<_>>().join(", ")
}
