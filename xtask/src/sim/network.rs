//! The network between connectors and simulators: no sockets, simulated time.

use super::place::Place;
use super::trace::Trace;
use async_trait::async_trait;
use bytes::Bytes;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::inprocess::{InProcess, NoSuchOrigin, Sent};
use twinline_sim::{
    Command, Delivered, Done, Dump, Faults, Faulty, Outcome, Refused, Simulator, Write,
};
use twinline_trackers::http::{
    ByteStream, Outgoing, Sent as Left, Transport, TransportError, collect,
};

/// The most bytes of a request that are carried.
const BODY_MAX_BYTES: usize = 64 * 1024 * 1024;
/// How many bytes of a file come at once.
const PIECE_BYTES: usize = 256 * 1024;
/// Longer contents are not repeated in the trace.
const SHOWN_MAX_BYTES: usize = 64 * 1024;

/// What a test breaks on purpose, to see that the checkers find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Every request that sets something is made twice: an echo that comes once with each change.
    SetTwice,
    /// Every request that makes an issue in Jira is made twice. In one tracker only: a double enters as well.
    MakeTwice,
    /// Jira says that it has changed an issue, and has not.
    Forget,
}

impl Sabotage {
    /// Whether this request is made once more.
    fn repeats(self, request: &http::Request<Bytes>) -> bool {
        let path = request.uri().path();
        match self {
            Self::SetTwice => matches!(*request.method(), http::Method::PUT | http::Method::PATCH),
            Self::MakeTwice => {
                *request.method() == http::Method::POST && path.ends_with("/rest/api/3/issue")
            }
            Self::Forget => false,
        }
    }

    fn forgets(self, request: &http::Request<Bytes>) -> bool {
        let path = request.uri().path();
        self == Self::Forget
            && *request.method() == http::Method::PUT
            && path.starts_with("/rest/api/3/issue/")
            && !path.contains("/properties/")
    }
}

/// All simulated trackers, and the way to them.
pub(super) struct Network {
    places: Vec<Place>,
    trackers: Mutex<InProcess>,
    ways: Mutex<ChaCha8Rng>,
    clock: Arc<dyn Clock>,
    trace: Trace,
    sabotage: Option<Sabotage>,
    /// Rung when something may be due at a tracker: a webhook, a late write.
    pub(super) changed: Notify,
}

impl Network {
    pub(super) fn new(
        places: &[Place],
        seed: u64,
        ways: ChaCha8Rng,
        clock: Arc<dyn Clock>,
        trace: Trace,
    ) -> Self {
        let homes = Place::homes(places).into_iter();
        let simulators = homes.map(|place| (place, place.simulator()));
        Self {
            places: places.to_vec(),
            ..Self::of(simulators.collect(), seed, ways, clock, trace)
        }
    }

    /// A network of given simulators.
    pub(super) fn of(
        simulators: Vec<(Place, Box<dyn Simulator>)>,
        seed: u64,
        ways: ChaCha8Rng,
        clock: Arc<dyn Clock>,
        trace: Trace,
    ) -> Self {
        let places = simulators.iter().map(|(place, _)| *place).collect();
        let mut trackers = InProcess::default();
        for (at, (place, simulator)) in simulators.into_iter().enumerate() {
            let seed = seed.wrapping_mul(31).wrapping_add(at as u64);
            let faulty = Faulty::new(simulator, Faults::default(), seed);
            trackers.add(&place.origin(), faulty);
        }
        Self {
            places,
            trackers: Mutex::new(trackers),
            ways: Mutex::new(ways),
            clock,
            trace,
            sabotage: None,
            changed: Notify::new(),
        }
    }

    /// The same network, broken.
    pub(super) const fn broken(mut self, sabotage: Option<Sabotage>) -> Self {
        self.sabotage = sabotage;
        self
    }

    /// From now on it is noted what each request changes.
    pub(super) fn note_writes(&self) {
        for place in Place::homes(&self.places) {
            self.with(place, |tracker, _| tracker.note_writes());
        }
    }

    /// What was noted since this was last asked, by each tracker's first place.
    pub(super) fn take_writes(&self) -> BTreeMap<Place, Vec<Write>> {
        let homes = Place::homes(&self.places).into_iter();
        homes
            .map(|place| (place, self.with(place, |tracker, _| tracker.take_writes())))
            .collect()
    }

    /// What a tracker makes of a request.
    fn decide(&self, request: &http::Request<Bytes>) -> Result<Outcome, NoSuchOrigin> {
        let now = self.clock.now();
        let mut trackers = self.lock();
        if self.sabotage.is_some_and(|how| how.forgets(request)) {
            let mut response = http::Response::new(Bytes::new());
            *response.status_mut() = http::StatusCode::NO_CONTENT;
            let after = Duration::ZERO;
            return Ok(Outcome::Answer { response, after });
        }
        if self.sabotage.is_some_and(|how| how.repeats(request)) {
            drop(trackers.decide(now, request));
        }
        trackers.decide(now, request)
    }

    fn lock(&self) -> MutexGuard<'_, InProcess> {
        self.trackers.lock().expect("no code panics with this lock")
    }

    fn with<T>(&self, place: Place, act: impl FnOnce(&mut Faulty, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut trackers = self.lock();
        let tracker = trackers.tracker(&place.origin());
        let done = act(tracker.expect("the place takes part"), now);
        drop(trackers);
        self.changed.notify_one();
        done
    }

    /// A person acts.
    pub(super) fn command(&self, place: Place, command: Command) -> Result<Done, Refused> {
        let said = shown(&command);
        let done = self.with(place, |tracker, now| tracker.command(now, command));
        self.trace.step(format_args!(
            "person at {}: {said} -> {done:?}",
            place.name()
        ));
        done
    }

    pub(super) fn set_faults(&self, place: Place, faults: Faults) {
        self.with(place, |tracker, _| tracker.set_faults(faults));
    }

    /// A place's state: what lies in its scope.
    pub(super) fn dump(&self, place: Place) -> Dump {
        let now = self.clock.now();
        let mut trackers = self.lock();
        let tracker = trackers.tracker(&place.origin());
        let mut dump = tracker.expect("the place takes part").dump(now);
        dump.items
            .retain(|item| item.container == place.container());
        dump
    }

    /// The state of a place's whole tracker, with what lies outside of its scope.
    pub(super) fn whole(&self, place: Place) -> Dump {
        self.with(place, |tracker, now| tracker.dump(now))
    }

    /// Every place's state.
    pub(super) fn dumps(&self) -> BTreeMap<Place, Dump> {
        let places = self.places.iter();
        places.map(|place| (*place, self.dump(*place))).collect()
    }

    pub(super) fn due_webhooks(&self) -> Vec<Sent> {
        self.lock().due_webhooks(self.clock.now())
    }

    pub(super) fn delivered(&self, sent: Sent, how: &Delivered) {
        let told = self.lock().delivered(self.clock.now(), sent, how);
        told.expect("the sender takes part");
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = self.lock().next_due()?;
        Some(due.since(self.clock.now()))
    }

    /// How long a request is under way before it arrives.
    fn way(&self) -> Duration {
        let mut ways = self.ways.lock().expect("no code panics with this lock");
        Duration::from_millis(ways.random_range(0..=3))
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        // Whoever dies here has sent nothing; whoever dies below has.
        tokio::time::sleep(self.way()).await;
        let decided = self.decide(&request);
        self.changed.notify_one();
        let said = || {
            let body = match request.body() {
                long if long.len() > SHOWN_MAX_BYTES => format!("{} bytes", long.len()).into(),
                body => String::from_utf8_lossy(body),
            };
            format!("{} {} {body}", request.method(), request.uri())
        };
        match decided {
            Ok(Outcome::Answer { response, after }) => {
                self.trace
                    .step(format_args!("{} -> {}", said(), response.status()));
                tokio::time::sleep(after).await;
                Ok(response)
            }
            Ok(Outcome::Silence { after }) => {
                self.trace.step(format_args!("{} -> silence", said()));
                tokio::time::sleep(after).await;
                Err(TransportError::maybe_sent("no answer came"))
            }
            Err(nowhere) => Err(TransportError::not_sent(nowhere.to_string())),
        }
    }

    /// What a request brings is taken whole, as a simulator does; what it fetches comes in pieces.
    async fn stream(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<ByteStream>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = collect(body.bytes, BODY_MAX_BYTES).await;
        let body = body.map_err(|error| TransportError {
            sent: Left::NotSent,
            ..error
        })?;
        let response = self.send(http::Request::from_parts(parts, body)).await?;
        Ok(response.map(pieces))
    }
}

fn pieces(body: Bytes) -> ByteStream {
    let starts = (0..body.len().max(1)).step_by(PIECE_BYTES);
    let piece = move |from: usize| Ok(body.slice(from..body.len().min(from + PIECE_BYTES)));
    Box::pin(futures_util::stream::iter(starts.map(piece)))
}

/// A command as the trace tells it.
fn shown(command: &Command) -> String {
    match command {
        Command::Attach {
            key,
            by,
            name,
            body,
            ..
        } if body.len() > SHOWN_MAX_BYTES => {
            format!("{by} attaches {name} of {} bytes to {key}", body.len())
        }
        command => format!("{command:?}"),
    }
}
