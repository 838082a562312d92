//! The public listener: every request's way, phase by phase.
//!
//! | phase | what | where |
//! |---|---|---|
//! | accept | a place among the connections, then a connection; its first byte | `listen`, `traffic` |
//! | TLS | the handshake: the certificate by the name that is asked for | `tls` |
//! | limits | head: size and time. Body: size, time and memory | `traffic`, `hooks`, `proxy` |
//! | route | by the path: a delivery, the directory, or a host. Only what is in memory is asked | here, `mapper` |
//! | authenticate | a delivery's signature by its tracker's verifier. Who asks a host is authenticated there | `hooks` |
//! | append | a delivery into the inbox, durable | `hooks` |
//! | proxy | everything else to a host | `proxy` |
//! | respond | the answer's head and body, frame by frame | `answer` |
//! | log | one line of the access log | `access` |

use crate::access::Access;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::hooks::Hooks;
use crate::mapper::{self, Mapper};
use crate::problem;
use crate::proxy::{Proxy, REQUEST_ID, Refused, request_id};
use crate::{Ids, Shared};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::time::Instant;

/// The phases that decide an answer, in their order. Every answer is decided by exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Limits,
    Route,
    Authenticate,
    Append,
    Proxy,
}

impl Phase {
    /// Its name in the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Route => "route",
            Self::Authenticate => "authenticate",
            Self::Append => "append",
            Self::Proxy => "proxy",
        }
    }
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    /// `/hooks/{node}` and below.
    Delivery { node: &'a str },
    /// `/.well-known/twinline/{node}`.
    Directory { node: &'a str },
    /// What hosts tell on their private listener only.
    Private,
    /// A host: the one that has the node, or any.
    Host { node: Option<&'a str> },
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Self {
        let first = |rest: &'a str| rest.split('/').next().unwrap_or_default();
        if let Some(rest) = path.strip_prefix("/hooks/") {
            return Self::Delivery { node: first(rest) };
        }
        if let Some(node) = path.strip_prefix("/.well-known/twinline/") {
            return Self::Directory { node };
        }
        if path == "/metrics" || path.starts_with("/metrics/") {
            return Self::Private;
        }
        let node = path.strip_prefix("/v1/nodes/").map(first);
        Self::Host {
            node: node.filter(|node| !node.is_empty()),
        }
    }
}

/// The parts that answer.
pub(crate) struct Front {
    shared: Arc<Shared>,
    hooks: Hooks,
    ids: Ids,
}

impl Front {
    pub(crate) fn new(shared: Arc<Shared>, ids: Ids) -> Self {
        let hooks = Hooks::new(Arc::clone(&shared));
        Self { shared, hooks, ids }
    }

    fn mapper(&self) -> &Mapper {
        &self.shared.mapper
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        &self.shared.proxy
    }

    /// Answers one request of a connection with `peer`.
    pub(crate) async fn answer(
        &self,
        peer: &Caller,
        request: Request<Incoming>,
    ) -> Response<Answer> {
        let began = Instant::now();
        let behind = self.shared.trusted.behind(peer, request.headers());
        let caller = behind.as_ref().unwrap_or(peer);
        let id = request_id(request.headers()).unwrap_or_else(|| self.ids.next());
        let path = request.uri().path();
        let wanted = match Route::of(path) {
            Route::Delivery { .. } => Phase::Append,
            _ => Phase::Proxy,
        };
        let access = Access::is_wanted(wanted).then(|| {
            let (method, path) = (request.method().clone(), path.to_owned());
            let caller = caller.address.clone();
            Box::new(Access::new(began, caller, method, path, id.clone()))
        });
        let (decided, mut answer) = self.decide(caller, request, &id).await;
        let access = access.map(|mut access| {
            access.phase = decided.phase;
            access.host = decided.host;
            access.status = answer.status().as_u16();
            access
        });
        answer.headers_mut().entry(REQUEST_ID).or_insert(id);
        if wanted == Phase::Proxy {
            self.shared.told.add_to(answer.headers_mut());
        }
        answer.map(|body| body.logged(access))
    }

    async fn decide(
        &self,
        caller: &Caller,
        request: Request<Incoming>,
        id: &HeaderValue,
    ) -> (Decided, Response<Answer>) {
        let path = request.uri().path();
        match Route::of(path) {
            Route::Delivery { node } if request.method() == Method::POST => {
                let node = node.to_owned();
                let (phase, ended) = self.hooks.receive(&node, request).await;
                (phase.into(), ended.answer())
            }
            Route::Delivery { .. } => (
                Phase::Route.into(),
                wrong_method("POST", "webhooks are posted here"),
            ),
            Route::Directory { node } if request.method() == Method::GET => {
                (Phase::Route.into(), mapper::answer(self.mapper(), node))
            }
            Route::Directory { .. } => (
                Phase::Route.into(),
                wrong_method("GET", "the directory is only read"),
            ),
            Route::Private => {
                let detail = "metrics are on the private listeners";
                let answer = problem::answer(StatusCode::NOT_FOUND, "not there", detail);
                (Phase::Route.into(), answer)
            }
            Route::Host { node } => {
                let wanted = node.and_then(|node| self.mapper().host_of(node));
                let began = Instant::now();
                let passed = self.proxy().pass(request, caller, id, wanted.as_deref());
                let (host, passed) = passed.await;
                self.shared.metrics.proxied(began.elapsed());
                let phase = Phase::Proxy;
                let answer = passed.unwrap_or_else(|refused: Refused| refused.answer());
                (Decided { phase, host }, answer)
            }
        }
    }
}

/// Where an answer comes from.
struct Decided {
    phase: Phase,
    host: Option<Arc<str>>,
}

impl From<Phase> for Decided {
    fn from(phase: Phase) -> Self {
        Self { phase, host: None }
    }
}

fn wrong_method(allowed: &'static str, detail: &str) -> Response<Answer> {
    let mut answer = problem::answer(StatusCode::METHOD_NOT_ALLOWED, "not possible", detail);
    let allowed = HeaderValue::from_static(allowed);
    answer.headers_mut().insert(header::ALLOW, allowed);
    answer
}

#[cfg(test)]
#[path = "front_tests.rs"]
mod tests;
