//! A sender of webhooks that costs little itself: HTTP/1.1 by hand, one connection a task, one request at a time.

use super::latency::Latencies;
use super::load::Signed;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Sends from `connections` connections, numbered from `first_number` on, until the time is over.
pub(super) async fn send(
    to: SocketAddr,
    bodies: &Arc<Vec<Signed>>,
    nodes: &Arc<Vec<String>>,
    connections: usize,
    first_number: usize,
    time: Duration,
) -> Result<Latencies> {
    let until = Instant::now() + time;
    let mut senders = JoinSet::new();
    for number in first_number..first_number + connections {
        let (bodies, nodes) = (Arc::clone(bodies), Arc::clone(nodes));
        senders.spawn(async move {
            let mut sender = Sender::connect(to, number).await?;
            sender.run(&bodies, &nodes, until).await
        });
    }
    let mut all = Latencies::new();
    while let Some(sender) = senders.join_next().await {
        all.join(&sender.context("a sender panicked")??);
    }
    Ok(all)
}

struct Sender {
    stream: TcpStream,
    number: usize,
    sent: usize,
    head: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Sender {
    async fn connect(to: SocketAddr, number: usize) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("connecting")?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        Ok(Self {
            stream,
            number,
            sent: 0,
            head: String::new(),
            request: Vec::new(),
            answer: vec![0; 4096],
        })
    }

    async fn run(
        &mut self,
        bodies: &[Signed],
        nodes: &[String],
        until: Instant,
    ) -> Result<Latencies> {
        let mut latencies = Latencies::new();
        while Instant::now() < until {
            // Neighbouring connections are at different nodes and bodies.
            let at = self.number * 61 + self.sent;
            self.compose(&bodies[at % bodies.len()], &nodes[at % nodes.len()])?;
            let began = Instant::now();
            self.stream
                .write_all(&self.request)
                .await
                .context("sending")?;
            self.accepted().await?;
            latencies.add(began.elapsed());
            self.sent += 1;
        }
        Ok(latencies)
    }

    fn compose(&mut self, signed: &Signed, node: &str) -> Result<()> {
        self.head.clear();
        write!(
            self.head,
            "POST /hooks/{node} HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n\
             user-agent: GitHub-Hookshot/1\r\nx-github-event: issues\r\nx-github-delivery: {}-{}\r\n\
             x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
            self.number,
            self.sent,
            signed.signature,
            signed.body.len()
        )?;
        self.request.clear();
        self.request.extend_from_slice(self.head.as_bytes());
        self.request.extend_from_slice(signed.body.as_bytes());
        Ok(())
    }

    /// Reads one answer, which has no body; anything but 202 ends the run.
    async fn accepted(&mut self) -> Result<()> {
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.answer[read..]).await;
            let more = more.context("reading an answer")?;
            read += more;
            let answer = &self.answer[..read];
            if answer.ends_with(b"\r\n\r\n") && answer.starts_with(b"HTTP/1.1 202") {
                return Ok(());
            }
            let accepted = answer.len() < 12 || answer.starts_with(b"HTTP/1.1 202");
            if more == 0 || !accepted || read == self.answer.len() {
                bail!("the edge answered: {}", String::from_utf8_lossy(answer));
            }
        }
    }
}
