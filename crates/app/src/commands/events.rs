//! `events`: follows what happens until Ctrl-C.

use crate::client::Client;
use crate::exit::{Coded, UNREACHABLE};
use crate::local_http::LocalHttp;
use crate::{report, shutdown};
use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use serde_json::Value as Json;
use std::path::Path;
use std::time::Duration;

/// The host sends something at least every 15 s.
const QUIET_MAX: Duration = Duration::from_secs(45);
/// No event is longer.
const LINE_MAX_BYTES: usize = 1 << 20;

pub(super) async fn run(file: &Path, as_json: bool) -> Result<()> {
    let client = Client::running(file).await?;
    let shutdown = shutdown::on_signal()?;
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        ended = follow(&client, as_json) => ended,
    }
}

async fn follow(client: &Client, as_json: bool) -> Result<()> {
    let (at, identity) = client
        .address()
        .context("the host is not in this process")?;
    let lost = |reason: String| Coded::new(UNREACHABLE, format!("the host at {at}: {reason}"));
    let http = LocalHttp::new(&identity, QUIET_MAX)?;
    let answer = http.follow(at, "/v1/events").await;
    let answer = answer.map_err(|error| lost(error.reason))?;
    if !answer.status().is_success() {
        return Err(lost(format!("it answers {}", answer.status())).into());
    }
    let mut chunks = answer.into_body();
    let mut pending: Vec<u8> = Vec::new();
    loop {
        let Some(chunk) = chunks.next().await else {
            return Err(lost("it has ended".to_owned()).into());
        };
        let chunk = chunk.map_err(|error| lost(error.reason))?;
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            show(&line, as_json)?;
        }
        if pending.len() > LINE_MAX_BYTES {
            return Err(lost("an event is too long".to_owned()).into());
        }
    }
}

fn show(line: &[u8], as_json: bool) -> Result<()> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    if as_json {
        return report::line(text);
    }
    let event: Json = serde_json::from_str(text).context("reading an event")?;
    let at = super::instant(&event["at"]);
    match event["text"].as_str() {
        Some(said) => report::line(&format!("{at} {said}")),
        None => report::line(&format!(
            "… {} events were too fast for this terminal",
            event["lost"]
        )),
    }
}
