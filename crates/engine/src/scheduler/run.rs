//! The scheduler's one task.

use super::{Mark, Slot, Started};
use crate::host::Inner;
use crate::job::{self, Ended};
use crate::panics;
use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug_span};
use twinline_core::names::NodeName;
use twinline_core::queue::{Key, Lane};
use twinline_core::spans::TARGET;
use twinline_trackers::http::Meter;

/// Runs jobs until shutdown, then lets those in flight end within the drain time. What is aborted then is resolved
/// like after a crash.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    let mut jobs: JoinSet<()> = JoinSet::new();
    // Nodes whose gate is closed, and when each may be tried.
    let mut closed: BTreeMap<NodeName, Instant> = BTreeMap::new();
    let mut read_again_at = Instant::now() + host.settings.period;
    loop {
        host.scheduler.turns.send_modify(|turns| *turns += 1);
        let now = Instant::now();
        if read_again_at <= now {
            host.scheduler.read_again();
            super::load::leave_to_others(&host, host.scheduler.untold()).await;
            super::load::spill(&host).await;
            read_again_at = now + host.settings.period;
        }
        if let Err(error) = super::load::load(&host).await {
            tracing::error!(%error, "the dirty marks cannot be read; trying again");
        }
        let now = Instant::now();
        let opening = look_at_gates(&host, &mut closed, now);
        host.scheduler.open_slots(&|slot: &Slot| host.if_open(slot));
        let due = host.scheduler.wake_due(now);
        start_all(&host, &mut jobs);
        let next = [due, opening]
            .into_iter()
            .flatten()
            .fold(read_again_at, Instant::min);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = host.scheduler.wake.notified() => {}
            Some(ended) = jobs.join_next() => report(ended),
            () = tokio::time::sleep_until(next) => {}
        }
        while let Some(ended) = jobs.try_join_next() {
            report(ended);
        }
    }
    let drained = tokio::time::timeout(host.settings.drain, async {
        while let Some(ended) = jobs.join_next().await {
            report(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(
            jobs = jobs.len(),
            "jobs did not end in time; what they began is looked up at the next start"
        );
    }
}

/// A job's own failures are handled inside; what arrives here is an abort at shutdown.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job ended outside its boundary");
    }
}

/// Unparks the nodes whose gate has changed, with their peers; the time at which the next closed gate may be tried.
fn look_at_gates(
    host: &Inner,
    closed: &mut BTreeMap<NodeName, Instant>,
    now: Instant,
) -> Option<Instant> {
    let mut unpark = BTreeSet::new();
    for node in host.take_changed_gates() {
        match host.node(&node).and_then(|node| node.opens_at()) {
            Some(at) => closed.insert(node.clone(), at),
            None => closed.remove(&node),
        };
        unpark.extend(host.with_peers(&node));
    }
    while let Some(node) = closed
        .iter()
        .find(|(_, at)| **at <= now)
        .map(|(node, _)| node.clone())
    {
        closed.remove(&node);
        unpark.extend(host.with_peers(&node));
    }
    if !unpark.is_empty() {
        host.scheduler
            .unpark(&unpark.into_iter().collect::<Vec<_>>());
    }
    closed.values().min().copied()
}

fn start_all(host: &Arc<Inner>, jobs: &mut JoinSet<()>) {
    while jobs.len() < host.settings.jobs_max {
        let ready = |slot: &Slot| host.if_open(slot);
        let limits = host.settings.job_limits();
        let Some(started) = host.scheduler.start(limits, &ready) else {
            return;
        };
        for node in started.nodes.iter().filter_map(|name| host.node(name)) {
            node.enter();
        }
        jobs.spawn(one(Arc::clone(host), started));
    }
}

/// One job, from its start to the release of its cluster. Panics of ours end here: the twin is quarantined.
async fn one(host: Arc<Inner>, started: Started) {
    let work = started.work.clone();
    let ended = match leaves_room(&host, &started) {
        Some(wait) => {
            for (job, _) in started.marks.iter().filter_map(Mark::of_backfill) {
                host.paces.held(job, Instant::now() + wait);
            }
            Ended::Again {
                wait,
                failed: false,
            }
        }
        None => {
            let meter = Meter::default();
            let ended = meter.of(carry_out(&host, &started)).await;
            let of = started.marks.iter().find_map(Mark::of_backfill);
            let begins = matches!(started.work.key, Key::Candidate(_));
            host.paces
                .spent(started.work.lane, of, begins, meter.take());
            ended
        }
    };
    let nodes = started.nodes.clone();
    conclude(&host, started, ended).await;
    for node in nodes.iter().filter_map(|name| host.node(name)) {
        node.leave();
    }
    let peers = |node: &NodeName| host.with_peers(node);
    host.scheduler
        .finish(&work, &nodes, host.settings.job_limits(), peers);
}

/// How long work that can wait waits, so that people's changes find room in the trackers' limits; `None`: there is room.
fn leaves_room(host: &Inner, started: &Started) -> Option<Duration> {
    if started.work.lane != Lane::Backfill {
        return None;
    }
    let now = Instant::now();
    let nodes = started.nodes.iter().filter_map(|name| host.node(name));
    let nodes: Vec<_> = nodes.collect();
    let wait = nodes.iter().map(|node| node.spare(now)).max()?;
    if wait.is_zero() {
        for node in nodes {
            node.begins_what_can_wait(now);
        }
        return None;
    }
    host.scheduler.not_begun(started.work.lane);
    // Those that wait together do not come back together.
    Some(wait + host.env.jittered(wait))
}

async fn carry_out(host: &Arc<Inner>, started: &Started) -> Ended {
    let work = &started.work;
    let job = AssertUnwindSafe(job::run(host, started)).catch_unwind();
    let caught = Box::pin(job.instrument(span(host, started))).await;
    let ended = match caught {
        Ok(ended) => ended,
        Err(panic) => {
            host.metrics.panics.inc();
            let said = panics::said(&*panic);
            tracing::error!(key = ?work.key, said, "a job panicked");
            job::quarantine_panicked(host, work, said).await
        }
    };
    host.metrics.jobs.inc();
    if work.lane == Lane::Backfill {
        host.metrics.jobs_backfill.inc();
    }
    ended
}

/// The job's span: part of the trace of the first delivery that has led to it.
fn span(host: &Inner, started: &Started) -> Span {
    let work = &started.work;
    let span = match &work.key {
        Key::Twin(link) => debug_span!(target: TARGET, "job", twin = %link, node = %work.node),
        Key::Candidate(item) => debug_span!(target: TARGET, "job", candidate = %item),
    };
    host.adopt_trace(&span, started.trace().as_deref());
    span
}

async fn conclude(host: &Arc<Inner>, started: Started, ended: Ended) {
    match ended {
        Ended::Done => {
            let ready = |slot: &Slot| host.if_open(slot);
            let (done, left) = host.scheduler.done(started, &ready);
            let ended = done.cleared.iter().chain(&done.left_to_others);
            host.paces.done(ended.filter_map(Mark::of_backfill));
            if let Err(error) = super::load::clear(host, done.cleared) {
                tracing::error!(%error, "dirty marks could not be cleared");
            }
            super::load::leave_to_others(host, done.left_to_others).await;
            super::load::leave_to(host, left).await;
        }
        Ended::In(root) => host.scheduler.again_in(&started, root),
        Ended::Again { wait, failed } => {
            let wait = if failed {
                let backed_off = host.settings.backoff().wait(started.failures + 1);
                wait.max(host.env.jittered(backed_off))
            } else {
                wait
            };
            if let Key::Candidate(item) = &started.work.key {
                tracing::debug!(%item, ?wait, "looked at again later");
            }
            host.scheduler.again(&started, wait, failed);
        }
    }
}
