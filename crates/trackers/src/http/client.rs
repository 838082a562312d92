//! One node's connection to its tracker.

mod files;
mod tokens;

pub use files::Download;

use super::RESPONSE_MAX_BYTES;
use super::auth::{Auth, NotAHeader};
use super::budget::{Budget, BudgetRules, Cost, Part, Permit, Wait};
use super::call::Call;
use super::classify::{Verdict, classify, unanswered};
use super::dialect::{Dialect, LimitScope};
use super::meter;
use super::rate_headers::RateSignal;
use super::reply::Reply;
use super::transport::{Sent, Transport, TransportError, TransportFault};
use crate::error::TrackerError;
use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokens::{Shown, Tokens};
use tokio::sync::{Semaphore, SemaphorePermit};
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_core::progress::Allowance;
use twinline_core::time::Timestamp;
use url::Url;

/// Requests under way at once for one node, where its tracker asks for no lower limit.
const IN_FLIGHT_MAX: usize = 16;

/// How long a request waits for one of those to end.
const SLOT_DEADLINE: Duration = Duration::from_secs(30);

/// What a [`Client`] is made of.
#[derive(Debug)]
pub struct ClientSettings {
    /// Whose requests they are; named in the log.
    pub node: NodeName,
    /// The API's base; calls are relative to it. No user, no password, no query.
    pub base: Url,
    /// How a request says who asks.
    pub auth: Auth,
    /// Headers that every request carries: the API's version.
    pub headers: HeaderMap,
    /// The tracker's published limits.
    pub budget: BudgetRules,
}

/// One node's connection to its tracker: base URL, credentials, rate budget, classification, log.
pub struct Client {
    settings: ClientSettings,
    credentials: Option<(HeaderName, HeaderValue)>,
    /// Where access tokens are shown in their place.
    tokens: Option<Tokens>,
    dialect: &'static dyn Dialect,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    in_flight: Semaphore,
    skew_ms: AtomicI64,
}

impl Client {
    /// Makes a client. Fails when the secret cannot be a header.
    pub fn new(
        settings: ClientSettings,
        dialect: &'static dyn Dialect,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NotAHeader> {
        let limit = match settings.budget.in_flight_max {
            0 => IN_FLIGHT_MAX,
            limit => limit,
        };
        let tokens = match &settings.auth {
            Auth::Granted(grant) => Some(Tokens::new(Arc::clone(grant))),
            _ => None,
        };
        Ok(Self {
            credentials: settings.auth.header()?,
            tokens,
            budget: Budget::new(settings.budget.clone()),
            in_flight: Semaphore::new(limit),
            skew_ms: AtomicI64::new(0),
            settings,
            dialect,
            transport,
            clock,
        })
    }

    /// The node that it speaks for.
    pub const fn node(&self) -> &NodeName {
        &self.settings.node
    }

    /// The API's base URL.
    pub const fn base(&self) -> &Url {
        &self.settings.base
    }

    /// Now, by our clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The tracker's clock minus ours in milliseconds, by the last answer's whole-second `Date`: exact to a second.
    pub fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// How long work that can wait should wait, so that what cannot finds room in the tracker's limits. Zero: not at all.
    pub fn spare(&self) -> Duration {
        self.budget.spare(self.clock.now())
    }

    /// What the limits that are known leave to work that can wait, now and later.
    pub fn allowances(&self) -> Vec<Allowance> {
        self.budget.allowances(self.clock.now())
    }

    /// Charges the rate budget for all requests of one effect at once, so that an effect of several requests does not
    /// stop half-way; [`Call::prepaid`] then uses it. A write waits here for its turn when that is near.
    ///
    /// # Errors
    /// `Busy` when they do not fit now.
    pub async fn reserve(&self, costs: &[Cost], key: Option<&str>) -> Result<Permit, TrackerError> {
        let busy = |wait| self.busy(wait);
        if let Some(item) = key.filter(|_| costs.iter().any(|cost| *cost != Cost::Read)) {
            let part = Part::Item(item.to_owned());
            self.budget.open(&part, self.clock.now()).map_err(busy)?;
        }
        let turn = self.budget.charge(costs, key, self.clock.now());
        let turn = turn.map_err(busy)?;
        meter::count(self.node(), costs);
        if !turn.is_zero() {
            tokio::time::sleep(turn).await;
        }
        self.budget.blocked(self.clock.now()).map_err(busy)
    }

    /// Whether the tracker lets this kind of request through now. For an effect that reserves before its requests are made:
    /// [`Self::send`] asks for all others.
    ///
    /// # Errors
    /// `Busy` when it has said to stay away.
    pub fn open(&self, call: &Call) -> Result<(), TrackerError> {
        let open = self.budget.open(&endpoint(call), self.clock.now());
        open.map_err(|wait| self.busy(wait))
    }

    fn busy(&self, wait: Wait) -> TrackerError {
        TrackerError::Busy {
            reason: format!("{}: {}", self.dialect.tracker(), wait.reason),
            after: wait.after,
            whole: wait.whole,
        }
    }

    /// Sends a call. Gives successes, 304, redirects on the same server, and the statuses that the call accepts.
    pub async fn send(&self, call: Call) -> Result<Reply, TrackerError> {
        let url = self.url(&call)?;
        let _slot = self.admit(&call).await?;
        let shown = self.shown(&call).await?;
        let log = self.log(&call, &url);
        let answer = self.transport.send(self.request(&call, &url, &shown));
        let answer = answer.await.and_then(within_limit);
        match answer {
            Ok(response) => self.take(response, (&call, &shown), url, &log),
            Err(error) => Err(self.unanswered(&call, &log, error)),
        }
    }

    /// Charges a call and waits for its place among the node's requests.
    async fn admit(&self, call: &Call) -> Result<SemaphorePermit<'_>, TrackerError> {
        if !call.prepaid {
            self.open(call)?;
            let _permit = self.reserve(&[call.cost], call.key.as_deref()).await?;
        }
        let slot = tokio::time::timeout(SLOT_DEADLINE, self.in_flight.acquire()).await;
        let slot = slot.map_err(|_| TrackerError::Retry {
            reason: format!(
                "{} is slow: too many requests are under way",
                self.dialect.tracker()
            ),
            after: None,
        })?;
        Ok(slot.expect("this semaphore is never closed"))
    }

    fn log(&self, call: &Call, url: &Url) -> Log<'_> {
        Log {
            node: &self.settings.node,
            place: format!(
                "{} {}",
                call.method,
                call.shown.as_deref().unwrap_or(url.path())
            ),
            started: tokio::time::Instant::now(),
        }
    }

    fn unanswered(&self, call: &Call, log: &Log<'_>, error: TransportError) -> TrackerError {
        log.unanswered(&error);
        unanswered(self.dialect.tracker(), &log.place, call.writes(), error)
    }

    fn take(
        &self,
        response: http::Response<Bytes>,
        (call, shown): (&Call, &Shown),
        url: Url,
        log: &Log<'_>,
    ) -> Result<Reply, TrackerError> {
        let (parts, body) = response.into_parts();
        let reply = Reply {
            tracker: self.dialect.tracker(),
            place: log.place.clone(),
            url,
            writes: call.writes(),
            status: parts.status,
            headers: parts.headers,
            body,
        };
        log.answered(&reply);
        // What is forbidden was asked for by somebody who is known.
        let knows_us = reply.status != StatusCode::UNAUTHORIZED;
        let is_forbidden = reply.status == StatusCode::FORBIDDEN;
        match self.judge(reply, call) {
            Err(error @ TrackerError::Credentials { .. }) if !is_forbidden => {
                Err(self.refused(shown, call, error))
            }
            judged => {
                if knows_us {
                    self.taken(shown, call);
                }
                judged
            }
        }
    }

    /// Learns how far the tracker's clock is from ours, from what it was there when it answered.
    fn hear_clock(&self, date: Timestamp) {
        let skew = date.as_millis() - self.clock.now().floor_to_second().as_millis();
        self.skew_ms.store(skew, Ordering::Relaxed);
    }

    fn judge(&self, reply: Reply, call: &Call) -> Result<Reply, TrackerError> {
        let now = self.clock.now();
        if let Some(date) = reply.date() {
            self.hear_clock(date);
        }
        let verdict = match classify(&reply, self.dialect) {
            // A spent limit says nothing about what was asked for, whatever the status.
            Verdict::Fail(_) if call.accepted.contains(&reply.status) => Verdict::Give,
            verdict => verdict,
        };
        let signal = RateSignal::read(&reply.headers, now);
        let limited = matches!(verdict, Verdict::Limited);
        let scope = self.dialect.limit_scope(&reply);
        if limited && scope != LimitScope::Node {
            let part = match &call.key {
                Some(item) if scope == LimitScope::Item => Part::Item(item.clone()),
                _ => endpoint(call),
            };
            return Err(self.busy(self.budget.shut(part, &signal, now)));
        }
        let wait = self.budget.learn(&signal, limited, now);
        match verdict {
            Verdict::Give => Ok(reply),
            Verdict::Limited => Err(TrackerError::Retry {
                reason: format!(
                    "{} answered {}: its rate limit is spent",
                    reply.tracker, reply.status
                ),
                after: wait,
            }),
            Verdict::Fail(TrackerError::Retry {
                reason,
                after: None,
            }) => Err(TrackerError::Retry {
                reason,
                after: signal.retry_after,
            }),
            Verdict::Fail(error) => Err(error),
        }
    }

    /// The URL of a call: below the base, or absolute on the same server.
    fn url(&self, call: &Call) -> Result<Url, TrackerError> {
        let base = &self.settings.base;
        let mut url = if call.is_absolute() {
            let parsed = Url::parse(&call.target).ok();
            parsed
                .filter(|url| url.origin() == base.origin())
                .ok_or_else(|| TrackerError::Unreadable {
                    tracker: self.dialect.tracker().to_owned(),
                    place: base.path().to_owned(),
                    reason: "it gave a link to another server".to_owned(),
                })?
        } else {
            let (path, query) = match call.target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (call.target.as_str(), None),
            };
            let mut url = base.clone();
            url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
            url.set_query(query);
            url
        };
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(url)
    }

    fn request(&self, call: &Call, url: &Url, shown: &Shown) -> http::Request<Bytes> {
        let mut request = http::Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url.as_str().parse().expect("a serialised URL is a URI");
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(self.settings.headers.clone());
        headers.extend(call.headers.clone());
        headers.extend(shown.clone());
        request
    }
}

/// The kind of request that a call is: its method and path, whatever the ids in it are.
fn endpoint(call: &Call) -> Part {
    let path = call.target.split('?').next().unwrap_or_default();
    let general = |part: &str| match part.bytes().any(|byte| byte.is_ascii_digit()) {
        true => "*".to_owned(),
        false => part.to_owned(),
    };
    let path: Vec<String> = path.split('/').map(general).collect();
    Part::Endpoint(format!("{} {}", call.method, path.join("/")))
}

/// GitHub refuses requests without one.
const AGENT: &str = concat!("twinline/", env!("CARGO_PKG_VERSION"));

fn within_limit(response: http::Response<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
    if response.body().len() <= RESPONSE_MAX_BYTES {
        return Ok(response);
    }
    Err(TransportError {
        sent: Sent::MaybeSent,
        fault: TransportFault::TooLarge,
        reason: format!("the answer is larger than {RESPONSE_MAX_BYTES} bytes"),
    })
}

/// The request log: one line per request, without query, headers and body.
struct Log<'a> {
    node: &'a NodeName,
    place: String,
    started: tokio::time::Instant,
}

impl Log<'_> {
    fn answered(&self, reply: &Reply) {
        let request_id = reply
            .header("x-github-request-id")
            .or_else(|| reply.header("x-request-id"))
            .unwrap_or("");
        tracing::debug!(
            node = %self.node, request = self.place, status = reply.status.as_u16(),
            millis = self.started.elapsed().as_millis(), bytes = reply.body.len(), request_id, "tracker answered"
        );
    }

    fn unanswered(&self, error: &TransportError) {
        tracing::debug!(
            node = %self.node, request = self.place, millis = self.started.elapsed().as_millis(), sent = ?error.sent,
            reason = error.reason, "tracker did not answer"
        );
    }
}

#[cfg(test)]
mod tests;
