//! A serving edge and what a hostile sender writes to its sockets.

use super::targets::Judge;
use crate::served::{self, Served};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

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
    let running = Running {
        edge: Some(edge),
        runtime,
        _folder: folder,
    };
    Ok(Box::new(move |input| running.try_one(input)))
}

struct Running {
    /// Taken when it ends.
    edge: Option<Served>,
    runtime: Runtime,
    _folder: TempDir,
}

/// The edge ends in good order: a runtime that is dropped around it would wait for its private listener's thread for ever.
impl Drop for Running {
    fn drop(&mut self) {
        let Some(edge) = self.edge.take() else { return };
        let ended = self.runtime.block_on(edge.stop());
        assert!(
            ended.is_ok() || std::thread::panicking(),
            "the edge does not end in good order: {ended:?}"
        );
    }
}

impl Running {
    fn try_one(&self, input: &[u8]) {
        let edge = self.edge.as_ref().expect("it has not ended");
        let outcome = self
            .runtime
            .block_on(async { tokio::time::timeout(ANSWER_MAX, send(edge, input)).await });
        assert!(outcome.is_ok(), "the edge neither answers nor hangs up");
    }
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
