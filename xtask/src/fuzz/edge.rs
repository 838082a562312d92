//! A serving edge and what a hostile sender writes to its sockets.

use super::targets::Judge;
use crate::served::{self, Served};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An input of a sender that then says no more is answered or cut off within this.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Each input goes over a connection of its own, which the sender then half closes.
pub(super) fn judge() -> Result<Judge> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let edge = runtime.block_on(served::start(folder.path(), &["gh".to_owned()]))?;
    Ok(Box::new(move |input| {
        let outcome =
            runtime.block_on(async { tokio::time::timeout(ANSWER_MAX, send(&edge, input)).await });
        assert!(outcome.is_ok(), "the edge neither answers nor hangs up");
        // Held as long as the edge writes into it.
        assert!(folder.path().is_dir());
    }))
}

async fn send(edge: &Served, input: &[u8]) {
    let (address, bytes) = match input.strip_prefix(b"PULL") {
        Some(rest) => (edge.private, rest),
        None => (edge.webhooks, input),
    };
    // The edge may hang up at any byte: that is an answer too.
    if let Err(error) = converse(address, bytes).await {
        assert!(
            error.kind() != std::io::ErrorKind::ConnectionRefused,
            "the edge has gone: {error}"
        );
    }
}

async fn converse(address: SocketAddr, bytes: &[u8]) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    assert!(
        !text.starts_with("HTTP/1.1 500"),
        "500 loses events on some trackers: {text}"
    );
    Ok(())
}
