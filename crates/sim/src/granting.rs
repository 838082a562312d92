//! A simulator behind an identity service: access tokens are given out to a client that is registered, and end.
//!
//! Source: RFC 6749, sections 4.3, 4.4 and 5. Microsoft Entra, Atlassian, ServiceNow and Zendesk differ in the address, in
//! what a request holds beside, and in whether it is a form or JSON; and Atlassian's tokens are taken by a gateway, which has
//! each site at a path of its own.

use crate::call::{self, Call};
use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpItem};
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How tokens are given out.
#[derive(Clone, Debug)]
pub struct Door {
    /// The path at which one asks.
    pub path: &'static str,
    /// What a request must hold, by name.
    pub wanted: &'static [(&'static str, &'static str)],
    /// Whether requests are JSON; else forms.
    pub json: bool,
    /// How long a token lives.
    pub lives: Duration,
    /// What the simulator inside takes for the client's account: an `Authorization` header.
    pub inside: String,
    /// The path below which the API is for who shows a token; empty: where it always is.
    pub gateway: &'static str,
}

/// The tokens that were given out. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct GivenTokens(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    given: usize,
    /// By token: until when it is taken.
    live: BTreeMap<String, Timestamp>,
}

impl GivenTokens {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many were given out.
    pub fn count(&self) -> usize {
        self.lock().given
    }

    /// Ends all of them.
    pub fn end(&self) {
        self.lock().live.clear();
    }
}

/// A simulator behind such a door.
pub struct Granting {
    inner: Box<dyn Simulator>,
    door: Door,
    tokens: GivenTokens,
}

impl Granting {
    /// Puts a door in front of a simulator.
    pub fn new(inner: Box<dyn Simulator>, door: Door) -> Self {
        Self {
            inner,
            door,
            tokens: GivenTokens::default(),
        }
    }

    /// The tokens that it gives out.
    pub fn tokens(&self) -> GivenTokens {
        self.tokens.clone()
    }

    fn give(&self, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
        let fields: BTreeMap<String, String> = match self.door.json {
            true => serde_json::from_slice(call.body()).unwrap_or_default(),
            false => url::form_urlencoded::parse(call.body())
                .into_owned()
                .collect(),
        };
        let holds =
            |(name, value): &(&str, &str)| fields.get(*name).is_some_and(|held| held == value);
        if !self.door.wanted.iter().all(holds) {
            let refusal = json!({"error": "invalid_client",
                "error_description": "The client is not known, or its secret is wrong."});
            return call::json(StatusCode::UNAUTHORIZED, &refusal);
        }
        let mut book = self.tokens.lock();
        book.given += 1;
        let token = format!("given-{}", book.given);
        book.live.insert(token.clone(), now.plus(self.door.lives));
        let given = json!({"access_token": token, "token_type": "Bearer",
            "expires_in": self.door.lives.as_secs()});
        call::json(StatusCode::OK, &given)
    }

    /// The request as the simulator inside takes it: with its own credentials in the place of a token that lives.
    fn let_in(&self, now: Timestamp, request: &Request<Bytes>) -> Request<Bytes> {
        let mut inside = request.clone();
        let shown = request.headers().get(header::AUTHORIZATION);
        let token = shown.and_then(|shown| shown.to_str().ok()?.strip_prefix("Bearer "));
        let lives = token.is_some_and(|token| {
            let book = self.tokens.lock();
            book.live.get(token).is_some_and(|end| now < *end)
        });
        let path = request.uri().path_and_query();
        let path = path.and_then(|path| path.as_str().strip_prefix(self.door.gateway));
        let own = match (token, path) {
            (Some(_), Some(_)) if lives => self.door.inside.as_str(),
            (Some(_), _) => "Bearer of-nobody",
            (None, _) => return inside,
        };
        let own = HeaderValue::from_str(own).expect("a door's own credentials are a header");
        inside.headers_mut().insert(header::AUTHORIZATION, own);
        if let Some(path) = path {
            let authority = request.uri().authority().map_or("", |part| part.as_str());
            let scheme = request.uri().scheme_str().unwrap_or("http");
            let uri = match authority {
                "" => path.parse(),
                authority => format!("{scheme}://{authority}{path}").parse(),
            };
            *inside.uri_mut() = uri.expect("a part of an address is one");
        }
        inside
    }
}

impl Simulator for Granting {
    fn tracker(&self) -> &'static str {
        self.inner.tracker()
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        let call = Call::new(request);
        if call.method == Method::POST && request.uri().path() == self.door.path {
            return self.give(now, &call);
        }
        let inside = self.let_in(now, request);
        self.inner.handle(now, &inside)
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        self.inner.take_webhooks()
    }

    fn delivered(
        &mut self,
        now: Timestamp,
        webhook: &Webhook,
        how: &Delivered,
    ) -> Option<Duration> {
        self.inner.delivered(now, webhook, how)
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.inner.command(now, command)
    }

    fn dump(&self) -> Dump {
        self.inner.dump()
    }

    fn dump_one(&self, key: &str) -> Option<DumpItem> {
        self.inner.dump_one(key)
    }

    fn set_index_lag(&mut self, lag: Duration) {
        self.inner.set_index_lag(lag);
    }

    fn set_base_url(&mut self, base: &str) {
        self.inner
            .set_base_url(&format!("{base}{}", self.door.gateway));
    }

    fn statuses(&self) -> Vec<String> {
        self.inner.statuses()
    }

    fn throttled(&self, now: Timestamp, retry_after: Duration) -> Response<Bytes> {
        self.inner.throttled(now, retry_after)
    }
}
