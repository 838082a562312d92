//! The host's live stream, read across its restarts.

use super::processes::Up;
use crate::handles::SystemEntropy;
use crate::instance::DataFolder;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// After a lost stream the host is asked again after this.
const PAUSE: Duration = Duration::from_millis(100);
/// A longer line is no event.
const LINE_MAX_BYTES: usize = 1 << 20;

/// What is read of an event.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    what: serde_json::Value,
}

/// What has come in so far.
#[derive(Clone, Default)]
pub(super) struct Heard {
    latencies: Arc<Mutex<Vec<u64>>>,
}

impl Heard {
    /// A percentile of the latencies in milliseconds; `None` when there is none.
    pub(super) fn percentile(&self, percent: usize) -> Option<u64> {
        let mut latencies = self
            .latencies
            .lock()
            .expect("nothing panics while it is held")
            .clone();
        latencies.sort_unstable();
        let last = latencies.len().checked_sub(1)?;
        Some(latencies[last * percent / 100])
    }
}

/// Listens until `shutdown`; `say` gets each line.
pub(super) fn listen(
    up: &Up,
    say: impl Fn(&str) + Send + Sync + 'static,
    shutdown: CancellationToken,
) -> (Heard, tokio::task::JoinHandle<()>) {
    let heard = Heard::default();
    let (data, sink) = (up.data().clone(), heard.clone());
    let task = tokio::spawn(async move {
        while !shutdown.is_cancelled() {
            let streamed = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                streamed = stream(&data, &sink, &say) => streamed,
            };
            if let Err(error) = streamed {
                tracing::debug!(%error, "the host's stream ended; asking again");
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    });
    (heard, task)
}

async fn stream(
    data: &DataFolder,
    heard: &Heard,
    say: &(impl Fn(&str) + Send + Sync),
) -> Result<()> {
    let api = data.running("host")?.listener("api")?;
    let token = data.token(&SystemEntropy)?;
    let client = reqwest::Client::new();
    let request = client
        .get(format!("http://{api}/v1/events"))
        .bearer_auth(token.expose());
    let mut response = request
        .send()
        .await
        .context("asking the host")?
        .error_for_status()?;
    let mut pending = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .context("reading the host's stream")?
    {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            take(&line, heard, say);
        }
        anyhow::ensure!(pending.len() <= LINE_MAX_BYTES, "a line without an end");
    }
    Ok(())
}

fn take(line: &[u8], heard: &Heard, say: &impl Fn(&str)) {
    let Ok(line) = serde_json::from_slice::<Line>(line) else {
        return;
    };
    if let Some(latency) = line
        .what
        .get("latency_ms")
        .and_then(serde_json::Value::as_u64)
    {
        heard
            .latencies
            .lock()
            .expect("nothing panics while it is held")
            .push(latency);
    }
    if let Some(text) = line.text {
        say(&text);
    }
}
