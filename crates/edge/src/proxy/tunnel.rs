//! A WebSocket once both sides have agreed on it: bytes both ways, until one side ends, nothing comes for too long, or
//! the edge ends.

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What is held in memory of each direction.
const BUFFER_BYTES: usize = 16 << 10;
/// Both sides have agreed already: their connections change over at once.
const CHANGE_OVER_MAX: Duration = Duration::from_secs(5);

/// The two connections of a tunnel to be.
pub(super) struct Tunnel {
    pub(super) caller: OnUpgrade,
    pub(super) host: OnUpgrade,
    pub(super) idle_max: Duration,
    pub(super) place: OwnedSemaphorePermit,
}

impl Tunnel {
    /// Carries bytes until its end.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let both = async { tokio::try_join!(self.caller, self.host) };
        match timeout(CHANGE_OVER_MAX, both).await {
            Ok(Ok((caller, host))) => carry(caller, host, self.idle_max, &shutdown).await,
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not change over"),
            Err(_) => tracing::debug!("a connection did not change over in time"),
        }
        drop(self.place);
    }
}

async fn carry(caller: Upgraded, host: Upgraded, idle_max: Duration, shutdown: &CancellationToken) {
    let (mut from_caller, mut to_caller) = tokio::io::split(TokioIo::new(caller));
    let (mut from_host, mut to_host) = tokio::io::split(TokioIo::new(host));
    let last = std::sync::Mutex::new(Instant::now());
    let there = pump(&mut from_caller, &mut to_host, &last);
    let back = pump(&mut from_host, &mut to_caller, &last);
    let ended = tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        ended = async { tokio::try_join!(there, back).map(drop) } => ended,
        () = quiet(&last, idle_max) => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a tunnel broke");
    }
}

/// Carries one direction until its end, then closes it for the other side.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    last: &std::sync::Mutex<Instant>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        *last.lock().expect("nothing panics with it") = Instant::now();
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
    }
}

/// Returns when nothing has come for so long.
async fn quiet(last: &std::sync::Mutex<Instant>, idle_max: Duration) {
    loop {
        let due = *last.lock().expect("nothing panics with it") + idle_max;
        if Instant::now() >= due {
            return;
        }
        sleep_until(due).await;
    }
}
