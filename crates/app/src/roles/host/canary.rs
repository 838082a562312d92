//! The canary synchronisation: a change of a built-in tracker crosses by the way of every change (docs/adr/0042).
//!
//! It begins when it is first asked for, so that an installation without a watch has nothing of it. Its engine, store and
//! group are of its own, so that nothing of it stands among the customers'; and since theirs are not the same, each run
//! asks those too: every state must take a write, every scheduler must come round.

use super::edge_inbox::{EdgeHttp, HttpInbox, Place};
use super::prune;
use crate::api::{problem::Problem, shows, unauthorised};
use crate::canary::{left, right, secret};
use crate::config::KeepDays;
use crate::rulebook::{Factory, to_sources};
use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Method, StatusCode};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use twinline_core::names::{ConnectionName, Sides};
use twinline_engine::{Env, Host, HostBuilder, NodeConfig, SweepSettings};
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;
use twinline_store::db::DbOptions;
use twinline_store::host::{HostStore, Publish};
use twinline_store::{Epoch, GroupId, Stamp};
use twinline_trackers::canary::{Canary as Tracker, SCOPE, TRACKER, WEBHOOK, delivery};
use twinline_trackers::http::Secret;

/// Its connection's name.
const CONNECTION: &str = "canary";
/// The longest that a caller may wait.
const DEADLINE_MAX: Duration = Duration::from_secs(60);
/// Customers' engines that are asked at once.
const AT_ONCE_MAX: usize = 16;
/// What it did is kept for a day: it has an edit every few seconds.
const KEEP: KeepDays = KeepDays {
    history: 1,
    observations: 1,
};

/// The customers' engines that work in this process now, each with the group's name.
pub(super) type Customers = Box<dyn Fn() -> Vec<(String, Host)> + Send + Sync>;

/// What a canary is made of.
pub(super) struct Parts {
    pub(super) machine: String,
    pub(super) instance: String,
    /// Its own, and nobody else's: removed at each start.
    pub(super) folder: PathBuf,
    /// The edge whose inbox it goes through.
    pub(super) edge: Place,
    pub(super) edges: EdgeHttp,
    pub(super) token: Secret,
    pub(super) factory: Arc<Factory>,
    pub(super) env: Env,
    pub(super) customers: Customers,
    pub(super) shutdown: CancellationToken,
}

/// The canary of this host.
pub(super) struct Canary {
    parts: Parts,
    running: Mutex<Option<Running>>,
    number: AtomicU64,
}

/// An engine of its own at work.
struct Running {
    left: Tracker,
    right: Tracker,
    ended: CancellationToken,
    _until: DropGuard,
}

impl Canary {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            running: Mutex::default(),
            number: AtomicU64::new(1),
        })
    }

    /// Makes a change and waits until the other side shows it.
    ///
    /// # Errors
    /// What did not happen until `by`, in a sentence.
    async fn prove(&self, by: Instant) -> Result<(), String> {
        let began = timeout_at(by, self.sides()).await;
        let (left, right) = began
            .map_err(|_| "the canary's own engine does not begin".to_owned())?
            .map_err(|error| format!("the canary's own engine does not begin: {error:#}"))?;
        self.customers_work(by).await?;
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut shown = right.shown();
        left.show(number);
        let taken = timeout_at(by, self.deliver()).await;
        taken.map_err(|_| "the edge does not take the canary's delivery".to_owned())??;
        let crossed = shown.wait_for(|shown| shown.is_some_and(|shown| shown >= number));
        match timeout_at(by, crossed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the canary's tracker is gone".to_owned()),
            Err(_) => Err("the edge has taken the change, and it does not arrive".to_owned()),
        }
    }

    /// Whether every engine at work here writes and comes round.
    async fn customers_work(&self, by: Instant) -> Result<(), String> {
        let asked = (self.parts.customers)()
            .into_iter()
            .map(|(group, host)| async move {
                match timeout_at(by, host.comes_round()).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(format!("the state of group {group}: {error}")),
                    Err(_) => Err(format!("the engine or the state of group {group} hangs")),
                }
            });
        let asked = futures_util::stream::iter(asked).buffer_unordered(AT_ONCE_MAX);
        asked.try_collect::<()>().await
    }

    /// Leaves the delivery of a change at the edge.
    async fn deliver(&self) -> Result<(), String> {
        let parts = &self.parts;
        let id = format!("{:016x}", parts.env.entropy.next_u64());
        let (headers, body) = delivery(&secret(&parts.token), &id);
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let at = parts.edge.find().map_err(|error| format!("{error:#}"))?;
        let path = format!("/canary/{}", left(&parts.machine));
        let sent = parts
            .edges
            .short()
            .send(Method::POST, at, &path, &headers, body);
        let answer = sent
            .await
            .map_err(|error| format!("the edge: {}", error.reason))?;
        match answer.status() {
            StatusCode::ACCEPTED => Ok(()),
            status => Err(format!(
                "the edge answers {status} to the canary's delivery"
            )),
        }
    }

    /// Both trackers of the engine at work; begins one where none is.
    async fn sides(&self) -> Result<(Tracker, Tracker)> {
        let mut running = self.running.lock().await;
        if running.as_ref().is_none_or(|it| it.ended.is_cancelled()) {
            *running = None;
            *running = Some(self.begin().await?);
        }
        let it = running.as_ref().context("it began just now")?;
        Ok((it.left.clone(), it.right.clone()))
    }

    async fn begin(&self) -> Result<Running> {
        let Parts {
            machine,
            instance,
            folder,
            env,
            ..
        } = &self.parts;
        // What an earlier process knew of trackers in its memory is worth nothing.
        match tokio::fs::remove_dir_all(folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("removing the canary's old state");
            }
            _ => tokio::fs::create_dir_all(folder)
                .await
                .context("making the canary's folder")?,
        }
        let file = folder.join("canary.db");
        let store = HostStore::open(&file, DbOptions::default(), instance).await;
        let store = store.context("opening the canary's state")?;
        store.end_replication().await?;
        let [left, right] =
            [left(machine), right(machine)].map(|node| Tracker::new(node, Arc::clone(&env.clock)));
        left.show(0);
        let stamp = Stamp {
            group: GroupId::canary(machine),
            epoch: Epoch::FIRST,
        };
        let inbox = HttpInbox::new(self.parts.edge.clone(), self.parts.edges.clone(), stamp);
        let factory = Arc::clone(&self.parts.factory);
        let host = HostBuilder::new(env.clone(), store.clone(), factory)
            .node(node(self::left(machine), &left))
            .node(node(self::right(machine), &right))
            .edge(Arc::new(inbox))
            .build()
            .await?;
        let (until, ended) = (self.parts.shutdown.child_token(), CancellationToken::new());
        let (works, ends, over) = (host.clone(), until.clone(), ended.clone().drop_guard());
        tokio::spawn(prune::run(store.clone(), KEEP, until.clone()));
        tokio::spawn(async move {
            if let Err(error) = works.run(ends).await {
                tracing::error!(%error, "the canary's engine has ended; the next run begins another");
            }
            store.db().close().await;
            drop(over);
        });
        let until = until.drop_guard();
        host.publish(self.rules(), true).await?;
        Ok(Running {
            left,
            right,
            ended,
            _until: until,
        })
    }

    /// The rules that are built in.
    fn rules(&self) -> Publish {
        let machine = &self.parts.machine;
        let (left, right) = (left(machine), right(machine));
        let text = format!(
            "format = 1\nname = \"{CONNECTION}\"\n\
             [left]\nnode = \"{left}\"\nscope = {{ {SCOPE} = \"left\" }}\ntrigger = \"all\"\n\
             [right]\nnode = \"{right}\"\nscope = {{ {SCOPE} = \"right\" }}\n\
             [policy]\nconflict = \"left\"\nmax_writes_per_10min = 1000000\n\
             [fields.summary]\nleft = \"summary\"\nright = \"summary\"\n"
        );
        let snapshot = Snapshot {
            sources: RuleSources {
                map: SourceFile::new("canary.toml", text),
                scripts: Sides::from_fn(|_| None),
            },
            descriptions: Sides::default(),
        };
        Publish {
            connection: ConnectionName::from(CONNECTION),
            digest: snapshot.digest(),
            sources: to_sources(&snapshot),
            at: self.parts.env.now(),
            by: "twinline".to_owned(),
        }
    }
}

fn node(name: twinline_core::names::NodeName, tracker: &Tracker) -> NodeConfig {
    NodeConfig {
        webhook_url: None,
        name,
        label: TRACKER.to_owned(),
        tracker: Arc::new(tracker.clone()),
        webhook: Some(Arc::new(super::Reader(WEBHOOK))),
        sweep: SweepSettings::default(),
    }
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
    if !shows(&request, &canary.parts.token) {
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
