//! Simulators answered directly, without sockets and under a given time: for the deterministic simulation and for
//! the connectors' tests.

use crate::dump::Dump;
use crate::faulty::{Faulty, Outcome};
use crate::simulator::{Delivered, Webhook};
use bytes::Bytes;
use http::Request;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Several simulated trackers, each at its own origin: `http://github.sim`.
#[derive(Default)]
pub struct InProcess {
    trackers: BTreeMap<String, Faulty>,
}

/// No tracker is at the address that a request names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no simulated tracker is at '{0}'")]
pub struct NoSuchOrigin(pub String);

/// A webhook with the origin of the tracker that sends it, by which to tell how its delivery went.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The sender's origin.
    pub origin: String,
    /// The webhook.
    pub webhook: Webhook,
}

impl InProcess {
    /// Puts a tracker at an origin (`http://github.sim`), and tells it so.
    pub fn add(&mut self, origin: &str, mut tracker: Faulty) {
        tracker.simulator().set_base_url(origin);
        self.trackers.insert(origin.to_owned(), tracker);
    }

    /// Decides what becomes of a request, whose address must be absolute.
    pub fn decide(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Result<Outcome, NoSuchOrigin> {
        let scheme = request.uri().scheme_str().unwrap_or("http");
        let authority = request.uri().authority().map_or("", |part| part.as_str());
        Ok(self
            .tracker(&format!("{scheme}://{authority}"))?
            .decide(now, request))
    }

    /// One tracker, to command it, to read its dump, to change its faults.
    pub fn tracker(&mut self, origin: &str) -> Result<&mut Faulty, NoSuchOrigin> {
        self.trackers
            .get_mut(origin)
            .ok_or_else(|| NoSuchOrigin(origin.to_owned()))
    }

    /// The webhooks that leave now, tracker by tracker in the order of their origins.
    pub fn due_webhooks(&mut self, now: Timestamp) -> Vec<Sent> {
        let each = self.trackers.iter_mut().flat_map(|(origin, tracker)| {
            let due = tracker.due_webhooks(now).into_iter();
            due.map(|webhook| Sent {
                origin: origin.clone(),
                webhook,
            })
        });
        each.collect()
    }

    /// Tells how a webhook's delivery went.
    pub fn delivered(
        &mut self,
        now: Timestamp,
        sent: Sent,
        how: &Delivered,
    ) -> Result<(), NoSuchOrigin> {
        self.tracker(&sent.origin)?
            .delivered(now, sent.webhook, how);
        Ok(())
    }

    /// When something happens by itself next in any of them.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.trackers.values().filter_map(Faulty::next_due).min()
    }

    /// Every tracker's state by its origin.
    pub fn dumps(&mut self, now: Timestamp) -> BTreeMap<String, Dump> {
        let each = self.trackers.iter_mut();
        each.map(|(origin, tracker)| (origin.clone(), tracker.dump(now)))
            .collect()
    }
}
