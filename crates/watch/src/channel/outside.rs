//! What channels reach the outside by.

use super::address::Addresses;
use super::outcome::{Cause, Fault, Step};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use twinline_core::handles::Clock;
use twinline_trackers::http::{
    AddressGuard, ReqwestTransport, Sent, Transport, TransportError, TransportFault,
    TransportLimits, Trust,
};

/// The greatest answer that is read, in bytes: none of them has to say more.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// How long sending a page may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Making a connection, of HTTP with the look-up and encryption.
    pub connect: Duration,
    /// Each later step: one answer of a mail server, an HTTP answer's head, its body.
    pub step: Duration,
    /// All of it.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            step: Duration::from_secs(8),
            whole: Duration::from_secs(20),
        }
    }
}

/// The network and the clock of all channels. Cheap to clone.
#[derive(Clone)]
pub struct Outside {
    pub(super) addresses: Addresses,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadlines: Deadlines,
    transport: Arc<dyn Transport>,
}

impl Outside {
    /// Reaches the network.
    ///
    /// # Errors
    /// The HTTP client refuses its settings.
    pub fn new(
        trust: &Trust,
        addresses: Addresses,
        clock: Arc<dyn Clock>,
        deadlines: Deadlines,
    ) -> Result<Self, NoOutside> {
        // Who configures a channel runs the machine: unlike a tenant's tracker it may be anywhere.
        let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
        let limits = TransportLimits {
            connect: deadlines.connect,
            headers: deadlines.connect + deadlines.step,
            body: deadlines.step,
            // A connection that was kept may have died without a word; pages are rare.
            idle_per_host_max: 0,
            response_max_bytes: ANSWER_MAX_BYTES,
            ..TransportLimits::default()
        };
        let guard = AddressGuard::new(everywhere.to_vec());
        let names = Arc::new(addresses.clone());
        let transport = ReqwestTransport::resolving(trust, guard, limits, names)
            .map_err(|error| NoOutside(error.to_string()))?;
        Ok(Self {
            addresses,
            clock,
            deadlines,
            transport: Arc::new(transport),
        })
    }

    /// Asks once. An answer of any status is an answer.
    pub(super) async fn ask(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Cause> {
        let whole = self.deadlines.whole;
        let answer = timeout(whole, self.transport.send(request)).await;
        match answer {
            Ok(answer) => answer.map_err(cause),
            Err(_) => {
                let said = format!("no whole answer within {} ms", whole.as_millis());
                Err(Cause::new(Step::Request, Fault::Silent, said).may_have_arrived())
            }
        }
    }
}

/// Channels cannot reach the outside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client for channels cannot be made: {0}")]
pub struct NoOutside(String);

fn cause(error: TransportError) -> Cause {
    let (step, fault) = match (error.sent, error.fault) {
        (Sent::NotSent, _) => (Step::Connect, Fault::Unreachable),
        (Sent::MaybeSent, TransportFault::Network) => (Step::Request, Fault::Silent),
        (Sent::MaybeSent, _) => (Step::Request, Fault::Broken),
    };
    let cause = Cause::new(step, fault, error.reason);
    match error.sent {
        Sent::NotSent => cause,
        Sent::MaybeSent => cause.may_have_arrived(),
    }
}

/// The time that one page may take, step by step.
pub(super) struct Budget {
    until: Instant,
}

impl Budget {
    pub(super) fn begin(whole: Duration) -> Self {
        Self {
            until: Instant::now() + whole,
        }
    }

    /// Waits for one step, at most `max` and at most until the whole is over.
    pub(super) async fn step<T>(
        &self,
        step: Step,
        max: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Cause> {
        let left = self.until.saturating_duration_since(Instant::now());
        let limit = max.min(left);
        timeout(limit, work).await.map_err(|_| {
            let said = format!("no answer within {} ms", limit.as_millis());
            Cause::new(step, Fault::Silent, said)
        })
    }
}
