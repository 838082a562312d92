//! A simulator behind an unreliable network: the one place where faults are decided.
//!
//! Pure: the same seed and the same calls in the same order give the same outcomes. The server and the in-process
//! transport only carry out what is decided here.

mod forced;
mod writes;

pub use forced::Forced;
pub use writes::{What, Write};

use crate::call;
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::faults::{FaultCounts, Faults};
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Webhooks waiting to leave; more are lost, and counted as lost.
const MAX_QUEUED_WEBHOOKS: usize = 100_000;
/// Addresses whose earlier answers are remembered for stale reads.
const MAX_REMEMBERED: usize = 2_048;
/// Answers remembered for one address.
const ANSWERS_REMEMBERED: usize = 4;

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// The caller gets this answer after that time.
    Answer {
        /// The answer.
        response: Response<Bytes>,
        /// The time it takes.
        after: Duration,
    },
    /// The caller gets no answer; the connection closes after that time.
    Silence {
        /// The time until it closes.
        after: Duration,
    },
}

/// A simulator with faults.
pub struct Faulty {
    simulator: Box<dyn Simulator>,
    faults: Faults,
    random: ChaCha8Rng,
    counts: FaultCounts,
    sequence: u64,
    late: BTreeMap<(Timestamp, u64), Request<Bytes>>,
    webhooks: BTreeMap<(Timestamp, u64), Webhook>,
    answers: BTreeMap<String, VecDeque<(Timestamp, Response<Bytes>)>>,
    forced: Vec<Forced>,
    writes: Option<Vec<Write>>,
}

impl Faulty {
    /// Puts a simulator behind faults, drawn from `seed`.
    pub fn new(mut simulator: Box<dyn Simulator>, faults: Faults, seed: u64) -> Self {
        simulator.set_index_lag(Duration::from_millis(faults.index_lag_ms));
        Self {
            simulator,
            faults,
            random: ChaCha8Rng::seed_from_u64(seed),
            counts: FaultCounts::default(),
            sequence: 0,
            late: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            answers: BTreeMap::new(),
            forced: Vec::new(),
            writes: None,
        }
    }

    /// The simulator, past all faults.
    pub fn simulator(&mut self) -> &mut dyn Simulator {
        self.simulator.as_mut()
    }

    /// The faults now.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Changes the faults from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.simulator
            .set_index_lag(Duration::from_millis(faults.index_lag_ms));
        self.faults = faults;
    }

    /// What was done so far.
    pub const fn counts(&self) -> FaultCounts {
        self.counts
    }

    /// Decides what becomes of a request, and lets it take effect where it does.
    pub fn decide(&mut self, now: Timestamp, request: &Request<Bytes>) -> Outcome {
        self.advance(now);
        self.counts.requests += 1;
        let after = self.faults.latency_ms.draw(&mut self.random);
        if let Some(response) = self.refusal(now) {
            return Outcome::Answer { response, after };
        }
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let late = !reads && (self.is_forced_late(request) || self.happens(self.faults.late_write));
        if late {
            self.counts.late_writes += 1;
            let due = now.plus(self.faults.late_write_ms.draw(&mut self.random));
            let key = (due, self.next());
            self.late.insert(key, request.clone());
            return self.silence();
        }
        if reads && let Some(response) = self.strange_answer(now, request) {
            return Outcome::Answer { response, after };
        }
        let response = self.handle(now, request, false);
        self.collect(now);
        if reads {
            self.remember(now, request, &response);
        }
        if self.happens(self.faults.timeout_after_effect) {
            self.counts.timeouts_after_effect += 1;
            return self.silence();
        }
        Outcome::Answer { response, after }
    }

    /// Does what a person or a test asks; no fault touches it, only its webhooks.
    pub fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.advance(now);
        let done = self.simulator.command(self.skewed(now), command);
        self.collect(now);
        done
    }

    /// The whole state, after the late writes that are due.
    pub fn dump(&mut self, now: Timestamp) -> Dump {
        self.advance(now);
        self.simulator.dump()
    }

    /// The webhooks that leave now, in order. Tell [`Faulty::delivered`] how each went.
    pub fn due_webhooks(&mut self, now: Timestamp) -> Vec<Webhook> {
        self.advance(now);
        let later = self.webhooks.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut self.webhooks, later);
        due.into_values().collect()
    }

    /// Tells how a webhook's delivery went; the tracker may try again by itself.
    pub fn delivered(&mut self, now: Timestamp, webhook: Webhook, how: &Delivered) {
        let again = self.simulator.delivered(self.skewed(now), &webhook, how);
        if let Some(wait) = again {
            self.enqueue(now.plus(wait), webhook);
        }
        self.collect(now);
    }

    /// When something happens by itself next: a webhook leaves, a late write lands.
    pub fn next_due(&self) -> Option<Timestamp> {
        let late = self.late.keys().next().map(|(due, _)| *due);
        let webhook = self.webhooks.keys().next().map(|(due, _)| *due);
        late.into_iter().chain(webhook).min()
    }

    /// Whether nothing is on its way: no late write, no webhook.
    pub fn is_quiet(&self) -> bool {
        self.late.is_empty() && self.webhooks.is_empty()
    }

    /// Lets the late writes land that are due.
    fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.late.first_entry() {
            let (due, _) = *entry.key();
            if due > now {
                break;
            }
            let request = entry.remove();
            // Its caller is gone: nobody reads the answer.
            drop(self.handle(due, &request, true));
            self.collect(due);
        }
    }

    fn refusal(&mut self, now: Timestamp) -> Option<Response<Bytes>> {
        if self.strikes(Forced::ServerError, self.faults.server_error) {
            self.counts.server_errors += 1;
            let status = if self.random.random_bool(0.5) {
                StatusCode::BAD_GATEWAY
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            return Some(call::json(
                status,
                &serde_json::json!({"message": "Server Error"}),
            ));
        }
        if self.strikes(Forced::Throttle, self.faults.throttle) {
            self.counts.throttled += 1;
            let wait = Duration::from_secs(self.faults.throttle_retry_after_s);
            return Some(self.simulator.throttled(self.skewed(now), wait));
        }
        None
    }

    /// An answer to a read that is not the tracker's present one.
    fn strange_answer(
        &mut self,
        now: Timestamp,
        request: &Request<Bytes>,
    ) -> Option<Response<Bytes>> {
        if self.happens(self.faults.html) {
            self.counts.html += 1;
            let mut response = Response::new(Bytes::from_static(
                b"<!doctype html><title>Sign in</title><h1>One moment, please</h1>",
            ));
            call::set(&mut response, "content-type", "text/html; charset=utf-8");
            return Some(response);
        }
        if self.happens(self.faults.oversize) {
            self.counts.oversize += 1;
            let mut body = vec![b' '; self.faults.oversize_bytes];
            body.extend_from_slice(b"null");
            let mut response = Response::new(Bytes::from(body));
            call::set(
                &mut response,
                "content-type",
                "application/json; charset=utf-8",
            );
            return Some(response);
        }
        if !self.happens(self.faults.stale_read) {
            return None;
        }
        let youngest = now.minus(Duration::from_millis(self.faults.stale_read_ms));
        let answers = self.answers.get(&request.uri().to_string())?;
        let (_, response) = answers.iter().find(|(at, _)| *at >= youngest)?;
        self.counts.stale_reads += 1;
        Some(response.clone())
    }

    fn remember(&mut self, now: Timestamp, request: &Request<Bytes>, response: &Response<Bytes>) {
        if self.faults.stale_read == 0.0 || response.status() != StatusCode::OK {
            return;
        }
        if self.answers.len() >= MAX_REMEMBERED {
            self.answers.clear();
        }
        let answers = self.answers.entry(request.uri().to_string()).or_default();
        if answers.len() >= ANSWERS_REMEMBERED {
            answers.pop_front();
        }
        answers.push_back((now, response.clone()));
    }

    /// Takes the simulator's new webhooks and decides each one's way.
    fn collect(&mut self, now: Timestamp) {
        for webhook in self.simulator.take_webhooks() {
            self.counts.webhooks += 1;
            if self.strikes(Forced::LoseWebhook, self.faults.webhook_lose) {
                self.lose(now, &webhook);
                continue;
            }
            if self.strikes(Forced::DoubleWebhook, self.faults.webhook_double) {
                self.counts.webhooks_doubled += 1;
                let due = now.plus(self.faults.webhook_delay_ms.draw(&mut self.random));
                self.enqueue(due, webhook.clone());
            }
            let mut due = now.plus(self.faults.webhook_delay_ms.draw(&mut self.random));
            if self.strikes(Forced::ReorderWebhook, self.faults.webhook_reorder) {
                self.counts.webhooks_reordered += 1;
                let hold = self.random.random_range(0..=self.faults.webhook_reorder_ms);
                due = due.plus(Duration::from_millis(hold));
            }
            self.enqueue(due, webhook);
        }
    }

    fn lose(&mut self, now: Timestamp, webhook: &Webhook) {
        self.counts.webhooks_lost += 1;
        let reason = "failed to connect to host".to_owned();
        // A tracker that would try again by itself is kept from it: lost means lost.
        let _retry =
            self.simulator
                .delivered(self.skewed(now), webhook, &Delivered::Failed { reason });
    }

    fn enqueue(&mut self, due: Timestamp, webhook: Webhook) {
        if self.webhooks.len() >= MAX_QUEUED_WEBHOOKS {
            self.lose(due, &webhook);
            return;
        }
        let key = (due, self.next());
        self.webhooks.insert(key, webhook);
    }

    fn silence(&self) -> Outcome {
        Outcome::Silence {
            after: Duration::from_millis(self.faults.timeout_ms),
        }
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.random.random_bool(probability.min(1.0))
    }

    fn skewed(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis().saturating_add(self.faults.clock_skew_ms))
    }

    const fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

#[cfg(test)]
mod tests;
