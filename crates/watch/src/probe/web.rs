//! Asking processes of this installation by HTTP: a connection each time, since whether one can be made is the question.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::time::Duration;
use twinline_core::watch::probe::{Failure, Outcome};
use twinline_trackers::http::{
    NoTransport, ReqwestTransport, Secret, Transport as _, TransportLimits, Way,
};

/// The greatest answer that is read: the status of a host with thousands of nodes.
const ANSWER_MAX_BYTES: usize = 8 << 20;
/// The longest that anything may take; each probe's own deadline is shorter.
const STEP_MAX: Duration = Duration::from_secs(30);

/// The way to processes of this installation.
pub struct Web {
    transport: ReqwestTransport,
    way: Way,
    token: Secret,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Why there is nothing to judge by, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoWord {
    /// Nobody answered.
    Silent(String),
    /// An answer, and not what was asked for.
    Wrong(String),
}

impl Answer {
    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Web {
    /// Goes this way, and shows this token to those who are expected there.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(token: Secret, way: Way) -> Result<Self, NoTransport> {
        let limits = TransportLimits {
            connect: STEP_MAX,
            headers: STEP_MAX,
            body: STEP_MAX,
            idle_per_host_max: 0,
            response_max_bytes: ANSWER_MAX_BYTES,
            ..TransportLimits::default()
        };
        let transport = way.transport(limits)?;
        Ok(Self {
            transport,
            way,
            token,
        })
    }

    /// Asks. An answer of any status is an answer.
    pub(super) async fn get(&self, at: SocketAddr, path: &str) -> Result<Answer, String> {
        self.ask(Method::GET, at, path).await
    }

    /// Asks for a deed.
    pub(super) async fn post(&self, at: SocketAddr, path: &str) -> Result<Answer, String> {
        self.ask(Method::POST, at, path).await
    }

    async fn ask(&self, method: Method, at: SocketAddr, path: &str) -> Result<Answer, String> {
        let mut request = Request::builder().method(method);
        request = match self.way.url(at, path) {
            Some(url) => {
                let bearer = format!("Bearer {}", self.token.expose());
                request.uri(url).header(header::AUTHORIZATION, bearer)
            }
            // A listener of this machine's for everybody: what it may be asked wants no token.
            None => request.uri(format!("http://{at}{path}")),
        };
        let request = request
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request).await;
        let answer = answer.map_err(|error| error.reason)?;
        Ok(Answer {
            status: answer.status(),
            body: answer.into_body(),
        })
    }

    async fn get_within(
        &self,
        at: SocketAddr,
        path: &str,
        within: Duration,
    ) -> Result<Answer, String> {
        let asked = tokio::time::timeout(within, self.get(at, path)).await;
        asked.unwrap_or_else(|_| {
            Err(format!(
                "{path} does not answer in {} ms",
                within.as_millis()
            ))
        })
    }

    /// Asks, and wants a success.
    pub(super) async fn read(&self, at: SocketAddr, path: &str) -> Result<Answer, String> {
        success(path, self.get(at, path).await?)
    }

    /// Asks, ended after this, and wants a success with JSON of this shape.
    pub(super) async fn told_within<T: DeserializeOwned>(
        &self,
        at: SocketAddr,
        path: &str,
        within: Duration,
    ) -> Result<T, NoWord> {
        let answer = self.get_within(at, path, within).await;
        let answer = answer.map_err(NoWord::Silent)?;
        let read = success(path, answer).and_then(|answer| {
            let read = serde_json::from_slice(&answer.body);
            read.map_err(|error| format!("what {path} answers cannot be read: {error}"))
        });
        read.map_err(|why| NoWord::Wrong(format!("{at}: {why}")))
    }
}

fn success(path: &str, answer: Answer) -> Result<Answer, String> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(format!("{path} answers {}", answer.status))
}

/// A failure with its reason.
pub(super) fn failed(detail: impl Into<String>) -> Outcome {
    Outcome::Failed(Failure::Answer {
        detail: detail.into(),
    })
}

/// How something went that has a reason when it fails.
pub(super) fn outcome(went: Result<(), String>) -> Outcome {
    went.map_or_else(failed, |()| Outcome::Passed)
}
