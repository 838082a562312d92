//! The access log: one line a request, when its answer has been sent. Target `twinline_edge::access`; what was proxied at
//! level `info`, webhooks at `debug`. A query is never logged: people put secrets there.

use crate::BoxError;
use crate::front::Phase;
use bytes::Bytes;
use http::{HeaderValue, Method};
use hyper::body::Frame;
use std::sync::Arc;
use tokio::time::Instant;

const TARGET: &str = "twinline_edge::access";

/// What is known of one request; logged when dropped.
pub(crate) struct Access {
    pub(crate) began: Instant,
    pub(crate) caller: HeaderValue,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) request_id: HeaderValue,
    /// The phase that decided the answer.
    pub(crate) phase: Phase,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) status: u16,
    bytes: u64,
    broke_off: Option<String>,
}

impl Access {
    /// Whether lines are wanted for requests that end in this phase.
    pub(crate) fn is_wanted(phase: Phase) -> bool {
        match phase {
            Phase::Append => tracing::enabled!(target: TARGET, tracing::Level::DEBUG),
            _ => tracing::enabled!(target: TARGET, tracing::Level::INFO),
        }
    }

    pub(crate) fn new(
        began: Instant,
        caller: HeaderValue,
        method: Method,
        path: String,
        request_id: HeaderValue,
    ) -> Self {
        Self {
            began,
            caller,
            method,
            path,
            request_id,
            phase: Phase::Route,
            host: None,
            status: 0,
            bytes: 0,
            broke_off: None,
        }
    }

    /// A part of the answer's body passes.
    pub(crate) fn frame(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>) {
        match frame {
            Some(Ok(frame)) => self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(error)) => self.broke_off = Some(error.to_string()),
            None => {}
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        let ms = self.began.elapsed().as_secs_f64() * 1000.0;
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let (caller, request_id) = (text(&self.caller), text(&self.request_id));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    caller,
                    method = %self.method,
                    path = self.path,
                    status = self.status,
                    bytes = self.bytes,
                    ms,
                    phase = self.phase.name(),
                    host = self.host.as_deref(),
                    broke_off = self.broke_off.as_deref(),
                    request_id,
                    "request"
                )
            };
        }
        match self.phase {
            Phase::Append => line!(debug),
            _ => line!(info),
        }
    }
}
