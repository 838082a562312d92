//! How access tokens are asked for that end by themselves: what a node shows in the place of a secret.
//!
//! The secrets of the configuration go to whoever gives the tokens, and nowhere else. A token is never written anywhere.

use super::auth::{NotAHeader, Secret};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use twinline_core::time::Timestamp;
use url::Url;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// A way to be given access tokens.
pub trait Grant: fmt::Debug + Send + Sync {
    /// The request that asks for one. `now` is by the giver's clock as far as it is known: a request may be signed for an
    /// instant. Asking twice gives two tokens and does no harm.
    ///
    /// # Errors
    /// The secrets cannot be sent.
    fn request(&self, now: Timestamp) -> Result<Request<Bytes>, NotAHeader>;
}

/// How the fields of a request for a token are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As RFC 6749 says: a form.
    Form,
    /// As a JSON object.
    Json,
}

/// OAuth 2.0 (RFC 6749): a client that asks in its own name (section 4.4), or in that of an account whose password it has
/// (section 4.3).
#[derive(Clone, Debug)]
pub struct ClientGrant {
    url: Url,
    written: Written,
    fields: Vec<(&'static str, Secret)>,
}

impl ClientGrant {
    /// A client's own tokens, from `url`.
    pub fn new(url: Url, written: Written, id: Secret, secret: Secret) -> Self {
        Self {
            url,
            written,
            fields: vec![
                ("grant_type", Secret::new("client_credentials")),
                ("client_id", id),
                ("client_secret", secret),
            ],
        }
    }

    /// The same for an account.
    #[must_use]
    pub fn of_account(mut self, user: Secret, password: Secret) -> Self {
        self.fields[0].1 = Secret::new("password");
        self.fields
            .extend([("username", user), ("password", password)]);
        self
    }

    /// What else is asked for: a scope.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, Secret::new(value)));
        self
    }
}

impl Grant for ClientGrant {
    fn request(&self, _: Timestamp) -> Result<Request<Bytes>, NotAHeader> {
        let pairs = self.fields.iter();
        let pairs = pairs.map(|(name, value)| (*name, value.expose()));
        let (kind, body) = match self.written {
            Written::Form => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                let body = form.extend_pairs(pairs).finish();
                ("application/x-www-form-urlencoded", Zeroizing::new(body))
            }
            Written::Json => {
                let fields: serde_json::Map<String, serde_json::Value> = pairs
                    .map(|(name, value)| (name.to_owned(), value.into()))
                    .collect();
                let body = serde_json::Value::Object(fields).to_string();
                ("application/json", Zeroizing::new(body))
            }
        };
        let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.as_str().parse().map_err(|_| NotAHeader)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}

/// How long a token is taken for good whose giver does not say it.
const UNSAID: Duration = Duration::from_secs(600);

/// The longest that a token is kept: a giver that says more is asked once a day.
const KEPT_MAX: Duration = Duration::from_secs(24 * 3600);

/// A token that was given.
pub(super) struct Given {
    pub(super) token: Secret,
    /// For how long from now on.
    pub(super) lives: Duration,
}

#[derive(Deserialize)]
struct Answer {
    /// RFC 6749's name; GitHub's is `token`.
    #[serde(alias = "token")]
    access_token: String,
    /// Seconds, as a number or as a text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    expires_at: Option<String>,
}

/// Reads a giver's answer; `now` is by its clock. `None`: there is no token in it.
pub(super) fn read(body: &[u8], now: Timestamp) -> Option<Given> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let token = Secret::new(answer.access_token);
    let seconds = answer.expires_in.as_ref().and_then(|value| {
        let text = value.as_str().and_then(|text| text.trim().parse().ok());
        value.as_u64().or(text)
    });
    let end = answer
        .expires_at
        .as_deref()
        .and_then(|text| Timestamp::parse(text).ok());
    let lives = match (seconds, end) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Some(end)) => end.since(now),
        (None, None) => UNSAID,
    };
    (!token.is_empty()).then_some(Given {
        token,
        lives: lives.min(KEPT_MAX),
    })
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: serde_json::Value,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// The longest sentence of a giver that is told, in characters.
const SENTENCE_MAX_CHARS: usize = 300;

/// The giver's own sentence in a refusal; empty when it gave none.
pub(super) fn sentence(body: &[u8]) -> String {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let code = refusal.error.as_str().map(str::to_owned);
    let said = refusal.error_description.or(refusal.message).or(code);
    let said = said.unwrap_or_default();
    // Entra's has the trace of the request behind the first line.
    let line = said.lines().next().unwrap_or_default();
    line.chars().take(SENTENCE_MAX_CHARS).collect()
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
