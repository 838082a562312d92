use super::*;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use std::future::pending;
use std::sync::Arc;
use std::time::SystemTime;

fn span() -> SpanData {
    SpanData {
        span_context: SpanContext::empty_context(),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "one".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    }
}

/// A collector that answers as it is told.
#[derive(Clone, Debug)]
enum Collector {
    Takes(Arc<AtomicU64>),
    Refuses,
    Mute,
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        match self {
            Self::Takes(count) => {
                assert!(batch.len() <= BATCH_MAX);
                count.fetch_add(batch.len() as u64, Ordering::Relaxed);
                Ok(())
            }
            Self::Refuses => Err(OTelSdkError::InternalFailure("503".to_owned())),
            Self::Mute => pending().await,
        }
    }
}

/// Ends 5,000 spans at once and lets the sender run: how many were sent, how many dropped.
async fn end_spans(collector: Collector) -> (u64, u64) {
    let counts: &'static Spans = Box::leak(Box::default());
    let (queue, ended) = Queue::new(counts);
    // Nothing runs in between on this thread: what does not fit is dropped, at once.
    for _ in 0..5000 {
        queue.on_end(span());
    }
    assert_eq!(counts.dropped(), 5000 - WAITING_MAX as u64);
    drop(queue);
    let tokens = (CancellationToken::new(), CancellationToken::new());
    send(ended, collector, counts, tokens).await;
    (counts.sent(), counts.dropped())
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_dropped_and_counted_and_the_rest_is_sent() {
    let count = Arc::new(AtomicU64::new(0));
    let waiting = WAITING_MAX as u64;
    let ended = end_spans(Collector::Takes(Arc::clone(&count))).await;
    assert_eq!(ended, (waiting, 5000 - waiting));
    assert_eq!(count.load(Ordering::Relaxed), waiting);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_refuses_or_says_nothing_costs_spans_only() {
    for collector in [Collector::Refuses, Collector::Mute] {
        assert_eq!(end_spans(collector).await, (0, 5000));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_spans_of_a_process_are_sent_before_it_ends() {
    let count = Arc::new(AtomicU64::new(0));
    let counts: &'static Spans = Box::leak(Box::default());
    let (queue, ended) = Queue::new(counts);
    let last = CancellationToken::new();
    let tokens = (CancellationToken::new(), last.clone());
    let sending = tokio::spawn(send(
        ended,
        Collector::Takes(Arc::clone(&count)),
        counts,
        tokens,
    ));
    queue.on_end(span());
    last.cancel();
    sending.await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    drop(queue);
}
