//! A simulator that remembers every request it got and every answer it gave.

use bytes::Bytes;
use http::{Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_sim::{Command, Delivered, Done, Dump, Refused, Simulator, Webhook};

/// A request and its answer.
pub(super) struct Exchange {
    pub(super) request: Request<Bytes>,
    pub(super) response: Response<Bytes>,
}

/// What was recorded. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Recording {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recording {
    /// Everything since the last time.
    pub(super) fn take(&self) -> Vec<Exchange> {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut exchanges)
    }

    fn add(&self, exchange: Exchange) {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(exchange);
    }
}

pub(super) struct Recorded {
    inner: Box<dyn Simulator>,
    recording: Recording,
}

impl Recorded {
    pub(super) fn new(inner: Box<dyn Simulator>, recording: Recording) -> Self {
        Self { inner, recording }
    }
}

impl Simulator for Recorded {
    fn tracker(&self) -> &'static str {
        self.inner.tracker()
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        let response = self.inner.handle(now, request);
        self.recording.add(Exchange {
            request: request.clone(),
            response: response.clone(),
        });
        response
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

    fn set_index_lag(&mut self, lag: Duration) {
        self.inner.set_index_lag(lag);
    }

    fn set_base_url(&mut self, base: &str) {
        self.inner.set_base_url(base);
    }

    fn statuses(&self) -> Vec<String> {
        self.inner.statuses()
    }

    fn throttled(&self, now: Timestamp, retry_after: Duration) -> Response<Bytes> {
        self.inner.throttled(now, retry_after)
    }
}
