//! What hosts send to trackers, and whether each write may still be: its sender's ownership holds, and no later owner has
//! begun to write.
//!
//! The spec admits one exception: a process that was paused between its check and its send. No process is paused here
//! while a write of its is on the way, so nothing is excepted.

use super::etcd::Etcd;
use super::links::{Between, Links};
use super::time::Time;
use crate::sim::network::Network;
use async_trait::async_trait;
use bytes::Bytes;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;
use twinline_core::handles::Clock as _;
use twinline_core::time::Timestamp;
use twinline_store::Epoch;
use twinline_trackers::http::{Transport, TransportError};

/// All writes of all hosts to the trackers of one group.
pub(super) struct Attempts {
    pub(super) etcd: Arc<Etcd>,
    pub(super) group: String,
    time: Arc<Time>,
    inner: Mutex<Inner>,
}

/// A write that has arrived.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// Under which ownership it was sent.
    pub(super) epoch: Epoch,
    /// The tracker's host.
    pub(super) to: String,
    pub(super) at: Timestamp,
    pub(super) body: String,
}

struct Inner {
    random: ChaCha8Rng,
    /// The newest ownership that has begun to write.
    newest: (Epoch, String),
    /// How many writes of each host have been begun and have not arrived.
    on_the_way: BTreeMap<String, u32>,
    carried: Vec<Carried>,
    faults: BTreeSet<String>,
}

impl Attempts {
    pub(super) fn new(etcd: Arc<Etcd>, group: &str, time: Arc<Time>, random: ChaCha8Rng) -> Self {
        let inner = Inner {
            random,
            newest: (Epoch::new(0, 0), String::new()),
            on_the_way: BTreeMap::new(),
            carried: Vec::new(),
            faults: BTreeSet::new(),
        };
        Self {
            etcd,
            group: group.to_owned(),
            time,
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

    /// The writes that have arrived.
    pub(super) fn carried(&self) -> Vec<Carried> {
        self.lock().carried.clone()
    }

    /// A write arrives.
    fn arrives(&self, sender: &Sender, request: &http::Request<Bytes>) {
        self.judge(sender, "arrives");
        let carried = Carried {
            epoch: sender.epoch,
            to: request.uri().host().unwrap_or_default().to_owned(),
            at: self.time.now(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        };
        self.lock().carried.push(carried);
    }

    /// What is begun needs an ownership that holds. What arrives later than that is what a successor waits for.
    fn judge(&self, sender: &Sender, what: &str) {
        let (host, epoch) = (&sender.host, sender.epoch);
        let holds = what != BEGINS || self.etcd.holds(&self.group, epoch.revision());
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

const BEGINS: &str = "begins";

/// Who sends.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) attempts: Arc<Attempts>,
    pub(super) host: String,
    pub(super) epoch: Epoch,
}

/// The way of one ownership's requests to the trackers. A write that was sent arrives, whatever becomes of its sender.
pub(super) struct Way {
    pub(super) sender: Sender,
    pub(super) network: Arc<Network>,
    pub(super) links: Arc<Links>,
    /// Where what is on the way lives.
    pub(super) world: Handle,
}

impl Way {
    fn delay(&self, (least, most): Between) -> Duration {
        let mut inner = self.sender.attempts.lock();
        Duration::from_millis(inner.random.random_range(least..=most))
    }
}

/// A write that has been begun and has not arrived.
struct OnTheWay(Sender);

impl OnTheWay {
    fn begin(sender: Sender) -> Self {
        sender.attempts.judge(&sender, BEGINS);
        let mut inner = sender.attempts.lock();
        if inner.newest.0 < sender.epoch {
            inner.newest = (sender.epoch, sender.host.clone());
        }
        *inner.on_the_way.entry(sender.host.clone()).or_default() += 1;
        drop(inner);
        Self(sender)
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        let mut inner = self.0.attempts.lock();
        if let Some(count) = inner.on_the_way.get_mut(&self.0.host) {
            *count -= 1;
        }
    }
}

fn is_write(request: &http::Request<Bytes>) -> bool {
    let path = request.uri().path();
    let reads = ["/search", "/bulkfetch"]
        .iter()
        .any(|part| path.contains(part));
    *request.method() != http::Method::GET && !reads
}

#[async_trait]
impl Transport for Way {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let ways = self.links.of(&self.sender.host);
        if !is_write(&request) {
            if ways.reads_arrive_after != Between::default() {
                sleep(self.delay(ways.reads_arrive_after)).await;
            }
            return self.network.send(request).await;
        }
        let on_the_way = OnTheWay::begin(self.sender.clone());
        let (delay, network) = (
            self.delay(ways.writes_arrive_after),
            Arc::clone(&self.network),
        );
        let carried = self.world.spawn(async move {
            sleep(delay).await;
            let sender = &on_the_way.0;
            sender.attempts.arrives(sender, &request);
            drop(on_the_way);
            network.send(request).await
        });
        let lost = |_| Err(TransportError::maybe_sent("the world has ended"));
        carried.await.unwrap_or_else(lost)
    }
}
