//! The host's live stream, for a person to follow; what falls between two hosts is in the histories (`latency`).

use super::processes::Up;
use crate::handles::SystemEntropy;
use crate::instance::DataFolder;
use anyhow::{Context, Result};
use serde::Deserialize;
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
}

/// Listens until `shutdown`; `say` gets each line.
pub(super) fn listen(
    up: &Up,
    say: impl Fn(&str) + Send + Sync + 'static,
    shutdown: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    let data = up.data().clone();
    tokio::spawn(async move {
        while !shutdown.is_cancelled() {
            let streamed = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                streamed = stream(&data, &say) => streamed,
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
    })
}

async fn stream(data: &DataFolder, say: &(impl Fn(&str) + Send + Sync)) -> Result<()> {
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
            take(&line, say);
        }
        anyhow::ensure!(pending.len() <= LINE_MAX_BYTES, "a line without an end");
    }
    Ok(())
}

fn take(line: &[u8], say: &impl Fn(&str)) {
    let text = serde_json::from_slice::<Line>(line).ok();
    if let Some(text) = text.and_then(|line| line.text) {
        say(&text);
    }
}
