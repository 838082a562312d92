//! Spans on their way to the collector: a bounded queue that never waits, and a task that sends what is in it.
//!
//! A collector that is slow, mute or gone costs spans, which are counted, and nothing else.

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

/// Spans that wait to be sent; what ends while so many wait is dropped.
const WAITING_MAX: usize = 2048;
/// Spans in one request.
const BATCH_MAX: usize = 512;
/// How long the first span of a request waits for company.
const LINGER: Duration = Duration::from_millis(500);
/// How long the collector may take to answer a request.
const EXPORT_MAX: Duration = Duration::from_secs(5);

/// What became of this process' spans.
#[derive(Debug, Default)]
pub struct Spans {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Spans {
    /// Spans that the collector has taken.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Spans that it never got: the queue was full, or it did not take them.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn drop_some(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// This process' counts. One for the process, as the log and the traces are.
pub fn spans() -> &'static Spans {
    static SPANS: Spans = Spans {
        sent: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
    };
    &SPANS
}

/// Where spans that have ended go.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Sender<SpanData>,
    counts: &'static Spans,
}

impl Queue {
    pub(super) fn new(counts: &'static Spans) -> (Self, Receiver<SpanData>) {
        let (waiting, ended) = channel(WAITING_MAX);
        (Self { waiting, counts }, ended)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.waiting.try_send(span).is_err() {
            self.counts.drop_some(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what has ended, until nobody is left who could end a span, or `last` is given and nothing waits. After `shutdown`
/// without lingering; what is not sent when the process ends is lost.
pub(super) async fn send(
    mut ended: Receiver<SpanData>,
    exporter: impl SpanExporter,
    counts: &'static Spans,
    (shutdown, last): (CancellationToken, CancellationToken),
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut works = true;
    loop {
        let count = tokio::select! {
            // What waits comes first.
            biased;
            count = ended.recv_many(&mut batch, BATCH_MAX) => count,
            () = last.cancelled() => return,
        };
        if count == 0 {
            return;
        }
        if batch.len() < BATCH_MAX {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(LINGER) => {}
            }
            while batch.len() < BATCH_MAX
                && let Ok(span) = ended.try_recv()
            {
                batch.push(span);
            }
        }
        let count = batch.len();
        let export = exporter.export(std::mem::take(&mut batch));
        let fault = match tokio::time::timeout(EXPORT_MAX, export).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", EXPORT_MAX.as_secs())),
        };
        match fault {
            None => drop(counts.sent.fetch_add(count as u64, Ordering::Relaxed)),
            Some(fault) => {
                counts.drop_some(count);
                if works {
                    tracing::warn!(
                        fault,
                        "the collector takes no traces; what it misses is counted"
                    );
                }
                works = false;
                continue;
            }
        }
        if !works {
            tracing::info!("the collector takes traces again");
        }
        works = true;
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
