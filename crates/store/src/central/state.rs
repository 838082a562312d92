//! What all parts of the client share: generation, the writer that is known, the breaker, health.

use super::breaker::{Breaker, Pass};
use super::error::CentralError;
use super::health::{CentralHealth, PoolName, Standing, WriterFacts};
use super::settings::CentralSettings;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;

/// After a failed connect, others fail at once for so long; doubled with each failure.
const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const BACK_OFF_MAX: Duration = Duration::from_secs(1);

/// Which server this is: tells a failover from a mere reconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// `host:port` as connected to.
    pub(super) at: String,
    /// The cluster's system identifier; a standby has its primary's.
    pub(super) system: String,
    /// The timeline that it writes; `None` while it takes no writes. A promotion raises it.
    pub(super) timeline: Option<u32>,
    /// When its postmaster was started, as the server words it.
    pub(super) started: String,
    /// The same, in milliseconds since the epoch.
    pub(super) started_ms: i64,
    /// As a number: 170002.
    pub(super) version: u32,
}

impl Server {
    /// What is told of it; nothing while it takes no writes.
    fn facts(&self) -> Option<WriterFacts> {
        Some(WriterFacts {
            at: self.at.clone(),
            system_identifier: self.system.parse().ok()?,
            timeline: self.timeline?,
            server_version: self.version,
            started_ms: self.started_ms,
        })
    }
}

/// When something began: by the wall clock, and by one that only goes forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    at: Timestamp,
    instant: Instant,
}

/// See the module.
pub(super) struct State {
    pub(super) settings: CentralSettings,
    pub(super) clock: Arc<dyn Clock>,
    health: watch::Sender<CentralHealth>,
    inner: Mutex<Inner>,
}

struct Inner {
    generation: u64,
    writer: Option<Server>,
    breaker: Breaker,
    back_off: Duration,
    /// Until then connecting fails at once, with the reason of the failure before.
    closed_until: Option<(Instant, CentralError)>,
}

impl State {
    pub(super) fn new(settings: CentralSettings, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            generation: 1,
            writer: None,
            breaker: Breaker::new(settings.abandoned_commits_max),
            back_off: FIRST_BACK_OFF,
            closed_until: None,
        };
        let health = CentralHealth {
            generation: inner.generation,
            ..CentralHealth::default()
        };
        Self {
            settings,
            clock,
            health: watch::Sender::new(health),
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn health(&self) -> watch::Receiver<CentralHealth> {
        self.health.subscribe()
    }

    /// Connections of an older generation are retired.
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Something showed that the writer may be another one: all pooled connections are retired.
    pub(super) fn bump(&self, why: &str) {
        let mut inner = self.lock();
        inner.generation += 1;
        let generation = inner.generation;
        drop(inner);
        tracing::info!(
            generation,
            why,
            "connections to the central database are retired"
        );
        self.change(|health| health.generation = generation);
    }

    /// A server that takes writes was connected to: answers with the generation of the new connection. A server of an
    /// older timeline than was seen is one that lost its office, however ready it seems.
    pub(super) fn admit(&self, server: &Server) -> Result<u64, CentralError> {
        let mut inner = self.lock();
        let known = inner.writer.replace(server.clone());
        let changed = match &known {
            None => false,
            Some(known) if known.system == server.system => {
                if server.timeline < known.timeline {
                    inner.writer = Some(known.clone());
                    return Err(CentralError::NoWriter(format!(
                        "{} is on timeline {}, and {} was seen on timeline {}",
                        server.at,
                        shown(server.timeline),
                        known.at,
                        shown(known.timeline)
                    )));
                }
                server.timeline > known.timeline || server.started != known.started
            }
            Some(_) => true,
        };
        if changed {
            inner.generation += 1;
            // What was given up was given up on the server that this one has followed.
            inner.breaker = Breaker::new(self.settings.abandoned_commits_max);
            tracing::info!(
                at = server.at,
                timeline = shown(server.timeline),
                "the central database's writer has changed"
            );
        }
        let generation = inner.generation;
        drop(inner);
        let writer = format!("{}, timeline {}", server.at, shown(server.timeline));
        self.change(|health| {
            health.generation = generation;
            health.writer = Some(writer);
            health.server = server.facts();
        });
        Ok(generation)
    }

    /// Fails while connecting is not to be tried again yet.
    pub(super) fn may_connect(&self) -> Result<(), CentralError> {
        match &self.lock().closed_until {
            Some((until, error)) if Instant::now() < *until => Err(error.clone()),
            _ => Ok(()),
        }
    }

    pub(super) fn connected(&self, outcome: Result<(), &CentralError>) {
        let mut inner = self.lock();
        match outcome {
            Ok(()) => {
                inner.closed_until = None;
                inner.back_off = FIRST_BACK_OFF;
            }
            Err(error) => {
                inner.closed_until = Some((Instant::now() + inner.back_off, error.clone()));
                inner.back_off = (inner.back_off * 2).min(BACK_OFF_MAX);
            }
        }
    }

    /// The right to begin a write.
    pub(super) fn enter(&self) -> Result<Pass, CentralError> {
        let fail = self.health.borrow().commits.is_failing();
        self.lock().breaker.enter(Instant::now(), fail)
    }

    /// A write has ended.
    pub(super) fn leave(&self, pass: Pass, abandoned: bool, proven: bool) {
        let mut inner = self.lock();
        if abandoned {
            inner.breaker.abandon();
        }
        inner.breaker.leave(Instant::now(), pass, proven);
        let (count, open) = (inner.breaker.abandoned(), inner.breaker.is_open());
        drop(inner);
        self.change(|health| {
            health.abandoned_writes = count;
            health.breaker_open = open;
        });
    }

    /// Something begins now.
    pub(super) fn begin(&self) -> Begun {
        Begun {
            at: self.clock.now(),
            instant: Instant::now(),
        }
    }

    /// The server confirmed a commit that was begun then.
    pub(super) fn proven(&self, pool: PoolName, begun: Begun) {
        self.change(|health| {
            health.proven.insert(pool, begun.at);
            health.proofs.insert(pool, begun.instant);
        });
    }

    pub(super) fn reads(&self, outcome: Result<(), &CentralError>) {
        let now = self.clock.now();
        self.change(|health| note(&mut health.reads, now, outcome, "read"));
    }

    pub(super) fn commits(&self, outcome: Result<(), &CentralError>) {
        let now = self.clock.now();
        self.change(|health| note(&mut health.commits, now, outcome, "commit"));
    }

    /// Publishes a change; nobody is woken when there is none.
    fn change(&self, change: impl FnOnce(&mut CentralHealth)) {
        self.health.send_if_modified(|health| {
            let before = health.clone();
            change(health);
            *health != before
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics with this lock")
    }
}

fn note(
    standing: &mut Standing,
    now: Timestamp,
    outcome: Result<(), &CentralError>,
    what: &'static str,
) {
    match outcome {
        Ok(()) => {
            if standing.is_failing() {
                tracing::info!(what, "the central database works again");
            }
            *standing = Standing::Ok;
        }
        Err(error) => {
            if !standing.is_failing() {
                tracing::warn!(what, %error, "the central database does not");
            }
            standing.fail(now, error.to_string());
        }
    }
}

#[cfg(test)]
mod tests;

fn shown(timeline: Option<u32>) -> String {
    timeline.map_or_else(|| "none".to_owned(), |timeline| timeline.to_string())
}
