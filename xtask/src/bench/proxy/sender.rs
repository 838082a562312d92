//! A sender that costs little itself: HTTP/1.1 by hand, one connection a task, one request at a time.

use super::super::latency::Latencies;
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Asks from `connections` connections until the time is over.
pub(super) async fn send(to: SocketAddr, connections: usize, time: Duration) -> Result<Latencies> {
    let until = Instant::now() + time;
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        senders.spawn(ask(to, until));
    }
    let mut all = Latencies::new();
    while let Some(sender) = senders.join_next().await {
        all.join(&sender.context("a sender panicked")??);
    }
    Ok(all)
}

async fn ask(to: SocketAddr, until: Instant) -> Result<Latencies> {
    let request = format!(
        "GET /v1/status HTTP/1.1\r\nhost: {to}\r\nuser-agent: bench\r\naccept: application/json\r\n\
         authorization: Bearer 0123456789abcdef0123456789abcdef\r\n\r\n"
    );
    let mut stream = TcpStream::connect(to).await.context("connecting")?;
    stream.set_nodelay(true).context("setting TCP_NODELAY")?;
    let mut answer = vec![0; 16 << 10];
    let mut latencies = Latencies::new();
    while Instant::now() < until {
        let began = Instant::now();
        stream
            .write_all(request.as_bytes())
            .await
            .context("sending")?;
        whole(&mut stream, &mut answer).await?;
        latencies.add(began.elapsed());
    }
    Ok(latencies)
}

/// Reads one answer whole; anything but 200 ends the run.
async fn whole(stream: &mut TcpStream, answer: &mut [u8]) -> Result<()> {
    let mut read = 0;
    loop {
        let more = stream
            .read(&mut answer[read..])
            .await
            .context("reading an answer")?;
        read += more;
        let so_far = &answer[..read];
        if more == 0 || read == answer.len() || (read >= 12 && !so_far.starts_with(b"HTTP/1.1 200"))
        {
            bail!("the proxy answered: {}", String::from_utf8_lossy(so_far));
        }
        let head = so_far.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head
            && read >= head + 4 + length(&so_far[..head])?
        {
            return Ok(());
        }
    }
}

fn length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head).context("a head that is no text")?;
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.context("an answer of unknown length")?;
    length.trim().parse().context("an odd length")
}
