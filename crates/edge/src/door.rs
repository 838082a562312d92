//! Who is let in at a listener of this installation's processes: on one machine whoever comes, in a fleet who shows a certificate
//! of its key.
//!
//! In plain a fleet's listener answers this machine alone, and only what wants no token or one that is not the fleet's: its
//! supervisor, a scraper or an agent beside it need no certificate, and nothing of that leaves the machine.

use crate::mutual::Mutual;
use crate::problem;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;
use std::io::BufRead as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What a connection of TLS begins with: the type of a record that holds a part of the handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Door(Option<TlsAcceptor>);

/// A connection that was let in.
pub(crate) enum Entered {
    /// In plain, where that is the way.
    Plain(TcpStream),
    /// In plain at a fleet's listener.
    Apart { stream: TcpStream, is_own: bool },
    /// With a certificate of the fleet's.
    Secure(Box<TlsStream<TcpStream>>),
}

impl Door {
    /// Lets everybody in.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// In a fleet its members only.
    pub fn of(mutual: Option<&Mutual>) -> Self {
        Self(mutual.map(|mutual| TlsAcceptor::from(mutual.server())))
    }

    /// Takes a connection that has begun to speak. `None`: it is not let in, or says nothing more within the deadline.
    pub(crate) async fn enter(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        deadline: Duration,
    ) -> Option<Entered> {
        let Some(tls) = &self.0 else {
            return Some(Entered::Plain(stream));
        };
        let mut first = [0];
        let is_tls = stream.peek(&mut first).await.ok()? == 1 && first[0] == HANDSHAKE;
        if !is_tls {
            let is_own = is_own(&stream, peer);
            return Some(Entered::Apart { stream, is_own });
        }
        let secure = async {
            let mut stream = tls.accept(stream).await?;
            begins(&mut stream).await?;
            std::io::Result::Ok(stream)
        };
        match timeout(deadline, secure).await {
            Ok(Ok(stream)) => Some(Entered::Secure(Box::new(stream))),
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "no certificate of this fleet was shown");
                None
            }
            Err(_) => None,
        }
    }
}

/// Waits for the first bytes within TLS: until then nothing else would ever end the connection.
async fn begins(stream: &mut TlsStream<TcpStream>) -> std::io::Result<()> {
    let (socket, session) = stream.get_mut();
    if session
        .reader()
        .fill_buf()
        .is_ok_and(|came| !came.is_empty())
    {
        return Ok(());
    }
    match socket.peek(&mut [0]).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Whether both ends of a connection are on this machine: no packet from elsewhere is taken that says it came from here.
fn is_own(stream: &TcpStream, peer: SocketAddr) -> bool {
    let here = stream.local_addr().map(|at| at.ip().to_canonical());
    let peer = peer.ip().to_canonical();
    peer.is_loopback() || here.is_ok_and(|here| here == peer)
}

/// What a router answers to those who come in plain to a fleet's listener.
pub(crate) fn apart(router: Router, is_own: bool) -> Router {
    router.layer(from_fn_with_state(is_own, in_plain))
}

async fn in_plain(State(is_own): State<bool>, request: Request, next: Next) -> Response {
    if is_own && is_open(request.uri().path()) {
        return next.run(request).await;
    }
    problem::answer(
        StatusCode::FORBIDDEN,
        "TLS is spoken here",
        "this is a machine of a fleet: speak TLS, and show a certificate of the fleet's key, such as 'twinline fleet certificate' \
         issues. In plain only /health, /metrics and /v1/inbound are answered, and only to this machine itself",
    )
}

/// What shows nothing of the installation's content, and what has a token of its own.
fn is_open(path: &str) -> bool {
    matches!(path, "/health" | "/metrics") || path.starts_with("/v1/inbound/")
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
