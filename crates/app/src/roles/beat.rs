//! The beat of `twinline up`: a byte each second to the watch that it started, by a Unix socket in place of that watch's
//! standard input. A supervisor that stands still is alive for the system, and nobody else on its machine would notice.

use anyhow::{Context, Result};
use rustix::fs::{FileType, fstat};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream as Socket;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use twinline_watch::probe::Beat;

/// From one beat to the next.
const PERIOD: Duration = Duration::from_secs(1);
/// It works.
const BEAT: u8 = b'.';
/// It works, and the watch before this one hung and was ended.
const HUNG: u8 = b'h';

/// A supervisor's beat to one watch. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Beating(JoinHandle<()>);

impl Beating {
    /// Begins it, and gives the end that is to be the watch's standard input. `after_hung`: the watch before hung.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(super) fn begin(after_hung: bool) -> Result<(Self, OwnedFd)> {
        let (here, there) = Socket::pair().context("making a line to a watch")?;
        here.set_nonblocking(true)
            .context("setting up the line to a watch")?;
        let here = UnixStream::from_std(here).context("setting up the line to a watch")?;
        let first = if after_hung { HUNG } else { BEAT };
        let beating = tokio::spawn(beat(here, first));
        Ok((Self(beating), there.into()))
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn beat(to: UnixStream, first: u8) {
    let mut pace = interval(PERIOD);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut word = first;
    loop {
        pace.tick().await;
        // A watch that stands still reads nothing: what has no room is left out.
        if to.try_write(&[word]).is_ok() {
            word = BEAT;
        }
    }
}

/// What a watch hears of its supervisor.
#[derive(Debug)]
pub(super) struct Following {
    from: UnixStream,
    told: watch::Sender<Instant>,
    hung: CancellationToken,
}

impl Following {
    /// A watch's end; `None` where it has no supervisor, or one that does not beat.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(super) fn take(supervisor: Option<u32>) -> Result<Option<Self>> {
        let stdin = std::io::stdin();
        let kind = fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode));
        if supervisor.is_none() || !matches!(kind, Ok(FileType::Socket)) {
            return Ok(None);
        }
        let own = stdin.as_fd().try_clone_to_owned();
        Self::of(own.context("doubling the line to the supervisor")?).map(Some)
    }

    fn of(own: OwnedFd) -> Result<Self> {
        let stream = Socket::from(own);
        let prompt = stream.set_nonblocking(true);
        prompt.context("setting up the line to the supervisor")?;
        let from = UnixStream::from_std(stream).context("setting up the line to the supervisor")?;
        Ok(Self {
            from,
            told: watch::Sender::new(Instant::now()),
            hung: CancellationToken::new(),
        })
    }

    /// When the last beat came.
    pub(super) fn beat(&self) -> Beat {
        self.told.subscribe()
    }

    /// Cancelled when the supervisor says that the watch before this one hung.
    pub(super) fn hung(&self) -> CancellationToken {
        self.hung.clone()
    }

    /// Listens until it is dropped.
    pub(super) async fn listen(mut self) {
        let mut words = [0; 64];
        loop {
            match self.from.read(&mut words).await {
                Ok(count @ 1..) => {
                    self.told.send_replace(Instant::now());
                    if words[..count].contains(&HUNG) {
                        self.hung.cancel();
                    }
                }
                // It is gone, which its process id says too.
                Ok(0) | Err(_) => return std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
#[path = "beat_tests.rs"]
mod tests;
