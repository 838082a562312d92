//! Patroni's REST API (<https://patroni.readthedocs.io/en/latest/rest_api.html>), as far as it is asked here.

use serde::Deserialize;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// A switchover answers when the new leader is there.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A member as the others see it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MemberState {
    /// Its name.
    pub name: String,
    /// `leader`, `replica` or `sync_standby`.
    pub role: String,
    /// `running`, `streaming`, `stopped`, …
    pub state: String,
    /// Where its PostgreSQL listens.
    pub port: u16,
}

impl MemberState {
    pub(super) fn leads(&self) -> bool {
        self.role == "leader" && self.serves()
    }

    pub(super) fn serves(&self) -> bool {
        // Newer versions of Patroni say of a standby that it streams.
        self.state == "running" || self.state == "streaming"
    }
}

#[derive(Deserialize)]
struct Cluster {
    members: Vec<MemberState>,
}

/// The members, as the Patroni on this port knows them.
pub(super) fn members(port: u16) -> io::Result<Vec<MemberState>> {
    let (_, body) = ask(port, "GET", "/cluster", "")?;
    let cluster: Cluster = serde_json::from_str(&body)?;
    Ok(cluster.members)
}

/// Sends a request; answers with the status and the body.
pub(super) fn ask(port: u16, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(wrong)?;
    let status = head.split(' ').nth(1).ok_or_else(wrong)?;
    let status = status.parse().map_err(|_| wrong())?;
    Ok((status, body.to_owned()))
}
