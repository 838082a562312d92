//! What the edge counts, in Prometheus' form.

use crate::hooks::Ended;
use crate::tls::CertificateEnd;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use twinline_core::names::NodeName;

type Labels = Vec<(String, String)>;

/// The edge's metrics.
pub(crate) struct Metrics {
    registry: Registry,
    deliveries: Family<Labels, Counter>,
    seconds: Histogram,
    oldest: Gauge<f64, AtomicU64>,
    untaken: Gauge<f64, AtomicU64>,
    forged: Family<Labels, Gauge>,
    spans_dropped: Counter,
    proxied: Family<Labels, Counter>,
    proxied_seconds: Histogram,
    in_flight: Family<Labels, Gauge>,
    streams: Family<Labels, Gauge>,
    ejected: Family<Labels, Gauge>,
    directory_age: Gauge<f64, AtomicU64>,
    certificates: Family<Labels, Counter>,
    certificate_refused: Family<Labels, Gauge>,
    certificate_expires: Family<Labels, Gauge>,
    uncertified: Family<Labels, Gauge>,
    pub(crate) handshakes_failed: Counter,
    pub(crate) pulls_waiting: Gauge,
    pub(crate) nodes_refused: Gauge,
}

/// How a request to a host can end, by names that [`HostMetrics::ended`] knows.
const ENDED: [&str; 7] = [
    "answered",
    "broken",
    "caller_gone",
    "ejected",
    "full",
    "silent",
    "unreachable",
];

/// One host's part of the metrics.
pub(crate) struct HostMetrics {
    ended: [Counter; ENDED.len()],
    pub(crate) in_flight: Gauge,
    pub(crate) streams: Gauge,
    pub(crate) ejected: Gauge,
}

impl HostMetrics {
    /// Counts one request; `name` is one of `ENDED`.
    pub(crate) fn ended(&self, name: &str) {
        let at = ENDED.iter().position(|ended| *ended == name);
        let at = at.expect("every end has its name in the list");
        self.ended[at].inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("twinline_edge"),
            deliveries: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            oldest: Gauge::default(),
            untaken: Gauge::default(),
            forged: Family::default(),
            spans_dropped: Counter::default(),
            proxied: Family::default(),
            proxied_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            in_flight: Family::default(),
            streams: Family::default(),
            ejected: Family::default(),
            directory_age: Gauge::default(),
            certificates: Family::default(),
            certificate_refused: Family::default(),
            certificate_expires: Family::default(),
            uncertified: Family::default(),
            handshakes_failed: Counter::default(),
            pulls_waiting: Gauge::default(),
            nodes_refused: Gauge::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "deliveries",
            "Deliveries by how they ended",
            self.deliveries.clone(),
        );
        registry.register(
            "delivery_seconds",
            "From the request to its answer",
            self.seconds.clone(),
        );
        let help = "Age of the oldest delivery that no host has taken";
        registry.register("oldest_untaken_seconds", help, self.oldest.clone());
        let help = "Deliveries that no host has taken; 200000 are that many or more";
        registry.register("untaken_deliveries", help, self.untaken.clone());
        let help = "Deliveries of a node whose signature was refused since its last genuine one; forgotten when none came for an hour";
        registry.register("signatures_refused", help, self.forged.clone());
        let help = "Spans that the collector of traces never got";
        registry.register("trace_spans_dropped", help, self.spans_dropped.clone());
        registry.register(
            "proxied",
            "Requests to a host by how they ended",
            self.proxied.clone(),
        );
        let help = "From a request to the head of its host's answer";
        registry.register("proxied_seconds", help, self.proxied_seconds.clone());
        let help = "Places at a host that are taken";
        registry.register("proxy_in_flight", help, self.in_flight.clone());
        let help = "Event streams and WebSockets to a host";
        registry.register("proxy_streams", help, self.streams.clone());
        let help = "1 while a host is left alone because it failed";
        registry.register("host_ejected", help, self.ejected.clone());
        let help = "Since the directory's source was last read; -1 when it never was";
        registry.register("directory_age_seconds", help, self.directory_age.clone());
        let help = "Changed certificate files, by what became of them";
        registry.register("tls_certificates", help, self.certificates.clone());
        let help = "1 while a name's files cannot be used and its old certificate stays";
        registry.register(
            "tls_certificate_refused",
            help,
            self.certificate_refused.clone(),
        );
        let help = "Unix time at which the certificate that callers of a name are shown ends";
        registry.register(
            "tls_certificate_expires_timestamp_seconds",
            help,
            self.certificate_expires.clone(),
        );
        let help = "1 for each domain of nodes that no certificate is here for";
        registry.register("tls_domain_uncertified", help, self.uncertified.clone());
        let help = "Connections that ended before their TLS handshake did";
        registry.register(
            "tls_handshakes_failed",
            help,
            self.handshakes_failed.clone(),
        );
        let help = "Pulls that wait for something to arrive";
        registry.register("pulls_waiting", help, self.pulls_waiting.clone());
        let help = "Nodes of which deliveries were, or may have been, refused and whose host does not know yet";
        registry.register("nodes_refused", help, self.nodes_refused.clone());
        self
    }

    /// A name's certificate files have changed: taken into use, or not.
    pub(crate) fn certificate(&self, name: &str, loaded: bool) {
        let name = ("name".to_owned(), name.to_owned());
        let ended = if loaded { "loaded" } else { "kept" };
        let labels = vec![name.clone(), ("ended".to_owned(), ended.to_owned())];
        self.certificates.get_or_create(&labels).inc();
        let refused = self.certificate_refused.get_or_create(&vec![name]);
        refused.set(i64::from(!loaded));
    }

    /// Until when a name's certificate is good.
    pub(crate) fn certificate_expires(&self, end: &CertificateEnd) {
        let labels = vec![("name".to_owned(), end.name.clone())];
        let expires = self.certificate_expires.get_or_create(&labels);
        expires.set(end.expires_at.as_millis().div_euclid(1000));
    }

    /// The domains of nodes that no certificate is here for.
    pub(crate) fn uncertified(&self, domains: &BTreeSet<String>) {
        self.uncertified.clear();
        for domain in domains {
            let labels = vec![("name".to_owned(), domain.clone())];
            self.uncertified.get_or_create(&labels).set(1);
        }
    }

    /// By node, the deliveries whose signature was refused since its last genuine one.
    pub(crate) fn forged(&self, counts: &BTreeMap<NodeName, u64>) {
        self.forged.clear();
        for (node, count) in counts {
            let labels = vec![("node".to_owned(), node.to_string())];
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.forged.get_or_create(&labels).set(count);
        }
    }

    /// A host's part.
    pub(crate) fn host(&self, name: &str) -> HostMetrics {
        let host = ("host".to_owned(), name.to_owned());
        let labels = vec![host.clone()];
        let ended = ENDED.map(|ended| {
            let labels = vec![host.clone(), ("ended".to_owned(), ended.to_owned())];
            self.proxied.get_or_create(&labels).clone()
        });
        HostMetrics {
            ended,
            in_flight: self.in_flight.get_or_create(&labels).clone(),
            streams: self.streams.get_or_create(&labels).clone(),
            ejected: self.ejected.get_or_create(&labels).clone(),
        }
    }

    /// The head of a host's answer is there, or why there is none.
    pub(crate) fn proxied(&self, took: Duration) {
        self.proxied_seconds.observe(took.as_secs_f64());
    }

    /// Counts one delivery.
    pub(crate) fn delivery(&self, ended: &Ended, took: Duration) {
        self.deliveries
            .get_or_create(&vec![("ended".to_owned(), ended.name().to_owned())])
            .inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// The text that a scraper reads. `untaken`: the age of the oldest delivery that no host has taken, and how many there
    /// are; what could not be told in time is not a number.
    pub(crate) fn text(
        &self,
        untaken: Option<(Duration, u64)>,
        spans_dropped: u64,
        directory_age: Option<Duration>,
    ) -> String {
        let age = directory_age.map_or(-1.0, |age| age.as_secs_f64());
        self.directory_age.set(age);
        self.spans_dropped
            .inner()
            .store(spans_dropped, Ordering::Relaxed);
        let (age, deliveries) = untaken.unzip();
        self.oldest
            .set(age.map_or(f64::NAN, |age| age.as_secs_f64()));
        #[expect(clippy::cast_precision_loss, reason = "they are counted up to 200,000")]
        self.untaken
            .set(deliveries.map_or(f64::NAN, |it| it as f64));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}
