//! A hand on the wire: makes the next answer disappear, or another one of it.

use crate::http::{Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Trick {
    /// Nothing: the trick after it is for the request after this one.
    Pass,
    /// It takes effect, and its answer is lost.
    LoseAnswer,
    /// It is lost on its way; the sender cannot know.
    LoseRequest,
    /// No connection is made.
    Refuse,
    /// It is not sent, and this is the answer.
    Answer(Response<Bytes>),
}

/// A transport that plays tricks on demand and otherwise passes on. Each trick is played once.
pub struct Meddler {
    inner: Arc<dyn Transport>,
    tricks: Mutex<Tricks>,
}

#[derive(Default)]
struct Tricks {
    reads: VecDeque<Trick>,
    writes: VecDeque<Trick>,
    requests: u64,
}

impl Meddler {
    /// Passes on to `inner`.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            tricks: Mutex::default(),
        }
    }

    /// Plays a trick on the next GET or HEAD that none is meant for yet.
    pub fn next_read(&self, trick: Trick) {
        self.lock().reads.push_back(trick);
    }

    /// Plays a trick on the next request of any other method that none is meant for yet.
    pub fn next_write(&self, trick: Trick) {
        self.lock().writes.push_back(trick);
    }

    /// Forgets the tricks that were not played.
    pub fn clear(&self) {
        let mut tricks = self.lock();
        tricks.reads.clear();
        tricks.writes.clear();
    }

    /// Whether every trick was played.
    pub fn is_spent(&self) -> bool {
        let tricks = self.lock();
        tricks.reads.is_empty() && tricks.writes.is_empty()
    }

    /// How many requests came by.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tricks> {
        self.tricks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, request: &Request<Bytes>) -> Option<Trick> {
        if asks_for_token(request) {
            return None;
        }
        let mut tricks = self.lock();
        tricks.requests += 1;
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            tricks.reads.pop_front()
        } else {
            tricks.writes.pop_front()
        }
    }
}

/// Whether an access token is asked for, which is nobody's read or write.
fn asks_for_token(request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    let last = path.rsplit('/').next().unwrap_or_default();
    let named = ["access_tokens", "oauth_token.do"].contains(&last);
    *request.method() == Method::POST && (named || path.contains("/oauth"))
}

#[async_trait]
impl Transport for Meddler {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        match self.draw(&request) {
            None | Some(Trick::Pass) => self.inner.send(request).await,
            Some(Trick::LoseAnswer) => {
                self.inner.send(request).await?;
                Err(TransportError::maybe_sent("the answer was lost"))
            }
            Some(Trick::LoseRequest) => Err(TransportError::maybe_sent("no answer came")),
            Some(Trick::Refuse) => Err(TransportError::not_sent("connection refused")),
            Some(Trick::Answer(response)) => Ok(response),
        }
    }
}
