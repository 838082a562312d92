//! The reverse proxy: what is not a delivery goes to a host.
//!
//! Each host has places of its own; a request finds one at once or is refused at once. So a host that hangs can use up
//! its own places and nothing else: other hosts, webhooks and the directory do not share them. Every wait on a host has
//! a deadline: to connect, until its answer begins, and while nothing of an answer comes.
//!
//! A request that may have reached a host is never sent a second time: only its caller knows whether that does harm.

mod body;
mod ejection;
mod headers;
mod host;
mod reach;
mod refused;
mod tunnel;

pub(crate) use body::FromHost;
pub(crate) use headers::{REQUEST_ID, request_id};
pub(crate) use refused::Refused;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::mapper::Directory;
use crate::metrics::Metrics;
use crate::mutual::Mutual;
use body::{BodyFault, Outgoing, Upload};
use host::{Entered, Host};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy;
use reach::Reach;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tunnel::Tunnel;

/// What bounds the proxy. `[edge.proxy]` in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct ProxyLimits {
    /// Requests to one host at once; further ones are refused at once.
    pub in_flight_per_host: usize,
    /// Event streams and WebSockets to one host at once.
    pub streams_per_host: usize,
    /// How long a connection to a host may take.
    pub connect: Duration,
    /// How long a host may take until its answer begins.
    pub header: Duration,
    /// How long nothing may come: of an answer, of a WebSocket, or of room at the caller.
    pub idle: Duration,
    /// How long a request's body may take to arrive.
    pub upload: Duration,
    /// The largest body of a request, in bytes.
    pub body_max_bytes: u64,
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self {
            in_flight_per_host: 64,
            streams_per_host: 256,
            connect: Duration::from_millis(500),
            header: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            upload: Duration::from_secs(120),
            body_max_bytes: 10 << 20,
        }
    }
}

/// The proxy with all hosts.
pub(crate) struct Proxy {
    limits: ProxyLimits,
    reach: Reach,
    hosts: RwLock<BTreeMap<String, Arc<Host>>>,
    /// Spreads requests that any host can answer.
    turn: AtomicUsize,
    tunnels: TaskTracker,
    shutdown: CancellationToken,
}

impl Proxy {
    /// In a fleet hosts are reached by mutual TLS.
    pub(crate) fn new(
        limits: ProxyLimits,
        mutual: Option<&Mutual>,
        shutdown: CancellationToken,
    ) -> Result<Self, rustls::Error> {
        Ok(Self {
            limits,
            reach: Reach::new(&limits, mutual)?,
            hosts: RwLock::default(),
            turn: AtomicUsize::new(0),
            tunnels: TaskTracker::new(),
            shutdown,
        })
    }

    /// These are the hosts from now on; those that were known keep their state.
    pub(crate) fn update(&self, directory: &Directory, metrics: &Metrics) {
        self.reach.expect(directory);
        let mut hosts = self.hosts.write().expect("nothing panics with it");
        hosts.retain(|name, _| directory.hosts.contains_key(name));
        for (name, at) in &directory.hosts {
            match hosts.get(name) {
                Some(host) => host.moved(at.address),
                None => {
                    let host = Host::new(name, at.address, &self.limits, metrics);
                    hosts.insert(name.clone(), Arc::new(host));
                }
            }
        }
    }

    /// Brings the gauges up to date.
    pub(crate) fn measure(&self) {
        let hosts = self.hosts.read().expect("nothing panics with it");
        for host in hosts.values() {
            host.measure(&self.limits);
        }
    }

    /// Waits until the last WebSocket has ended; they end at shutdown.
    pub(crate) async fn drained(&self) {
        self.tunnels.close();
        self.tunnels.wait().await;
    }

    /// The named host, or any that is not ejected; a host that is gone from the directory is none.
    fn choose(&self, wanted: Option<&str>) -> Result<Arc<Host>, Refused> {
        let hosts = self.hosts.read().expect("nothing panics with it");
        if let Some(name) = wanted {
            return hosts.get(name).cloned().ok_or(Refused::NoHost);
        }
        if hosts.len() == 1 {
            return hosts.values().next().cloned().ok_or(Refused::NoHost);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % hosts.len().max(1);
        let all = hosts.values().cycle().skip(turn).take(hosts.len());
        let mut all = all.peekable();
        let first = all.peek().map(|host| Arc::clone(host));
        all.find(|host| host.admits())
            .cloned()
            .or(first)
            .ok_or(Refused::NoHost)
    }

    /// Passes one request on. `wanted` names the host that it must go to. Answers with the host's name too.
    pub(crate) async fn pass(
        &self,
        mut request: Request<Incoming>,
        caller: &Caller,
        request_id: &HeaderValue,
        wanted: Option<&str>,
    ) -> (Option<Arc<str>>, Result<Response<Answer>, Refused>) {
        let authority = match headers::authority(&request) {
            Ok(authority) => authority,
            Err(bad) => return (None, Err(Refused::BadHead(bad))),
        };
        if request.body().size_hint().lower() > self.limits.body_max_bytes {
            let max = self.limits.body_max_bytes;
            return (None, Err(Refused::TooLarge(max)));
        }
        let entered = match self.choose(wanted).and_then(|host| host.enter()) {
            Ok(entered) => entered,
            Err(refused) => return (None, Err(refused)),
        };
        let host = Arc::clone(&entered.host().name);
        let websocket = headers::asks_websocket(&request);
        let upgrade = websocket.then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        let id = request_id.clone();
        headers::outgoing(&mut parts.headers, caller, authority, id, websocket);
        parts.uri = self.uri(entered.host(), &parts.uri);
        parts.version = Version::HTTP_11;
        let body = Outgoing::new(body, self.limits.body_max_bytes, self.limits.upload);
        let upload = body.upload();
        let request = Request::from_parts(parts, body);
        let answered = self.head(request, upload.as_deref()).await;
        let answer = self.answer(entered, answered, request_id, upgrade);
        (Some(host), answer)
    }

    /// Waits for the head of the host's answer. While a body is on its way, the time counts from its last frame.
    async fn head(
        &self,
        request: Request<Outgoing>,
        upload: Option<&Upload>,
    ) -> Result<Response<Incoming>, HostFault> {
        let mut answer = self.reach.client.request(request);
        let mut seen = 0;
        loop {
            match tokio::time::timeout(self.limits.header, &mut answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => return Err(HostFault::of(error, upload)),
                // The body has a deadline of its own, so this ends.
                Err(_) if upload.is_some_and(|upload| upload.waits_for_caller()) => {}
                Err(_) => {
                    let frames = upload.map_or(0, Upload::frames);
                    if frames == seen {
                        return Err(HostFault::Silent);
                    }
                    seen = frames;
                }
            }
        }
    }

    /// The same path at the host.
    fn uri(&self, host: &Host, asked: &Uri) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.reach.scheme());
        parts.authority = Some(host.authority());
        let root = || PathAndQuery::from_static("/");
        parts.path_and_query = Some(asked.path_and_query().cloned().unwrap_or_else(root));
        Uri::from_parts(parts).expect("all three parts are there")
    }

    fn answer(
        &self,
        entered: Entered,
        answered: Result<Response<Incoming>, HostFault>,
        request_id: &HeaderValue,
        upgrade: Option<hyper::upgrade::OnUpgrade>,
    ) -> Result<Response<Answer>, Refused> {
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(fault) => return Err(fault.told(entered, self.limits.body_max_bytes)),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let (Some(caller), true) = (upgrade, headers::is_websocket(answer.headers())) else {
                let fault = HostFault::Broken("it changed the protocol unasked".into());
                return Err(fault.told(entered, self.limits.body_max_bytes));
            };
            let tunnel = Tunnel {
                caller,
                host: hyper::upgrade::on(&mut answer),
                idle_max: self.limits.idle,
                place: entered.streams()?,
            };
            self.tunnels.spawn(tunnel.run(self.shutdown.clone()));
            headers::incoming(answer.headers_mut(), request_id.clone(), true);
            return Ok(answer.map(|_| Answer::empty()));
        }
        headers::incoming(answer.headers_mut(), request_id.clone(), false);
        *answer.version_mut() = Version::HTTP_11;
        let idle = self.limits.idle;
        let (until, place) = if is_stream(answer.headers()) {
            let until = self.shutdown.clone().cancelled_owned();
            (Some(until), entered.streams()?)
        } else {
            (None, entered.answered())
        };
        Ok(answer.map(|body| Answer::from_host(FromHost::new(body, idle, until, place))))
    }
}

/// Answers that last as long as both sides like: server-sent events, and the API's lines of events.
fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes().starts_with(b"text/event-stream")
            || kind.as_bytes().starts_with(b"application/x-ndjson")
    })
}

/// Why there is no answer.
enum HostFault {
    /// The caller's own fault.
    Upload(BodyFault),
    /// No connection: the request was not sent.
    Unreachable(String),
    /// It did not begin to answer in time.
    Silent,
    /// It broke off, or what it said is not HTTP.
    Broken(String),
}

impl HostFault {
    fn of(error: legacy::Error, upload: Option<&Upload>) -> Self {
        if let Some(fault) = upload.and_then(Upload::fault) {
            return Self::Upload(fault);
        }
        let text = crate::chain(&error);
        if error.is_connect() {
            Self::Unreachable(text)
        } else {
            Self::Broken(text)
        }
    }

    /// Tells the host's state of it; what the caller hears.
    fn told(self, entered: Entered, max_bytes: u64) -> Refused {
        let name = Arc::clone(&entered.host().name);
        match self {
            // Dropping it says that the caller did not let the host finish.
            Self::Upload(BodyFault::TooLarge) => Refused::TooLarge(max_bytes),
            Self::Upload(_) => Refused::SlowBody,
            Self::Unreachable(error) => {
                tracing::debug!(host = %name, error, "a host cannot be reached");
                entered.failed("unreachable");
                Refused::Unreachable(name)
            }
            Self::Silent => {
                entered.failed("silent");
                Refused::Silent(name)
            }
            Self::Broken(error) => {
                tracing::debug!(host = %name, error, "a host broke off");
                entered.failed("broken");
                Refused::Broken(name)
            }
        }
    }
}
