//! Traces in OpenTelemetry's form, by OTLP over HTTP with protobuf.
//!
//! A trace begins with a webhook at the edge. Its context is kept with the delivery as a `traceparent` header (W3C Trace
//! Context), so that the host's spans of the same change belong to it although another process makes them, later.

use super::queue::{Queue, send, spans};
use crate::release::Release;
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanExporter as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Transport as _, TransportLimits};
use url::Url;

/// The path that OTLP over HTTP has where the configured address names none.
const PATH: &str = "/v1/traces";
/// How long connecting, and waiting for an answer, may take.
const DEADLINE: Duration = Duration::from_secs(4);
/// How long a process that ends waits for its last spans to be sent.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Makes the tracer of a process and starts the task that sends its spans.
pub(super) fn tracer(
    collector: &Url,
    role: &str,
    shutdown: CancellationToken,
) -> Result<SdkTracer> {
    let mut endpoint = collector.clone();
    if endpoint.path() == "/" {
        endpoint.set_path(PATH);
    }
    let resource = Resource::builder_empty()
        .with_service_name(format!("twinline-{role}"))
        .with_attribute(KeyValue::new(
            "service.version",
            Release::of_this_process().version,
        ))
        .build();
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new()?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.as_str())
        .with_timeout(DEADLINE)
        .build()
        .with_context(|| format!("traces.otlp: {collector} cannot be used"))?;
    exporter.set_resource(&resource);
    let (queue, ended) = Queue::new(spans());
    let last = CancellationToken::new();
    let sending = tokio::spawn(send(ended, exporter, spans(), (shutdown, last.clone())));
    *sender() = Some((last, sending));
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_span_processor(queue)
        .build();
    // The tracer keeps its provider alive.
    Ok(provider.tracer("twinline"))
}

/// The task that sends this process' spans, with the token after which it sends what waits and ends.
type Sender = Option<(CancellationToken, JoinHandle<()>)>;

/// One for the process, as the log and the traces are.
fn sender() -> MutexGuard<'static, Sender> {
    static SENDER: Mutex<Sender> = Mutex::new(None);
    SENDER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends the spans that wait, at the end of a process; what the collector does not take within a second is lost.
pub async fn flush() {
    let Some((last, sending)) = sender().take() else {
        return;
    };
    last.cancel();
    if tokio::time::timeout(FLUSH_MAX, sending).await.is_err() {
        tracing::warn!("the collector did not take the last spans in time");
    }
}

/// The collector over our own HTTP transport. Its address comes from the configuration, never from a tenant.
struct Collector(ReqwestTransport);

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collector")
    }
}

impl Collector {
    fn new() -> Result<Self> {
        let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
        let limits = TransportLimits {
            connect: DEADLINE,
            headers: DEADLINE,
            body: DEADLINE,
            ..TransportLimits::default()
        };
        let transport = ReqwestTransport::new(AddressGuard::new(everywhere.to_vec()), limits);
        Ok(Self(transport.context(
            "preparing requests to the collector of traces",
        )?))
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        Ok(self.0.send(request).await?)
    }
}

/// The `traceparent` of the span that the caller is in; `None` where nothing is traced.
pub fn traceparent() -> Option<String> {
    let context = tracing::Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| {
        let flags = span.trace_flags().to_u8();
        format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())
    })
}

/// Makes a span, which nobody has entered yet, part of the trace that a `traceparent` names.
pub fn adopt(span: &tracing::Span, traceparent: &str) {
    let Some(parent) = parsed(traceparent) else {
        return;
    };
    let context = Context::new().with_remote_span_context(parent);
    // A span that nothing records has no parent to be given.
    drop(span.set_parent(context));
}

fn parsed(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let ("00", trace, span, flags, None) = (
        parts.next()?,
        TraceId::from_hex(parts.next()?).ok()?,
        SpanId::from_hex(parts.next()?).ok()?,
        u8::from_str_radix(parts.next()?, 16).ok()?,
        parts.next(),
    ) else {
        return None;
    };
    let flags = TraceFlags::new(flags);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
#[path = "traces_tests.rs"]
mod tests;
