//! The canary synchronisation: a change of a built-in tracker crosses by the way of every change (docs/adr/0042).
//!
//! It begins when it is first asked for, so that an installation without a watch has nothing of it. Its engine, store and
//! group are of its own, so that nothing of it stands among the customers'; and since theirs are not the same, each run
//! asks those too: every state must take its turn, every scheduler must come round.

mod engine;

use super::edge_inbox::{EdgeHttp, HttpInbox, Place};
use crate::api::{problem::Problem, unauthorised};
use crate::canary::{edge_of, left};
use crate::config::Config;
use crate::fleet::Identity;
use crate::handles::{SystemClock, SystemEntropy};
use crate::instance::DataFolder;
use crate::rulebook::Factory;
use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
pub(super) use engine::Parts as EngineParts;
use engine::{Both, Engine};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use twinline_engine::groups::States;
use twinline_engine::{Env, Host};
use twinline_store::{Epoch, GroupId, Stamp};
use twinline_trackers::canary::{Canary as Tracker, delivery, secret};

/// The longest that a caller may wait.
const DEADLINE_MAX: Duration = Duration::from_secs(60);
/// Customers' engines that are asked at once.
const AT_ONCE_MAX: usize = 16;

/// The customers' engines that work in this process now, each with the group's name.
pub(super) type Customers = Box<dyn Fn() -> Vec<(String, Host)> + Send + Sync>;

/// What a canary is made of.
pub(super) struct Parts {
    pub(super) engine: EngineParts,
    /// The edge whose inbox it goes through.
    pub(super) edge: Place,
    pub(super) edges: EdgeHttp,
    pub(super) identity: Identity,
    pub(super) customers: Customers,
}

/// The canary of a fleet's machine; none in a fleet without an edge. Of this machine alone: no lease, no replica, nothing
/// that another machine could take over.
pub(super) fn of_fleet(
    config: &Config,
    folder: &DataFolder,
    (identity, edges): (&Identity, EdgeHttp),
    factory: Arc<Factory>,
    states: watch::Receiver<States>,
    shutdown: &CancellationToken,
) -> Option<Arc<Canary>> {
    let machine = &config.instance.machine;
    let (name, at) = edge_of(config, machine)?;
    let customers = move || {
        let states = states.borrow();
        let working = states.iter().filter_map(|(group, now)| {
            let host = now.state.working()?;
            Some((group.to_string(), host.clone()))
        });
        working.collect()
    };
    let engine = EngineParts {
        machine: machine.clone(),
        instance: config.instance.name.clone(),
        folder: folder.canary(),
        factory,
        env: Env {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        },
        shutdown: shutdown.clone(),
    };
    Some(Canary::new(Parts {
        engine,
        edge: Place::At(name.to_owned(), at),
        edges,
        identity: identity.clone(),
        customers: Box::new(customers),
    }))
}

/// The canary of this host.
pub(super) struct Canary {
    parts: Parts,
    engine: Mutex<Slot>,
    /// Of the last change.
    number: std::sync::Mutex<u64>,
}

/// Its engine, as far as that is.
#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    /// It begins, whether or not somebody waits for it: what takes longer than one run would never begin.
    Begins(JoinHandle<Result<Engine>>),
    Works(Engine),
}

impl Canary {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            engine: Mutex::default(),
            number: std::sync::Mutex::default(),
        })
    }

    /// Makes a change and waits until the other side shows it. The customers' engines and the edge have a share of the
    /// time each, so that what hangs is named before the caller has gone.
    ///
    /// # Errors
    /// What did not happen until `by`, in a sentence.
    async fn prove(&self, by: Instant) -> Result<(), String> {
        let begun = timeout_at(by, self.both()).await;
        let Both { left, right } = begun
            .map_err(|_| "the canary's own engine does not begin".to_owned())?
            .map_err(|error| format!("the canary's own engine does not begin: {error:#}"))?;
        self.customers_work(half_of(by)).await?;
        let mut shown = right.shown();
        let number = self.show_next(&left);
        let taken = timeout_at(half_of(by), self.deliver()).await;
        taken.map_err(|_| "the edge does not take the canary's delivery".to_owned())??;
        let crossed = shown.wait_for(|shown| shown.is_some_and(|shown| shown >= number));
        match timeout_at(by, crossed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the canary's tracker is gone".to_owned()),
            Err(_) => Err("the edge has taken the change, and it does not arrive".to_owned()),
        }
    }

    /// Makes the next change. One after the other: a number that is shown is never followed by an earlier one.
    fn show_next(&self, left: &Tracker) -> u64 {
        let mut number = self.number.lock().expect("no code panics with this lock");
        *number += 1;
        left.show(*number);
        *number
    }

    /// Whether every engine at work here takes its turn. What has left this machine meanwhile is another's.
    async fn customers_work(&self, by: Instant) -> Result<(), String> {
        let working = (self.parts.customers)().into_iter();
        let asked: Vec<_> = working
            .map(|(group, host)| self.comes_round(group, host, by))
            .collect();
        let asked = futures_util::stream::iter(asked).buffer_unordered(AT_ONCE_MAX);
        asked.try_collect::<()>().await
    }

    async fn comes_round(&self, group: String, host: Host, by: Instant) -> Result<(), String> {
        let wrong = match timeout_at(by, host.comes_round()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => format!("the state of group {group}: {error}"),
            Err(_) => format!("the engine or the state of group {group} hangs"),
        };
        let mut here = (self.parts.customers)().into_iter();
        if here.any(|(_, now)| now.is_same(&host)) {
            Err(wrong)
        } else {
            Ok(())
        }
    }

    /// Leaves the delivery of a change at the edge.
    async fn deliver(&self) -> Result<(), String> {
        let parts = &self.parts;
        let id = format!("{:016x}", parts.engine.env.entropy.next_u64());
        let (headers, body) = delivery(&secret(&parts.identity.keys()[0]), &id);
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let at = parts.edge.find().map_err(|error| format!("{error:#}"))?;
        let node = left(&parts.engine.machine);
        let node = utf8_percent_encode(node.as_str(), NON_ALPHANUMERIC);
        let path = format!("/canary/{node}");
        let http = parts.edges.short();
        let sent = http.send(Method::POST, at, &path, &headers, body).await;
        let answer = sent.map_err(|error| format!("the edge: {}", error.reason))?;
        match answer.status() {
            StatusCode::ACCEPTED => Ok(()),
            status => Err(format!(
                "the edge answers {status} to the canary's delivery"
            )),
        }
    }

    /// Both trackers of the engine at work; has one begin where none is.
    async fn both(&self) -> Result<Both> {
        let mut slot = self.engine.lock().await;
        if matches!(&*slot, Slot::Works(engine) if engine.has_ended()) {
            *slot = Slot::Empty;
        }
        if matches!(*slot, Slot::Empty) {
            let inbox = self.inbox();
            let begins = engine::begin(self.parts.engine.clone(), Arc::new(inbox));
            *slot = Slot::Begins(tokio::spawn(begins));
        }
        if let Slot::Begins(begins) = &mut *slot {
            let begun = begins.await;
            *slot = Slot::Empty;
            *slot = Slot::Works(begun.context("it has broken an invariant of ours")??);
        }
        match &*slot {
            Slot::Works(engine) => Ok(engine.both.clone()),
            Slot::Empty | Slot::Begins(_) => Err(anyhow!("it has not begun")),
        }
    }

    fn inbox(&self) -> HttpInbox {
        let stamp = Stamp {
            group: GroupId::canary(&self.parts.engine.machine),
            epoch: Epoch::FIRST,
        };
        HttpInbox::new(self.parts.edge.clone(), self.parts.edges.clone(), stamp)
    }
}

/// The middle of what is left until then.
fn half_of(by: Instant) -> Instant {
    let now = Instant::now();
    now + by.saturating_duration_since(now) / 2
}

#[derive(Deserialize)]
struct Asked {
    /// How long the caller waits.
    deadline_ms: u64,
}

/// `POST /canary?deadline_ms=N`: 200 when a change has crossed until then, else 503 with what did not happen.
pub(super) fn router(canary: Arc<Canary>) -> Router {
    Router::new().route("/canary", post(run)).with_state(canary)
}

async fn run(
    State(canary): State<Arc<Canary>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    if !canary.parts.identity.tokens().shown_by(&request) {
        return Err(unauthorised());
    }
    let began = Instant::now();
    let by = began + Duration::from_millis(asked.deadline_ms).min(DEADLINE_MAX);
    match canary.prove(by).await {
        Ok(()) => {
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(axum::Json(serde_json::json!({ "took_ms": took_ms })).into_response())
        }
        Err(why) => {
            let title = "no change crosses";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, why))
        }
    }
}
