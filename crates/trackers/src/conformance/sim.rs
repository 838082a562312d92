//! The suite's harness over a simulator in this process: for the connectors' own tests, and for `xtask`, which compiles
//! this file too: connectors do not depend on simulators.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::item::{User, Value};
use twinline_core::names::FieldName;
use twinline_core::richtext::Dialect;
use twinline_core::time::Timestamp;
use twinline_sim::inprocess::InProcess;
use twinline_sim::{Command, Delivered, Done, Faulty, Outcome, Simulator};
use twinline_trackers::conformance::{Act, Acted, Harness, Meddler};
use twinline_trackers::http::{Secret, Transport, TransportError};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Learnt, Scope, Tracker, TrackerDescription, Webhook};

const ORIGIN: &str = "http://tracker.sim";

/// The start of the simulated time: 2026-01-31T09:30:00Z.
const START: i64 = 1_769_851_800_000;

/// The people of the simulators' seeds.
const PERSON: &str = "ana";

/// What differs between the simulated trackers.
pub struct Under {
    /// The tracker's name.
    pub tracker: &'static str,
    /// The `auth` table.
    pub auth: &'static [(&'static str, &'static str)],
    /// Where items are made.
    pub scope: &'static [(&'static str, &'static str)],
    /// Where a person creates items.
    pub container: &'static str,
    /// Where a person moves items to; `None`: nowhere.
    pub move_to: Option<&'static str>,
    /// A trigger that every open item matches and no closed one does.
    pub open_trigger: &'static str,
    /// A trigger that is not understood, and the part to name; empty: every text is one.
    pub bad_trigger: (&'static str, &'static str),
    /// What a new item must have beside its title.
    pub required_fields: BTreeMap<FieldName, Value>,
    /// A channel that only some of an item's readers see, as the simulator's control side names it; `None`: it has none.
    pub internal_channel: Option<&'static str>,
    /// Whether the tracker tells a deleted item from a hidden one.
    pub tells_deletion: bool,
    /// Whether the tracker sends webhooks that the connector reads.
    pub webhooks: bool,
}

/// What a node's settings say beyond those of every tracker.
#[derive(Default)]
struct Told {
    texts: Option<Dialect>,
    description: Option<Arc<TrackerDescription>>,
}

/// A simulator, a clock that stands still unless it is moved, and the connector.
pub struct SimHarness {
    under: Under,
    world: Arc<World>,
    meddler: Arc<Meddler>,
    settings: NodeSettings,
    tracker: Arc<dyn Tracker>,
    unassignable: Option<User>,
}

struct World {
    trackers: Mutex<InProcess>,
    now_ms: AtomicI64,
}

impl World {
    fn locked(&self) -> MutexGuard<'_, InProcess> {
        self.trackers
            .lock()
            .expect("a simulator that panicked fails the check that asked it")
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Transport for World {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let mut trackers = self.locked();
        match trackers.decide(self.now(), &request) {
            Ok(Outcome::Answer { response, .. }) => Ok(response),
            Ok(Outcome::Silence { .. }) => Err(TransportError::maybe_sent("no answer came")),
            Err(nowhere) => Err(TransportError::not_sent(nowhere.to_string())),
        }
    }
}

fn connector(
    under: &Under,
    settings: NodeSettings,
    world: &Arc<World>,
    meddler: &Arc<Meddler>,
) -> Arc<dyn Tracker> {
    let transport: Arc<dyn Transport> = Arc::<Meddler>::clone(meddler);
    let clock: Arc<dyn Clock> = Arc::<World>::clone(world);
    registry::build(under.tracker, settings, transport, clock)
        .expect("the harness names a tracker and its auth")
}

impl SimHarness {
    /// Puts the connector in front of a simulator.
    pub fn new(simulator: Box<dyn Simulator>, under: Under) -> Self {
        Self::build(simulator, under, true, Told::default())
    }

    /// Puts the connector of a described tracker in front of a simulator.
    pub fn described(simulator: Box<dyn Simulator>, under: Under, description: &str) -> Self {
        let description =
            TrackerDescription::parse(description).expect("the harness has a sound description");
        let told = Told {
            description: Some(Arc::new(description)),
            ..Told::default()
        };
        Self::build(simulator, under, true, told)
    }

    /// The same, with the tracker's published limits kept.
    pub fn limited(simulator: Box<dyn Simulator>, under: Under) -> Self {
        Self::build(simulator, under, false, Told::default())
    }

    /// The same as [`Self::new`], with the notation that the instance's texts are set to.
    pub fn with_texts(simulator: Box<dyn Simulator>, under: Under, texts: Dialect) -> Self {
        let told = Told {
            texts: Some(texts),
            ..Told::default()
        };
        Self::build(simulator, under, true, told)
    }

    fn build(simulator: Box<dyn Simulator>, under: Under, unlimited: bool, told: Told) -> Self {
        let mut trackers = InProcess::default();
        trackers.add(
            ORIGIN,
            Faulty::new(simulator, twinline_sim::Faults::default(), 1),
        );
        let world = Arc::new(World {
            trackers: Mutex::new(trackers),
            now_ms: AtomicI64::new(START),
        });
        let meddler = Arc::new(Meddler::new(Arc::<World>::clone(&world)));
        let auth = under.auth.iter();
        let settings = NodeSettings {
            node: "node".into(),
            url: Some(ORIGIN.parse().expect("it is a URL")),
            auth: auth
                .map(|(key, secret)| ((*key).to_owned(), Secret::new(*secret)))
                .collect(),
            description: told.description,
            settle: None,
            texts: told.texts,
            write_spacing: None,
            unlimited,
            learnt: Learnt::default(),
        };
        let tracker = connector(&under, settings.clone(), &world, &meddler);
        Self {
            under,
            world,
            meddler,
            settings,
            tracker,
            unassignable: None,
        }
    }

    /// Puts another connector of the same node in the place of this one, as when its credentials have changed.
    pub fn renew(&mut self) {
        let settings = self.settings.clone();
        self.tracker = connector(&self.under, settings, &self.world, &self.meddler);
    }

    /// Names somebody whom the simulator knows and does not let be assigned.
    #[must_use]
    pub fn with_unassignable(mut self, user: User) -> Self {
        self.unassignable = Some(user);
        self
    }

    /// Sends a request to the simulator as somebody else's client would; the answer's JSON, `null` when it is empty.
    pub async fn raw(
        &self,
        method: http::Method,
        path: &str,
        authorization: &str,
        body: serde_json::Value,
    ) -> serde_json::Value {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{ORIGIN}{path}"))
            .header("authorization", authorization)
            .header("user-agent", "test")
            .body(body.to_string().into())
            .expect("a test writes a valid request");
        let answer = self.world.send(request).await.expect("no fault is on");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        if answer.body().is_empty() {
            return serde_json::Value::Null;
        }
        serde_json::from_slice(answer.body()).expect("it answers JSON")
    }

    /// Does something on the simulator's control side that the suite has no act for.
    pub fn control(&self, command: Command) {
        let mut trackers = self.world.locked();
        let tracker = trackers.tracker(ORIGIN).expect("new() put it there");
        tracker
            .command(self.world.now(), command)
            .expect("a test asks for what the simulator can do");
    }

    /// Takes the webhooks that leave now, and tells the tracker that nobody answered.
    pub fn lose_deliveries(&self) -> usize {
        self.end_deliveries(&Delivered::Failed {
            reason: "connection refused".to_owned(),
        })
    }

    /// Takes the webhooks that leave now, and tells the tracker that they were taken.
    pub fn take_deliveries(&self) -> usize {
        self.end_deliveries(&Delivered::Answered {
            status: 202,
            millis: 1,
        })
    }

    fn end_deliveries(&self, how: &Delivered) -> usize {
        let now = self.world.now();
        let mut trackers = self.world.locked();
        let sent = trackers.due_webhooks(now);
        let count = sent.len();
        for sent in sent {
            trackers
                .delivered(now, sent, how)
                .expect("its sender is here");
        }
        count
    }

    fn command(&self, act: Act) -> Result<Command, String> {
        let by = PERSON.to_owned();
        Ok(match act {
            Act::Create { title } => Command::Create {
                container: Some(self.under.container.to_owned()),
                by,
                title,
                body: String::new(),
                labels: Vec::new(),
                assignees: Vec::new(),
            },
            Act::Retitle { key, title } => Command::edit(&key, PERSON, "title", title),
            Act::Clone { key } => Command::Clone { key, by },
            Act::Rewrite { key, text } => Command::edit(&key, PERSON, "body", text),
            Act::SetStatus { key, status } => Command::edit(&key, PERSON, "status", status),
            Act::SetLabels { key, labels } => Command::edit(&key, PERSON, "labels", json!(labels)),
            Act::Comment { key, text } => Command::comment(&key, PERSON, &text),
            Act::EditComment { key, comment, text } => Command::EditComment {
                key,
                by,
                comment,
                body: text,
            },
            Act::SetInternal {
                key,
                comment,
                internal,
            } => {
                let channel = self.under.internal_channel;
                let channel = channel.ok_or("comments are for all who see the item")?;
                let channel = if internal { channel } else { "public" }.to_owned();
                Command::SetChannel {
                    key,
                    by,
                    comment,
                    channel,
                }
            }
            Act::HideComment { key, comment } => Command::HideComment { key, by, comment },
            Act::ShowComment { key, comment } => Command::ShowComment { key, by, comment },
            Act::DeleteComment { key, comment } => Command::DeleteComment { key, by, comment },
            Act::Delete { key } => Command::Delete { key, by },
            Act::Move { key } => Command::Move {
                key,
                by,
                to: self
                    .under
                    .move_to
                    .ok_or("there is nowhere to move to")?
                    .to_owned(),
            },
            Act::Hide { key, status } => Command::Hide {
                keys: vec![key],
                status,
            },
            Act::Show { key } => Command::Show { keys: vec![key] },
        })
    }
}

#[async_trait]
impl Harness for SimHarness {
    fn tracker(&self) -> &dyn Tracker {
        self.tracker.as_ref()
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        let reader = registry::webhook(self.under.tracker).expect("new() found it");
        self.under.webhooks.then_some(reader)
    }

    fn meddler(&self) -> &Meddler {
        &self.meddler
    }

    fn scope(&self) -> Scope {
        let scope = self.under.scope.iter();
        scope
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn open_trigger(&self) -> String {
        self.under.open_trigger.to_owned()
    }

    fn bad_trigger(&self) -> (String, String) {
        let (trigger, part) = self.under.bad_trigger;
        (trigger.to_owned(), part.to_owned())
    }

    fn required_fields(&self) -> BTreeMap<FieldName, Value> {
        self.under.required_fields.clone()
    }

    fn many(&self) -> usize {
        230
    }

    fn tells_deletion(&self) -> bool {
        self.under.tells_deletion
    }

    fn too_fast(&self, retry_after_s: u64) -> http::Response<Bytes> {
        let mut trackers = self.world.locked();
        let wait = Duration::from_secs(retry_after_s);
        let tracker = trackers.tracker(ORIGIN).expect("new() put it there");
        tracker.simulator().throttled(self.world.now(), wait)
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    async fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.world.now_ms.fetch_add(millis, Ordering::Relaxed);
    }

    async fn next_check(&self) {
        self.pass(Duration::from_secs(2 * 3600)).await;
    }

    async fn act(&self, act: Act) -> Result<Acted, String> {
        let command = self.command(act)?;
        let mut trackers = self.world.locked();
        let tracker = trackers.tracker(ORIGIN).expect("new() put it there");
        match tracker.command(self.world.now(), command) {
            Ok(Done::Nothing) => Ok(String::new()),
            Ok(Done::Item(made) | Done::Comment(made) | Done::Attachment(made)) => Ok(made),
            Err(refused) => Err(refused.to_string()),
        }
    }

    async fn set_up_webhook(&self, url: &str, secret: &str) -> Result<(), String> {
        let mut trackers = self.world.locked();
        let tracker = trackers.tracker(ORIGIN).expect("new() put it there");
        let webhook = Command::Webhook {
            url: url.to_owned(),
            secret: Some(secret.to_owned()),
        };
        let done = tracker.command(self.world.now(), webhook);
        done.map(drop).map_err(|refused| refused.to_string())
    }

    fn unassignable(&self) -> Option<User> {
        self.unassignable.clone()
    }

    async fn deliveries(&self, url: &str) -> Vec<http::Request<Bytes>> {
        let now = self.world.now();
        let mut trackers = self.world.locked();
        let sent = trackers.due_webhooks(now).into_iter();
        sent.map(|sent| sent.webhook.request)
            .filter(|request| *request.uri() == *url)
            .collect()
    }
}
