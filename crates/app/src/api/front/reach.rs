//! Where the groups are, and how they are asked.

use super::told::{self, Hosts};
use crate::api::problem::Problem;
use crate::api::{Api, CentralView, central, router};
use crate::config::{Config, Machine};
use crate::fleet::{Definitions, Follower, Identity, Refused, Tokens};
use crate::handles::SystemClock;
use crate::local_http::{LocalHttp, WHO};
use crate::rulebook::Rulebook;
use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt as _;
use twinline_core::handles::Clock as _;
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::time::Timestamp;
use twinline_engine::Host;
use twinline_engine::groups::{GroupState, States};
use twinline_engine::ownership::Ownership;
use twinline_store::GroupId;
use twinline_store::central::{CentralHealth, Deed, Machine as Signed};
use twinline_store::host::AuditRow;
use twinline_trackers::http::Secret;

/// Lets a group sweep, which it says that it will.
const SWEEP: &str = "/v1/sweep";
/// Names the group that one machine asks another for.
pub(super) const GROUP: &str = "twinline-group";
/// A plan of thousands of twins asks trackers thousands of times.
const DEADLINE: Duration = Duration::from_secs(600);
/// A look at what a machine has: longer, and it does not do well.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// What is done to a machine is done at once; the command line, which asks one machine to pass it on, waits for longer.
const DEED_MAX: Duration = Duration::from_secs(20);
/// No answer of the API is greater.
const ANSWER_MAX_BYTES: usize = 32 << 20;
/// What is passed on of a request, beside what the client itself says.
const PASSED_ON: [&str; 2] = [WHO, "idempotency-key"];
/// What is said of a machine that does not answer.
const SILENT: &str = "not reachable";
/// A group that is not at work may be by then, in seconds.
const AGAIN_S: u32 = 2;

/// Whether a group was not asked since its machine cannot be: nor can another group that is there.
pub(super) fn is_silence(problem: &Problem) -> bool {
    problem.title() == SILENT
}

/// A request, read whole.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    /// A look of our own.
    pub(super) fn get(path: &str, token: &Secret) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(shown) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
            headers.insert(header::AUTHORIZATION, shown);
        }
        Self {
            method: Method::GET,
            uri: path.parse().unwrap_or_default(),
            headers,
            body: Bytes::new(),
        }
    }

    /// The same at another address.
    pub(super) fn at(&self, uri: Uri) -> Self {
        Self {
            uri,
            ..self.clone()
        }
    }

    /// Who asks.
    pub(super) fn who(&self) -> &str {
        let who = self.headers.get(WHO).and_then(|who| who.to_str().ok());
        who.unwrap_or("the API")
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    content: Option<HeaderValue>,
    pub(super) body: Bytes,
}

impl Answer {
    fn new(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            content: headers.get(header::CONTENT_TYPE).cloned(),
            body,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.body)).into_response();
        if let Some(content) = self.content {
            response.headers_mut().insert(header::CONTENT_TYPE, content);
        }
        response
    }
}

/// All groups of the fleet, as this machine sees them.
pub struct Groups {
    me: String,
    machines: BTreeMap<String, Machine>,
    http: LocalHttp,
    looks: LocalHttp,
    deeds: LocalHttp,
    tokens: Tokens,
    follower: Arc<Follower>,
    ownership: watch::Receiver<Ownership>,
    states: watch::Receiver<States>,
    database: watch::Receiver<CentralHealth>,
    rulebook: Rulebook,
    streams_max: usize,
    /// The APIs of the groups that work here.
    apis: Mutex<BTreeMap<GroupId, (Host, Router)>>,
}

/// What tells where groups are and how they do.
pub struct Sources {
    /// Which there are.
    pub follower: Arc<Follower>,
    /// Who owns them.
    pub ownership: watch::Receiver<Ownership>,
    /// How those here do.
    pub states: watch::Receiver<States>,
    /// How the central database does.
    pub database: watch::Receiver<CentralHealth>,
}

impl Groups {
    /// # Errors
    /// The system's trust store cannot be read.
    pub fn new(
        config: &Config,
        identity: &Identity,
        rulebook: Rulebook,
        sources: Sources,
    ) -> Result<Self> {
        Ok(Self {
            me: config.instance.machine.clone(),
            machines: config.machines.clone(),
            http: LocalHttp::new(identity, DEADLINE)?,
            looks: LocalHttp::new(identity, LOOK_MAX)?,
            deeds: LocalHttp::new(identity, DEED_MAX)?,
            tokens: identity.tokens().clone(),
            follower: sources.follower,
            ownership: sources.ownership,
            states: sources.states,
            database: sources.database,
            rulebook,
            streams_max: config.edge.proxy.streams_per_host as usize,
            apis: Mutex::new(BTreeMap::new()),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    pub(super) fn definitions(&self) -> Arc<Definitions> {
        Arc::clone(&self.follower.known().borrow().definitions)
    }

    /// The nodes of a group.
    pub(super) fn members(&self, group: &GroupId) -> BTreeSet<NodeName> {
        self.follower.known().borrow().members(group)
    }

    /// This machine's name.
    pub(super) fn me(&self) -> &str {
        &self.me
    }

    /// The machines that there are to be.
    pub(super) const fn machines(&self) -> &BTreeMap<String, Machine> {
        &self.machines
    }

    /// One of them.
    pub(super) fn machine(&self, name: &str) -> Result<Machine, Problem> {
        self.machines.get(name).copied().ok_or_else(|| {
            let names: Vec<&str> = self.machines.keys().map(String::as_str).collect();
            let names = names.join(", ");
            Problem::missing(format!("machine '{name}' is none of [machines] ({names})"))
        })
    }

    pub(super) fn ownership(&self) -> Ownership {
        self.ownership.borrow().clone()
    }

    pub(super) fn states(&self) -> States {
        self.states.borrow().clone()
    }

    /// What machines last said in the database.
    pub(super) fn signed(&self) -> Vec<Signed> {
        self.follower.signed()
    }

    pub(super) fn database(&self) -> CentralHealth {
        self.database.borrow().clone()
    }

    /// All groups, in the order of their names.
    pub(super) fn all(&self) -> BTreeSet<GroupId> {
        self.definitions().places.values().cloned().collect()
    }

    /// Those that work here.
    pub(super) fn here(&self) -> Vec<GroupId> {
        let states = self.states.borrow();
        let working = states
            .iter()
            .filter(|(_, now)| now.state.working().is_some());
        working.map(|(group, _)| group.clone()).collect()
    }

    /// Why groups that work here cannot write their state.
    pub(super) fn broken(&self) -> Vec<String> {
        let states = self.states.borrow();
        let health = states.iter().filter_map(|(group, now)| {
            let host = now.state.working()?;
            Some((group, host.store().health()))
        });
        let broken = health.filter(|(_, health)| !health.accepts_writes());
        broken
            .map(|(group, health)| format!("{group}: {health}"))
            .collect()
    }

    /// The machine that has a group, as etcd said last.
    pub(super) fn owner(&self, group: &GroupId) -> Option<String> {
        let ownership = self.ownership.borrow();
        let owner = ownership.roster.groups.get(group);
        owner.map(|owner| owner.host.clone())
    }

    /// Every group with its owner and how it does; as `heard` of its owner where it is not here.
    pub(super) fn told(&self, heard: &Hosts) -> Value {
        let here = self.states.borrow();
        let state = |group: &GroupId, owner: Option<&String>| {
            let here = here.get(group).map(|now| told::words(&now.state));
            here.or_else(|| told::heard(heard, owner?, group))
        };
        told::groups(
            self.definitions().groups(),
            |group| self.owner(group),
            state,
        )
    }

    /// Makes a group of nodes, adds to one, or has two joined.
    pub(super) async fn place(
        &self,
        connection: &ConnectionName,
        nodes: (NodeName, NodeName),
        asked: &Asked,
    ) -> Result<(), Problem> {
        let placed = self.follower.place(connection, nodes, asked.who()).await;
        placed.map_err(|error| {
            if let Some(refused) = error.downcast_ref::<Refused>() {
                let title = match refused {
                    Refused::Busy { .. } => "groups are being joined",
                    Refused::Elsewhere { .. } => "the connection is in another group",
                };
                return Problem::new(StatusCode::CONFLICT, title, refused.to_string());
            }
            let title = "which nodes belong together could not be published";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, format!("{error:#}"))
        })
    }

    /// Publishes where a group is wanted.
    pub(super) async fn pin(
        &self,
        group: (&NodeName, &GroupId),
        machine: Option<&str>,
        asked: &Asked,
    ) -> Result<(), Problem> {
        let pinned = self.follower.pin(group, machine, asked.who()).await;
        pinned.map_err(|error| {
            let title = "where the group is wanted could not be published";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, format!("{error:#}"))
        })
    }

    /// What people did to the fleet, newest first.
    pub(super) async fn deeds(&self, before: Option<u64>, max: u32) -> Result<Vec<AuditRow>> {
        self.follower.deeds(before, max).await
    }

    /// How old the proofs of this machine's pools of the central database are, as metrics.
    pub(super) fn proofs(&self) -> String {
        let health = self.database.borrow().clone();
        central::proofs(&central::proof_ages_ms(&health))
    }

    /// Notes in the central database what somebody does to the fleet.
    pub(super) async fn note(&self, deed: &Deed) -> Result<()> {
        self.follower.note(deed).await
    }

    /// Asks a group, wherever it is.
    pub(super) async fn ask(&self, group: &GroupId, asked: &Asked) -> Result<Answer, Problem> {
        if let Some(answer) = self.ask_here(group, asked).await? {
            return Ok(answer);
        }
        let not_yet = |why: String| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not at work", why)
                .with("retry_after_s", AGAIN_S)
        };
        if let Some(now) = self.states.borrow().get(group) {
            return Err(not_yet(format!(
                "the group {group} {} on this machine: repeat it later",
                told::words(&now.state)
            )));
        }
        let Some(owner) = self.owner(group).filter(|owner| *owner != self.me) else {
            return Err(not_yet(format!(
                "no machine works on the group {group} at the moment: repeat it later"
            )));
        };
        let Some(at) = self.machines.get(&owner).and_then(|at| at.host) else {
            let why = format!(
                "the group {group} is on the machine '{owner}', which is not in this machine's [machines]"
            );
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, SILENT, why));
        };
        let answered = self.there((GROUP, group.as_str()), at, asked).await;
        answered.map_err(|why| {
            let why = format!(
                "the machine '{owner}', which has the group {group}, does not answer: {why}"
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, SILENT, why)
        })
    }

    /// Passes a request on to a process of another machine; `whom` it is for stands in a header.
    pub(super) async fn there(
        &self,
        whom: (&str, &str),
        at: SocketAddr,
        asked: &Asked,
    ) -> Result<Answer, String> {
        let path = asked.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = vec![whom];
        for name in PASSED_ON {
            if let Some(value) = asked
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
            {
                headers.push((name, value));
            }
        }
        // A machine that hangs still takes connections: who only looks does not wait for it as long as who plans.
        let http = match asked.method {
            Method::GET | Method::HEAD => &self.looks,
            _ if whom.0 != GROUP || asked.uri.path() == SWEEP => &self.deeds,
            _ => &self.http,
        };
        let sent = http.send(
            asked.method.clone(),
            at,
            path,
            &headers,
            asked.body.to_vec(),
        );
        let answer = sent.await.map_err(|error| error.reason)?;
        let (parts, body) = answer.into_parts();
        Ok(Answer::new(parts.status, &parts.headers, body))
    }

    /// A look at a process of this fleet, which is answered soon or not at all.
    pub(super) async fn look(
        &self,
        at: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<http::Response<Bytes>, String> {
        let looked = self.looks.send(Method::GET, at, path, headers, Vec::new());
        looked.await.map_err(|error| error.reason)
    }

    /// Asks a group that works here; `None`: it does not.
    pub(super) async fn ask_here(
        &self,
        group: &GroupId,
        asked: &Asked,
    ) -> Result<Option<Answer>, Problem> {
        let Some(response) = self.stream_here(group, asked).await? else {
            return Ok(None);
        };
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, ANSWER_MAX_BYTES).await;
        let body = body.map_err(|error| Problem::broken_body(&error))?;
        Ok(Some(Answer::new(parts.status, &parts.headers, body)))
    }

    /// The same; the answer may go on for as long as the caller listens.
    pub(super) async fn stream_here(
        &self,
        group: &GroupId,
        asked: &Asked,
    ) -> Result<Option<Response>, Problem> {
        let looks = matches!(asked.method, Method::GET | Method::HEAD);
        let Some(api) = self.api(group, looks) else {
            return Ok(None);
        };
        let answered = api.oneshot(asked.request()).await;
        match answered {
            Ok(response) => Ok(Some(response)),
            Err(never) => match never {},
        }
    }

    /// What happens in the groups that work here.
    pub(super) async fn events(&self, asked: &Asked) -> Result<Response, Problem> {
        let mut streams = Vec::new();
        for group in self.here() {
            if let Some(answer) = self.stream_here(&group, asked).await? {
                if answer.status() != StatusCode::OK {
                    return Ok(answer);
                }
                streams.push(answer.into_body().into_data_stream());
            }
        }
        let content = [(header::CONTENT_TYPE, "application/x-ndjson")];
        Ok((
            content,
            Body::from_stream(stream::select_all(streams).boxed()),
        )
            .into_response())
    }

    /// The API of a group's host, made when it is first asked for. One that ends is only looked at: what was done to it now
    /// might come after its last word.
    fn api(&self, group: &GroupId, looks: bool) -> Option<Router> {
        let mut apis = self.apis.lock().expect("no code panics with this lock");
        let states = self.states.borrow();
        // A host that has ended is not kept for the sake of its API.
        apis.retain(|group, _| {
            states
                .get(group)
                .is_some_and(|now| now.state.host().is_some())
        });
        let now = states.get(group).map(|now| &now.state);
        let host = now.and_then(GroupState::host)?;
        if matches!(now, Some(GroupState::Ending(_))) && !looks {
            return None;
        }
        match apis.get(group) {
            Some((known, router)) if known.is_same(host) => Some(router.clone()),
            _ => {
                let api = Api::new(
                    host.clone(),
                    self.rulebook.clone(),
                    self.tokens.clone(),
                    self.streams_max,
                );
                if let Some(replication) = host.replication() {
                    api.show_central(CentralView::new(self.database.clone(), replication));
                }
                let made = router(Arc::new(api));
                apis.insert(group.clone(), (host.clone(), made.clone()));
                Some(made)
            }
        }
    }
}
