//! A request to make, before it has a server or credentials.

use super::budget::{Cost, Permit};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;

/// One request to a tracker, as a connector words it.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) cost: Cost,
    pub(super) key: Option<String>,
    pub(super) accepted: Vec<StatusCode>,
    pub(super) prepaid: bool,
    /// What the log calls it in place of its path.
    pub(super) shown: Option<String>,
    /// What it shows in place of the node's credentials.
    pub(super) shows: Option<HeaderValue>,
}

impl Call {
    /// Reads `target`: a path below the node's base URL, or an absolute URL on the same server (a `Link: rel="next"`).
    pub fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target, Cost::Read)
    }

    /// A write that makes something new.
    pub fn post(target: impl Into<String>) -> Self {
        Self::new(Method::POST, target, Cost::Create)
    }

    /// A write that replaces.
    pub fn put(target: impl Into<String>) -> Self {
        Self::new(Method::PUT, target, Cost::Write)
    }

    /// A write that changes.
    pub fn patch(target: impl Into<String>) -> Self {
        Self::new(Method::PATCH, target, Cost::Write)
    }

    /// A write that removes.
    pub fn delete(target: impl Into<String>) -> Self {
        Self::new(Method::DELETE, target, Cost::Write)
    }

    fn new(method: Method, target: impl Into<String>, cost: Cost) -> Self {
        Self {
            method,
            target: target.into(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            cost,
            key: None,
            accepted: Vec::new(),
            prepaid: false,
            shown: None,
            shows: None,
        }
    }

    /// Adds `name=value` to the query, encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends `body` as JSON.
    ///
    /// # Panics
    /// When `body` cannot be written as JSON: a broken invariant of the connector's own types.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body)
            .expect("a connector's request types are JSON")
            .into();
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    /// Changes what the rate budget counts it as: a search by POST is a [`Cost::Read`]. A call that counts as a read is
    /// also classified as one: with no answer it is `Retry`, never `Unknown`.
    #[must_use]
    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// Names the thing that a keyed [`super::Window`] counts for: the item's id where limits are per item.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Hands these statuses to the connector instead of classifying them.
    #[must_use]
    pub fn accept(mut self, statuses: &[StatusCode]) -> Self {
        self.accepted.extend_from_slice(statuses);
        self
    }

    /// Says what the log and errors call it in place of its path, which is a secret.
    #[must_use]
    pub fn shown_as(mut self, path: impl Into<String>) -> Self {
        self.shown = Some(path.into());
        self
    }

    /// Shows something else than the node's credentials: what signs for the instant.
    #[must_use]
    pub fn showing(mut self, credentials: HeaderValue) -> Self {
        self.shows = Some(credentials);
        self
    }

    /// Says that the rate budget was already charged through [`super::Client::reserve`].
    #[must_use]
    pub fn prepaid(mut self, _permit: &Permit) -> Self {
        self.prepaid = true;
        self
    }

    pub(super) fn is_absolute(&self) -> bool {
        self.target.starts_with("http://") || self.target.starts_with("https://")
    }

    pub(super) const fn writes(&self) -> bool {
        !matches!(self.cost, Cost::Read)
    }
}
