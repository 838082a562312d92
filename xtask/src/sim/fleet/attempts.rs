//! What hosts send to trackers, and whether each write may still be: its sender's ownership holds, and no later owner has
//! begun to write.
//!
//! The spec admits one exception: a process that was paused between its check and its send. No process is paused here
//! while a write of its is on the way, so nothing is excepted.

use super::etcd::Etcd;
use super::links::Links;
use crate::sim::network::Network;
use async_trait::async_trait;
use bytes::Bytes;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::sleep;
use twinline_store::Epoch;
use twinline_trackers::http::{Transport, TransportError};

/// All writes of all hosts to the trackers of one group.
pub(super) struct Attempts {
    pub(super) etcd: Arc<Etcd>,
    pub(super) group: String,
    inner: Mutex<Inner>,
}

struct Inner {
    random: ChaCha8Rng,
    /// The newest ownership that has begun to write.
    newest: (Epoch, String),
    /// How many writes of each host have been begun and have not arrived.
    on_the_way: BTreeMap<String, u32>,
    written: u64,
    faults: BTreeSet<String>,
}

impl Attempts {
    pub(super) fn new(etcd: Arc<Etcd>, group: &str, random: ChaCha8Rng) -> Self {
        let inner = Inner {
            random,
            newest: (Epoch::new(0, 0), String::new()),
            on_the_way: BTreeMap::new(),
            written: 0,
            faults: BTreeSet::new(),
        };
        Self {
            etcd,
            group: group.to_owned(),
            inner: Mutex::new(inner),
        }
    }

    /// Whether a write of this host has been begun that has not arrived.
    pub(super) fn are_on_the_way(&self, host: &str) -> bool {
        self.lock().on_the_way.get(host).is_some_and(|n| *n > 0)
    }

    /// What must not have been.
    pub(super) fn faults(&self) -> Vec<String> {
        self.lock().faults.iter().cloned().collect()
    }

    /// How many writes have arrived.
    pub(super) fn written(&self) -> u64 {
        self.lock().written
    }

    fn judge(&self, way: &Way, what: &str) {
        let holds = self.etcd.holds(&self.group, way.epoch.revision());
        let (host, epoch) = (&way.host, way.epoch);
        let mut inner = self.lock();
        if !holds {
            let fault = format!("a write of {host} {what} whose ownership {epoch} has ended");
            inner.faults.insert(fault);
        }
        if epoch < inner.newest.0 {
            let (newer, by) = inner.newest.clone();
            let fault = format!(
                "a write of {host} under {epoch} {what} when {by} has begun to write under {newer}"
            );
            inner.faults.insert(fault);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics with this lock")
    }
}

/// The way of one ownership's requests to the trackers.
pub(super) struct Way {
    pub(super) attempts: Arc<Attempts>,
    pub(super) network: Arc<Network>,
    pub(super) links: Arc<Links>,
    pub(super) host: String,
    pub(super) epoch: Epoch,
}

impl Way {
    fn delay(&self) -> Duration {
        let longest = self.links.of(&self.host).requests_arrive_after;
        let part: f64 = self.attempts.lock().random.random();
        longest.mul_f64(part)
    }
}

/// A write that has been begun and has not arrived; ends also where its sender gives it up.
struct OnTheWay<'a>(&'a Way);

impl<'a> OnTheWay<'a> {
    fn begin(way: &'a Way) -> Self {
        way.attempts.judge(way, "begins");
        let mut inner = way.attempts.lock();
        if inner.newest.0 < way.epoch {
            inner.newest = (way.epoch, way.host.clone());
        }
        *inner.on_the_way.entry(way.host.clone()).or_default() += 1;
        drop(inner);
        Self(way)
    }
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        let mut inner = self.0.attempts.lock();
        if let Some(count) = inner.on_the_way.get_mut(&self.0.host) {
            *count -= 1;
        }
    }
}

fn is_write(request: &http::Request<Bytes>) -> bool {
    let path = request.uri().path();
    *request.method() != http::Method::GET && !path.contains("/search") && !path.contains("graphql")
}

#[async_trait]
impl Transport for Way {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        if is_write(&request) {
            let on_the_way = OnTheWay::begin(self);
            sleep(self.delay()).await;
            self.attempts.judge(self, "arrives");
            self.attempts.lock().written += 1;
            drop(on_the_way);
        }
        self.network.send(request).await
    }
}
