//! One node at run time: its tracker behind a gate and a limit of requests.

use crate::aside::Aside;
use crate::env::Env;
use crate::gate::{Gate, GateLimits, NodeState};
use crate::hooked::Hooked;
use crate::metrics::Metrics;
use crate::ownership::Permit;
use crate::room::{FileRoom, Taken};
use crate::settings::{HostSettings, SweepSettings};
use crate::sweep::{PlaceFaults, Places};
use crate::trickle::Trickle;
use crate::turns::{FileTurn, FileTurns};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use twinline_core::effect::{Applied, Effect};
use twinline_core::names::NodeName;
use twinline_core::ownership::BootTime;
use twinline_core::time::Timestamp;
use twinline_trackers::{Probe, Scope, Subscribed, Tracker, TrackerError, Webhook};

/// A node as it is configured.
#[derive(Clone)]
pub struct NodeConfig {
    /// Its name.
    pub name: NodeName,
    /// What the node is called in front of people: `GitHub`, `Jira`.
    pub label: String,
    /// Its tracker, with credentials.
    pub tracker: Arc<dyn Tracker>,
    /// Reads its deliveries; `None` where its tracker sends none.
    pub webhook: Option<Arc<dyn Webhook>>,
    /// Where its tracker is asked to send them to; `None` where it cannot reach us.
    pub webhook_url: Option<String>,
    /// Its sweep.
    pub sweep: SweepSettings,
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The gates that have opened or closed since the scheduler last looked.
#[derive(Debug)]
pub(crate) struct GateChanges {
    nodes: Mutex<BTreeSet<NodeName>>,
    wake: Arc<Notify>,
}

impl GateChanges {
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        Self {
            nodes: Mutex::default(),
            wake,
        }
    }

    fn note(&self, node: &NodeName) {
        self.nodes
            .lock()
            .expect("no code panics with this lock")
            .insert(node.clone());
        self.wake.notify_one();
    }

    /// Takes them, in the order of their names.
    pub(crate) fn take(&self) -> BTreeSet<NodeName> {
        std::mem::take(&mut *self.nodes.lock().expect("no code panics with this lock"))
    }
}

/// The node. Its requests at once are limited; a job that waits for its turn holds no permit of another node.
pub(crate) struct Node {
    pub(crate) config: NodeConfig,
    env: Env,
    permits: Semaphore,
    /// Files on their way to it at once.
    file_turns: FileTurns,
    room: FileRoom,
    /// Reading that nobody's change waits for.
    pub(crate) aside: Aside,
    /// Work that can wait.
    trickle: Trickle,
    /// Whether attempts may begin: in a fleet while this host certainly owns the node.
    permit: Permit,
    turn_max: Duration,
    gate: Mutex<Gate>,
    /// What the last probe found, and when it was made.
    probe: Mutex<Option<(Probe, Instant)>>,
    /// The last delivery that announced a change, for the sweep's period.
    announced: Mutex<Option<Timestamp>>,
    changes: Arc<GateChanges>,
    /// Whether twins may sleep that have an item here; a sweep looks, and clears it when there is none.
    has_sleepers: AtomicBool,
    /// Whether an audit may be under way; a sweep looks, and clears it when there is none.
    may_audit: AtomicBool,
    /// Where the sweeps of its scopes stand.
    pub(crate) places: Places,
    /// What is wrong with them.
    pub(crate) place_faults: PlaceFaults,
    /// How its webhooks stand.
    pub(crate) hooked: Hooked,
    metrics: Arc<Metrics>,
}

impl Node {
    pub(crate) fn new(
        config: NodeConfig,
        settings: &HostSettings,
        env: Env,
        changes: Arc<GateChanges>,
        metrics: Arc<Metrics>,
        permit: Permit,
    ) -> Self {
        let limits = GateLimits {
            backoff: settings.backoff(),
            failures_max: settings.node_failures_max,
            credentials_period: settings.credentials_period,
        };
        Self {
            config,
            env,
            permits: Semaphore::new(settings.node_requests_max),
            file_turns: FileTurns::new(settings.node_files_max),
            room: settings.files.clone(),
            aside: Aside::default(),
            trickle: Trickle::default(),
            permit,
            turn_max: settings.request_turn_max,
            gate: Mutex::new(Gate::new(limits)),
            probe: Mutex::new(None),
            announced: Mutex::new(None),
            changes,
            has_sleepers: AtomicBool::new(true),
            may_audit: AtomicBool::new(true),
            places: Places::default(),
            place_faults: PlaceFaults::default(),
            hooked: Hooked::default(),
            metrics,
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.config.name
    }

    pub(crate) fn tracker(&self) -> &dyn Tracker {
        self.config.tracker.as_ref()
    }

    /// How long work that can wait waits now, so that what cannot finds room in the tracker's limits. Zero: it may begin.
    pub(crate) fn spare(&self, now: Instant) -> Duration {
        self.trickle.wait(self.tracker().spare(), now)
    }

    /// For how long work that can wait has found no room in the tracker's limits; zero: none waits for it.
    pub(crate) fn waits_for_room(&self, now: Instant) -> Duration {
        self.trickle.waits(now)
    }

    /// Work that can wait begins.
    pub(crate) fn begins_what_can_wait(&self, now: Instant) {
        self.trickle.begins(now);
    }

    /// Makes one request: waits for its turn, then lets the gate learn from the outcome. Where the gate has closed while
    /// it waited nothing is sent: what waits behind a node that hangs ends with the first of them.
    pub(crate) async fn request<T>(
        &self,
        request: impl Future<Output = Result<T, TrackerError>>,
    ) -> Result<T, TrackerError> {
        let permit = if let Ok(permit) = self.permits.try_acquire() {
            permit
        } else {
            let turn = tokio::time::timeout(self.turn_max, self.permits.acquire());
            let Ok(permit) = turn.await else {
                return Err(TrackerError::Busy {
                    reason: "too many requests to the node wait".to_owned(),
                    after: self.env.jittered(self.turn_max),
                    whole: false,
                });
            };
            if let Some((reason, after)) = self.lock_gate().closed(Instant::now()) {
                return Err(TrackerError::Busy {
                    reason,
                    after,
                    whole: true,
                });
            }
            permit.expect("the semaphore is never closed")
        };
        let outcome = request.await;
        // Before the next one has its turn.
        self.learn(outcome.as_ref().err());
        drop(permit);
        outcome
    }

    /// Makes a write, as [`Self::request`] and while it may begin.
    pub(crate) async fn attempt(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        let write = self.tracker().apply(effect);
        self.request(self.permit.attempt(write)).await
    }

    /// The right to send the node a file: a turn among its files, and room in memory. The permits of requests are left to
    /// others, since a file takes its time.
    pub(crate) fn file_turn(&self) -> Result<(FileTurn<'_>, Taken), TrackerError> {
        if let Some((reason, after)) = self.lock_gate().closed(Instant::now()) {
            return Err(TrackerError::Busy {
                reason,
                after,
                whole: true,
            });
        }
        let busy = |reason: &str| TrackerError::Busy {
            reason: reason.to_owned(),
            after: self.file_turns.come_back(),
            whole: false,
        };
        let turn = self.file_turns.take();
        let turn = turn.ok_or_else(|| busy("other files are on their way to the node"))?;
        let room = self.room.take();
        let room = room.ok_or_else(|| busy("files on their way take all the memory for them"))?;
        Ok((turn, room))
    }

    /// Begins a write that takes longer than an attempt may, right before it takes effect: see [`Permit::begin`].
    pub(crate) fn begin(&self) -> Result<Option<BootTime>, TrackerError> {
        self.permit.begin()
    }

    /// Makes such a write; see [`Permit::attempt_begun_later`]. The gate does not learn from it: whose fault a failure is
    /// the caller knows.
    pub(crate) async fn attempt_begun_later<T>(
        &self,
        begun: impl Future<Output = ()>,
        last: impl Fn() -> Option<BootTime>,
        attempt: impl Future<Output = Result<T, TrackerError>>,
    ) -> Result<T, TrackerError> {
        self.permit.attempt_begun_later(begun, last, attempt).await
    }

    /// Registers a webhook, while writes may begin: two owners that both found none would register two.
    pub(crate) async fn subscribe(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        let registration = self.tracker().subscribe(scope, url, secret);
        let ended = self.permit.attempt(registration).await;
        self.hooked.asked(scope, &ended);
        ended
    }

    /// Lets the gate learn from an outcome.
    pub(crate) fn learn(&self, error: Option<&TrackerError>) {
        let now = Instant::now();
        let mut gate = self.lock_gate();
        let before = (gate.state(), gate.opens_at());
        let jitter = |wait| self.env.jittered(wait);
        match error {
            Some(TrackerError::Retry { reason, after }) => {
                match after {
                    Some(after) => gate.limited(now, reason, *after, jitter),
                    None => gate.failed(now, reason, jitter),
                }
                self.metrics.retries.inc();
            }
            Some(TrackerError::Busy {
                reason,
                after,
                whole: true,
            }) => gate.limited(now, reason, *after, jitter),
            // Other kinds of requests still have room: only who asked waits.
            Some(TrackerError::Busy { whole: false, .. }) => {}
            Some(TrackerError::Unknown { reason }) => gate.failed(now, reason, jitter),
            Some(TrackerError::Credentials { sentence }) => gate.refused(now, sentence),
            // An answer that says no is still an answer: the node works.
            Some(
                TrackerError::Refused { .. }
                | TrackerError::Unfit { .. }
                | TrackerError::Unreachable { .. }
                | TrackerError::Changed
                | TrackerError::Unreadable { .. },
            )
            | None => gate.succeeded(),
        }
        let after = (gate.state(), gate.opens_at());
        drop(gate);
        if before.0 != after.0 {
            tracing::info!(node = %self.name(), after = ?after.0, "the node's state has changed");
        }
        if before != after {
            self.changes.note(self.name());
        }
    }

    /// Whether a job may start now.
    pub(crate) fn is_open(&self) -> bool {
        self.lock_gate().is_open(Instant::now())
    }

    /// A job that uses the node starts.
    pub(crate) fn enter(&self) {
        self.lock_gate().enter();
    }

    /// A job that entered has ended.
    pub(crate) fn leave(&self) {
        self.lock_gate().leave();
    }

    /// When a closed gate may be tried.
    pub(crate) fn opens_at(&self) -> Option<Instant> {
        self.lock_gate().opens_at()
    }

    pub(crate) fn set_paused(&self, paused: Option<String>) {
        self.lock_gate().set_paused(paused);
        self.changes.note(self.name());
    }

    pub(crate) fn state(&self) -> NodeState {
        self.lock_gate().state()
    }

    fn lock_gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().expect("no code panics with this lock")
    }

    /// Who we are there and how its clock differs, as the last probe found; asks once when nobody has.
    pub(crate) async fn probe(&self) -> Result<Probe, TrackerError> {
        match self.known_probe() {
            Some(known) => Ok(known),
            None => self.probe_anew().await,
        }
    }

    /// Asks, whatever is known. When that fails, what was known stays.
    pub(crate) async fn probe_anew(&self) -> Result<Probe, TrackerError> {
        let probe = self.request(self.tracker().probe()).await?;
        for fault in &probe.faults {
            tracing::warn!(node = %self.name(), fault, "the probe found a fault");
        }
        *self.lock_probe() = Some((probe.clone(), Instant::now()));
        Ok(probe)
    }

    /// Whether the last probe is older than this, or there was none.
    pub(crate) fn probe_is_older_than(&self, age: Duration) -> bool {
        self.lock_probe()
            .as_ref()
            .is_none_or(|(_, at)| at.elapsed() >= age)
    }

    /// The tracker's clock minus ours, in milliseconds, as it was last measured.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.known_probe().map_or(0, |probe| probe.skew_ms)
    }

    /// An instant of our clock by the tracker's.
    pub(crate) fn theirs(&self, ours: Timestamp) -> Timestamp {
        Timestamp::from_millis(ours.as_millis().saturating_add(self.skew_ms()))
    }

    /// What the last probe found.
    pub(crate) fn known_probe(&self) -> Option<Probe> {
        self.lock_probe().as_ref().map(|(probe, _)| probe.clone())
    }

    fn lock_probe(&self) -> MutexGuard<'_, Option<(Probe, Instant)>> {
        self.probe.lock().expect("no code panics with this lock")
    }

    /// Forgets the last probe, so that the next job probes again.
    pub(crate) fn forget_probe(&self) {
        *self.lock_probe() = None;
    }

    /// The ids of our own account there; empty while nobody has probed.
    pub(crate) fn accounts(&self) -> BTreeSet<String> {
        let account = self.known_probe().and_then(|probe| probe.account);
        account.map(|user| user.id).into_iter().collect()
    }

    pub(crate) fn has_sleepers(&self) -> bool {
        self.has_sleepers.load(Ordering::Relaxed)
    }

    pub(crate) fn set_has_sleepers(&self, has: bool) {
        self.has_sleepers.store(has, Ordering::Relaxed);
    }

    pub(crate) fn may_audit(&self) -> bool {
        self.may_audit.load(Ordering::Relaxed)
    }

    pub(crate) fn set_may_audit(&self, may: bool) {
        self.may_audit.store(may, Ordering::Relaxed);
    }

    /// A webhook has announced a change of an item that lies there, as far as it says.
    pub(crate) fn announce(&self, at: Timestamp, scope: &Scope) {
        let mut announced = self
            .announced
            .lock()
            .expect("no code panics with this lock");
        *announced = (*announced).max(Some(at));
        self.hooked.announced(scope);
    }

    /// The last change that a webhook has announced.
    pub(crate) fn announced(&self) -> Option<Timestamp> {
        *self
            .announced
            .lock()
            .expect("no code panics with this lock")
    }
}
