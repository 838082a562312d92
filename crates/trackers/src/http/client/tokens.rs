//! The access token that a node's requests show, asked for when it is needed.
//!
//! A token is used until shortly before its end, then another one is asked for. One that the tracker takes no longer is
//! forgotten: the request that it was refused with did nothing, and is made again by whoever tries again what failed.

use super::super::auth::Secret;
use super::super::grant::{self, Grant};
use super::super::rate_headers::{RateSignal, parse_http_date};
use super::super::transport::{Sent, TransportFault};
use super::{AGENT, Call, Client, SLOT_DEADLINE, TrackerError, within_limit};
use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE, HeaderName, USER_AGENT};
use http::{HeaderValue, StatusCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// What a request shows to say who asks.
pub(super) type Shown = Option<(HeaderName, HeaderValue)>;

/// So long before its end a token is used no more: a request takes its time. Of a short life it is a quarter.
const EARLY: Duration = Duration::from_secs(60);

/// So long a failure to be given a token is told again without asking: all that wait would ask one after the other.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// After an address that the guard refuses: a person or the DNS mends that.
const FORBIDDEN_AFTER: Duration = Duration::from_secs(60);

/// The access token of one node.
pub(super) struct Tokens {
    grant: Arc<dyn Grant>,
    held: Mutex<Held>,
    /// One asks at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    failed: Option<(Timestamp, TrackerError)>,
}

struct Token {
    value: HeaderValue,
    /// By our clock.
    until: Timestamp,
    /// Whether the tracker has taken it.
    taken: bool,
}

impl Tokens {
    pub(super) fn new(grant: Arc<dyn Grant>) -> Self {
        Self {
            grant,
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, or why there is none; `None`: it is to be asked for.
    fn known(&self, now: Timestamp) -> Option<Result<HeaderValue, TrackerError>> {
        let held = self.lock();
        if let Some(token) = held.token.as_ref().filter(|token| now < token.until) {
            return Some(Ok(token.value.clone()));
        }
        let (at, error) = held.failed.as_ref()?;
        (now.since(*at) < FAILED_FOR && *at <= now).then(|| Err(error.clone()))
    }

    /// What the tracker said to a request that showed a token. True: the token was good once and is no longer, so that
    /// another one may be taken.
    fn heard(&self, shown: &HeaderValue, is_taken: bool) -> bool {
        let mut held = self.lock();
        let Some(token) = held.token.as_mut().filter(|token| token.value == *shown) else {
            // Another one is there by now.
            return !is_taken;
        };
        if is_taken {
            token.taken = true;
            return false;
        }
        let was_good = token.taken;
        held.token = None;
        was_good
    }
}

impl Client {
    /// What a call shows to say who asks.
    pub(super) async fn shown(&self, call: &Call) -> Result<Shown, TrackerError> {
        if let Some(own) = &call.shows {
            return Ok(Some((AUTHORIZATION, own.clone())));
        }
        let Some(tokens) = &self.tokens else {
            return Ok(self.credentials.clone());
        };
        let token = match tokens.known(self.now()) {
            Some(known) => known?,
            None => {
                let turn = tokio::time::timeout(SLOT_DEADLINE, tokens.turn.lock()).await;
                let _turn = turn.map_err(|_| TrackerError::Retry {
                    reason: format!("{} is slow to give an access token", self.dialect.tracker()),
                    after: None,
                })?;
                match tokens.known(self.now()) {
                    Some(known) => known?,
                    None => self.ask_for_token(tokens).await?,
                }
            }
        };
        Ok(Some((AUTHORIZATION, token)))
    }

    async fn ask_for_token(&self, tokens: &Tokens) -> Result<HeaderValue, TrackerError> {
        let asked = self.ask_giver(tokens).await;
        let now = self.now();
        let mut held = tokens.lock();
        match asked {
            Ok((value, lives)) => {
                *held = Held {
                    token: Some(Token {
                        value: value.clone(),
                        until: now.plus(lives.saturating_sub(EARLY.min(lives / 4))),
                        taken: false,
                    }),
                    failed: None,
                };
                Ok(value)
            }
            Err(error) => {
                held.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    /// A new token, and how long it lives.
    async fn ask_giver(&self, tokens: &Tokens) -> Result<(HeaderValue, Duration), TrackerError> {
        let tracker = self.dialect.tracker();
        let their_now = Timestamp::from_millis(self.now().as_millis() + self.skew_ms());
        let unfit = |_| TrackerError::Credentials {
            sentence: format!(
                "the credentials for {tracker} have characters that cannot be sent: is it the right file?"
            ),
        };
        let mut request = tokens.grant.request(their_now).map_err(unfit)?;
        let agent = HeaderValue::from_static(AGENT);
        request.headers_mut().insert(USER_AGENT, agent);
        let host = request.uri().host().unwrap_or_default().to_owned();
        let is_tracker = self.settings.base.host_str() == Some(host.as_str());
        let answer = self.transport.send(request).await.and_then(within_limit);
        let answer = answer.map_err(|error| TrackerError::Retry {
            reason: format!("{host}, which gives access tokens: {}", error.reason),
            after: (error.sent == Sent::NotSent && error.fault == TransportFault::Forbidden)
                .then_some(FORBIDDEN_AFTER),
        })?;
        let date = answer.headers().get(DATE);
        let date = date.and_then(|date| parse_http_date(date.to_str().ok()?));
        if let Some(date) = date.filter(|_| is_tracker) {
            self.hear_clock(date);
        }
        tracing::debug!(node = %self.settings.node, host, status = answer.status().as_u16(), "an access token was asked for");
        self.given(&answer, &host, date.unwrap_or(their_now))
    }

    fn given(
        &self,
        answer: &http::Response<Bytes>,
        host: &str,
        their_now: Timestamp,
    ) -> Result<(HeaderValue, Duration), TrackerError> {
        let tracker = self.dialect.tracker();
        let status = answer.status();
        let said = grant::sentence(answer.body());
        if status.is_success() {
            let given = grant::read(answer.body(), their_now);
            let header = given.and_then(|given| Some((bearer(&given.token)?, given.lives)));
            return header.ok_or_else(|| TrackerError::Unreadable {
                tracker: tracker.to_owned(),
                place: format!("{host}, which gives access tokens"),
                reason: "there is no access token in its answer".to_owned(),
            });
        }
        let later = status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error();
        if later {
            return Err(TrackerError::Retry {
                reason: format!("{host}, which gives access tokens, answered {status}: {said}"),
                after: RateSignal::read(answer.headers(), self.now()).retry_after,
            });
        }
        Err(TrackerError::Credentials {
            sentence: format!(
                "{host} gives no access token for {tracker} (it answered {status}): {said}"
            ),
        })
    }

    /// What becomes of an answer that refuses the credentials: a token that was good until now is forgotten, and what was
    /// refused with it did nothing and may be tried again.
    pub(super) fn refused(&self, shown: &Shown, call: &Call, error: TrackerError) -> TrackerError {
        let (Some(tokens), Some((_, value)), None) = (&self.tokens, shown, &call.shows) else {
            return error;
        };
        match error {
            TrackerError::Credentials { sentence } if tokens.heard(value, false) => {
                TrackerError::Retry {
                    reason: format!("{sentence}; another access token is asked for"),
                    after: None,
                }
            }
            other => other,
        }
    }

    /// The tracker has taken what a request showed.
    pub(super) fn taken(&self, shown: &Shown, call: &Call) {
        if let (Some(tokens), Some((_, value)), None) = (&self.tokens, shown, &call.shows) {
            tokens.heard(value, true);
        }
    }
}

fn bearer(token: &Secret) -> Option<HeaderValue> {
    let shown = zeroize::Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&shown).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
