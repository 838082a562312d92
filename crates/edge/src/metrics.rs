//! What the edge counts, in Prometheus' form.

use crate::phase::Ended;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The edge's metrics.
pub(crate) struct Metrics {
    registry: Registry,
    deliveries: Family<Vec<(String, String)>, Counter>,
    seconds: Histogram,
    oldest: Gauge<f64, AtomicU64>,
    spans_dropped: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("twinline_edge");
        let deliveries = Family::<Vec<(String, String)>, Counter>::default();
        let seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let oldest = Gauge::default();
        let spans_dropped = Counter::default();
        registry.register(
            "deliveries",
            "Deliveries by how they ended",
            deliveries.clone(),
        );
        registry.register(
            "delivery_seconds",
            "From the request to its answer",
            seconds.clone(),
        );
        registry.register(
            "oldest_untaken_seconds",
            "Age of the oldest delivery that no host has taken",
            oldest.clone(),
        );
        registry.register(
            "trace_spans_dropped",
            "Spans that the collector of traces never got",
            spans_dropped.clone(),
        );
        Self {
            registry,
            deliveries,
            seconds,
            oldest,
            spans_dropped,
        }
    }
}

impl Metrics {
    /// Counts one delivery.
    pub(crate) fn delivery(&self, ended: &Ended, took: Duration) {
        self.deliveries
            .get_or_create(&vec![("ended".to_owned(), ended.name().to_owned())])
            .inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// The text that a scraper reads.
    pub(crate) fn text(&self, oldest_untaken: Duration, spans_dropped: u64) -> String {
        self.spans_dropped
            .inner()
            .store(spans_dropped, Ordering::Relaxed);
        self.oldest.set(oldest_untaken.as_secs_f64());
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}
