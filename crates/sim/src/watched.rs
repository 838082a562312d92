//! A simulator that is watched: a benchmark or drill learns what it is asked, and when a write arrives.

use crate::{Command, Delivered, Done, Dump, DumpItem, Refused, Simulator, Webhook};
use bytes::Bytes;
use http::{Method, Request, Response};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Who is told what the trackers are asked.
pub trait Sees: Send + Sync + 'static {
    /// A request has come.
    fn asked(&self);
    /// A write to one side has succeeded.
    fn written(&self, side: usize, body: &[u8]);
}

/// A simulator that tells of the requests and writes that it takes.
pub struct Watched<S> {
    simulator: Box<dyn Simulator>,
    side: usize,
    sees: Arc<S>,
}

impl<S: Sees> Watched<S> {
    /// Tells `sees` of what `simulator` is asked, under the number of its side.
    pub const fn new(simulator: Box<dyn Simulator>, side: usize, sees: Arc<S>) -> Self {
        Self {
            simulator,
            side,
            sees,
        }
    }
}

impl<S: Sees> Simulator for Watched<S> {
    fn tracker(&self) -> &'static str {
        self.simulator.tracker()
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        self.sees.asked();
        let response = self.simulator.handle(now, request);
        if request.method() != Method::GET && response.status().is_success() {
            self.sees.written(self.side, request.body());
        }
        response
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        self.simulator.take_webhooks()
    }

    fn delivered(
        &mut self,
        now: Timestamp,
        webhook: &Webhook,
        how: &Delivered,
    ) -> Option<Duration> {
        self.simulator.delivered(now, webhook, how)
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.simulator.command(now, command)
    }

    fn dump(&self) -> Dump {
        self.simulator.dump()
    }

    fn dump_one(&self, key: &str) -> Option<DumpItem> {
        self.simulator.dump_one(key)
    }

    fn set_index_lag(&mut self, lag: Duration) {
        self.simulator.set_index_lag(lag);
    }

    fn set_base_url(&mut self, base: &str) {
        self.simulator.set_base_url(base);
    }

    fn throttled(&self, now: Timestamp, retry_after: Duration) -> Response<Bytes> {
        self.simulator.throttled(now, retry_after)
    }
}
