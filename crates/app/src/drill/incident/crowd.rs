//! People whose requests hang at the edges, as they did in the incident: so many that they hold every place that a host
//! has there. Each begins a request that the host has to read whole, and does not go on with it.

use super::super::config::FLEET_KEY;
use super::super::stage::MACHINES;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use twinline_edge::mutual::token;

/// A host's places at each edge (`edge.proxy.in_flight_per_host`).
const PLACES: usize = 64;
/// Those who wait until one of the others is sent away.
const MORE: usize = 16;
/// Between two requests of one of them.
const AGAIN: Duration = Duration::from_millis(500);
/// A connection is made within this.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// No request is waited for longer; a host gives one up after 20 s.
const HOLD_MAX: Duration = Duration::from_secs(60);

/// They go when it is dropped.
pub(super) struct Crowd(#[expect(dead_code, reason = "dropping it ends its tasks")] JoinSet<()>);

impl Crowd {
    /// Has them begin, at each of the edges.
    pub(super) fn gather(edges: &[SocketAddr]) -> Self {
        let mut tasks = JoinSet::new();
        for edge in edges.iter().copied() {
            for _ in 0..Self::at_each() {
                tasks.spawn(async move {
                    loop {
                        // One who is refused or sent away comes again.
                        let _ended = timeout(HOLD_MAX, hang(edge)).await;
                        sleep(AGAIN).await;
                    }
                });
            }
        }
        Self(tasks)
    }

    /// How many there are at one edge.
    pub(super) const fn at_each() -> usize {
        PLACES * MACHINES + MORE
    }
}

/// Begins a request, and waits for its answer.
async fn hang(edge: SocketAddr) -> std::io::Result<()> {
    let connected = timeout(CONNECT_MAX, TcpStream::connect(edge)).await;
    let mut stream = connected.map_err(std::io::Error::from)??;
    let token = token(FLEET_KEY.as_bytes());
    let begun = format!(
        "POST /v1/rules/check HTTP/1.1\r\nhost: {edge}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{{"
    );
    stream.write_all(begun.as_bytes()).await?;
    let mut answer = [0; 512];
    while stream.read(&mut answer).await? > 0 {}
    Ok(())
}
