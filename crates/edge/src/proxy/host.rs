//! One host as the proxy sees it: its address, its places, whether it is ejected, what became of requests to it.

use super::ejection::{Admitted, Gate};
use super::{ProxyLimits, Refused};
use crate::metrics::{HostMetrics, Metrics};
use http::uri::Authority;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// One host. Its places are its own: whatever it does with them, no other host and no webhook lacks one.
pub(super) struct Host {
    pub(super) name: Arc<str>,
    authority: RwLock<Authority>,
    in_flight: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    gate: Gate,
    metrics: HostMetrics,
}

impl Host {
    pub(super) fn new(name: &str, at: SocketAddr, limits: &ProxyLimits, all: &Metrics) -> Self {
        Self {
            name: name.into(),
            authority: RwLock::new(authority(at)),
            in_flight: Arc::new(Semaphore::new(limits.in_flight_per_host)),
            streams: Arc::new(Semaphore::new(limits.streams_per_host)),
            gate: Gate::default(),
            metrics: all.host(name),
        }
    }

    /// It serves there from now on.
    pub(super) fn moved(&self, at: SocketAddr) {
        let at = authority(at);
        let mut known = self.authority.write().expect("nothing panics with it");
        if *known != at {
            *known = at;
            drop(known);
            self.gate.forget();
        }
    }

    pub(super) fn authority(&self) -> Authority {
        let known = self.authority.read().expect("nothing panics with it");
        known.clone()
    }

    /// Brings its gauges up to date.
    pub(super) fn measure(&self, limits: &ProxyLimits) {
        let taken = |all: usize, places: &Semaphore| {
            i64::try_from(all.saturating_sub(places.available_permits())).unwrap_or(i64::MAX)
        };
        let in_flight = taken(limits.in_flight_per_host, &self.in_flight);
        let streams = taken(limits.streams_per_host, &self.streams);
        self.metrics.in_flight.set(in_flight);
        self.metrics.streams.set(streams);
        self.metrics.ejected.set(i64::from(self.gate.is_ejected()));
    }

    pub(super) fn admits(&self) -> bool {
        self.gate.admits(Instant::now())
    }

    /// A place for one request, at once or not at all.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Entered, Refused> {
        // The place first: a probe that finds none would have to be taken back.
        let Ok(place) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            self.metrics.ended("full");
            return Err(Refused::Full(Arc::clone(&self.name)));
        };
        match self.gate.admit(Instant::now()) {
            Ok(admitted) => Ok(Entered {
                place: Some(place),
                told: false,
                admitted,
                host: Arc::clone(self),
            }),
            Err(wait) => {
                self.metrics.ended("ejected");
                Err(Refused::Ejected(Arc::clone(&self.name), wait))
            }
        }
    }
}

pub(super) fn authority(at: SocketAddr) -> Authority {
    let text = at.to_string();
    text.parse().expect("a socket's address is an authority")
}

/// A request that has its place at a host. Whoever holds it tells how the host behaved; dropped without that, the caller
/// went away.
pub(super) struct Entered {
    place: Option<OwnedSemaphorePermit>,
    told: bool,
    admitted: Admitted,
    host: Arc<Host>,
}

impl Entered {
    pub(super) fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The host has answered; gives the place for as long as the answer's body lasts.
    pub(super) fn answered(mut self) -> OwnedSemaphorePermit {
        self.told = true;
        self.host.gate.succeeded(self.admitted);
        if self.admitted == Admitted::AsProbe {
            tracing::info!(host = %self.host.name, "the host answers again");
        }
        self.host.metrics.ended("answered");
        self.place.take().expect("it is taken here only")
    }

    /// The same for an answer that lasts: its place is among the streams, so that streams take none from requests.
    pub(super) fn streams(self) -> Result<OwnedSemaphorePermit, Refused> {
        let host = Arc::clone(&self.host);
        drop(self.answered());
        let place = Arc::clone(&host.streams).try_acquire_owned();
        place.map_err(|_| Refused::Full(Arc::clone(&host.name)))
    }

    /// The host failed; `ended` is the failure's name in metrics.
    pub(super) fn failed(mut self, ended: &'static str) {
        self.told = true;
        self.host.metrics.ended(ended);
        if self.host.gate.failed(self.admitted, Instant::now()) {
            tracing::warn!(host = %self.host.name, ended, "the host is ejected for a while");
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if !self.told {
            self.host.gate.abandoned(self.admitted);
            self.host.metrics.ended("caller_gone");
        }
    }
}
