//! Logs, for people or for programs, on standard error; and traces, to a collector. Initialised once for each process.

mod queue;
mod traces;

pub use queue::{Spans, spans};
pub use traces::{adopt, flush, traceparent};

use crate::config::{Log, LogFormat, Traces};
use anyhow::{Context, Result};
use std::io::IsTerminal as _;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging for this process.
///
/// # Errors
/// The level is not a filter, or logging has been started before.
pub fn start(log: &Log) -> Result<()> {
    install(vec![logs(log)?])
}

/// Starts logging and, where a collector is configured, tracing for this process, whose role is `role`. Within a runtime.
///
/// # Errors
/// As [`start`]; the collector's address cannot be used.
pub fn start_role(
    log: &Log,
    traces: &Traces,
    role: &str,
    shutdown: &CancellationToken,
) -> Result<()> {
    let mut layers = vec![logs(log)?];
    if let Some(collector) = &traces.otlp {
        let tracer = traces::tracer(collector, role, shutdown.clone())?;
        // Spans of ours alone: those of libraries are not meant for operators.
        let ours = Targets::new().with_target(twinline_core::spans::TARGET, LevelFilter::DEBUG);
        let layer = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_tracer(tracer);
        layers.push(layer.with_filter(ours).boxed());
    }
    install(layers)
}

fn install(layers: Vec<BoxedLayer>) -> Result<()> {
    let installed = tracing_subscriber::registry().with(layers).try_init();
    installed.map_err(|error| anyhow::anyhow!("starting the log: {error}"))
}

fn logs(log: &Log) -> Result<BoxedLayer> {
    let filter = EnvFilter::try_new(&log.level)
        .with_context(|| format!("log.level '{}' is not a filter", log.level))?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    Ok(match log.format {
        LogFormat::Human => layer
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer.json().with_filter(filter).boxed(),
    })
}
