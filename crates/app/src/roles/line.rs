//! The line between `twinline up` and an edge that it started: a Unix socket in place of the edge's standard input. The edge
//! says words of one byte. Nothing is said the other way: who is to end hears SIGTERM.

use anyhow::{Context, Result};
use rustix::fs::{FileType, fstat};
use std::io::Write as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use tokio::io::AsyncReadExt as _;

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Word {
    /// All that needs no inbox is built; what is waited for is the inbox, which the edge before this one has.
    Ready = b'r',
    /// Another edge is to begin beside this one, and this one to end when that is ready.
    Successor = b's',
}

/// An edge's end of the line.
#[derive(Debug)]
pub(super) struct Line(Option<UnixStream>);

impl Line {
    /// The line to the supervisor; to none where there is no supervisor, or one that listens to nothing.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(super) fn take(supervisor: Option<u32>) -> Result<Self> {
        let stdin = std::io::stdin();
        let kind = fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode));
        if supervisor.is_none() || !matches!(kind, Ok(FileType::Socket)) {
            return Ok(Self(None));
        }
        let own = stdin.as_fd().try_clone_to_owned();
        let stream = UnixStream::from(own.context("doubling the line to the supervisor")?);
        // What it says is a few bytes; a supervisor that hangs must not hold it up.
        let prompt = stream.set_nonblocking(true);
        prompt.context("setting up the line to the supervisor")?;
        Ok(Self(Some(stream)))
    }

    /// Says it; whether somebody listens.
    pub(super) fn say(&self, word: Word) -> bool {
        let Some(mut stream) = self.0.as_ref() else {
            return false;
        };
        stream.write_all(&[word as u8]).is_ok()
    }
}

/// The supervisor's end of the line.
#[derive(Debug)]
pub(super) struct Heard(tokio::net::UnixStream);

impl Heard {
    /// A line: its two ends, of which the other is to be a child's standard input.
    pub(super) fn pair() -> Result<(Self, OwnedFd)> {
        let (here, there) = UnixStream::pair().context("making a line to a role")?;
        here.set_nonblocking(true)
            .context("setting up the line to a role")?;
        let here = tokio::net::UnixStream::from_std(here);
        let here = here.context("setting up the line to a role")?;
        Ok((Self(here), there.into()))
    }

    /// Waits until the word is said; other words are passed over, and who is gone says nothing more.
    pub(super) async fn hears(&mut self, word: Word) {
        loop {
            match self.0.read_u8().await {
                Ok(said) if said == word as u8 => return,
                Ok(_) => {}
                Err(_) => std::future::pending().await,
            }
        }
    }
}
