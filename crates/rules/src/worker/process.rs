//! One worker process from the parent's side: frames with a deadline.

use super::frame::{self, Tag};
use crate::script::Limits;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// After so many calls a worker is replaced: what its interpreter may have leaked goes with it.
pub(super) const CALLS_MAX: u32 = 10_000;

/// How long starting may take: the process, its limits, the interpreter.
const START_MAX: Duration = Duration::from_secs(10);

/// A machine under load may keep a worker from running: its time is counted in processor time, and wall time may be
/// this many times as long.
const WALL_FACTOR: u32 = 20;

/// Clock ticks a second in /proc, the same on every Linux that Rust supports.
const TICKS_PER_S: u64 = 100;

/// Why an exchange with a worker gave nothing. In each case the process is of no more use.
pub(super) enum Broken {
    /// It took longer than it may.
    Late,
    /// It died, or spoke nonsense.
    Dead(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Dead(error)
    }
}

pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// The digests of the programs that were loaded; the worker may have dropped some since.
    pub(super) loaded: BTreeSet<String>,
    pub(super) calls: u32,
}

impl Process {
    /// Starts a worker and puts its limits on it.
    pub(super) fn start(command: &[OsString], limits: &Limits) -> Result<Self, Broken> {
        let (program, arguments) = command.split_first().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the worker's command is empty")
        })?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("stdin is a pipe");
        let output = child.stdout.take().expect("stdout is a pipe");
        rustix::io::ioctl_fionbio(&input, true).map_err(io::Error::from)?;
        let mut process = Self {
            child,
            input,
            output,
            loaded: BTreeSet::new(),
            calls: 0,
        };
        let cpu_s = u64::from(CALLS_MAX) * u64::from(limits.time_ms) / 1000 + 60;
        let text = format!(
            "{} {} {} {cpu_s}",
            limits.memory_mib, limits.steps_10k, limits.output_max_bytes
        );
        match process.exchange(Tag::Limits, &[text.as_bytes()], START_MAX)? {
            (Tag::Ready, _) => Ok(process),
            (tag, _) => Err(nonsense(tag)),
        }
    }

    /// Sends one frame and reads the answer, within `limit` of processor time.
    pub(super) fn exchange(
        &mut self,
        tag: Tag,
        parts: &[&[u8]],
        limit: Duration,
    ) -> Result<(Tag, Vec<u8>), Broken> {
        let mut watch = Watch::start(self.child.id(), limit);
        let bytes = frame::encode(tag, parts)?;
        let mut sent = 0;
        while sent < bytes.len() {
            watch.wait(self.input.as_fd(), PollFlags::OUT)?;
            match self.input.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut header = [0; 4];
        self.fill(&mut header, &mut watch)?;
        let mut body = vec![0; frame::length(header)?];
        self.fill(&mut body, &mut watch)?;
        let tag = Tag::from_byte(body[0])?;
        body.drain(..1);
        Ok((tag, body))
    }

    fn fill(&mut self, buffer: &mut [u8], watch: &mut Watch) -> Result<(), Broken> {
        let mut filled = 0;
        while filled < buffer.len() {
            watch.wait(self.output.as_fd(), PollFlags::IN)?;
            match self.output.read(&mut buffer[filled..])? {
                0 => return Err(self.ended()),
                count => filled += count,
            }
        }
        Ok(())
    }

    /// The worker closed its output: how it ended.
    fn ended(&mut self) -> Broken {
        let how = match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Broken::Dead(io::Error::new(io::ErrorKind::UnexpectedEof, how))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn nonsense(tag: Tag) -> Broken {
    Broken::Dead(io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the worker answered {tag:?} out of turn"),
    ))
}

/// Watches one exchange's time.
struct Watch {
    pid: u32,
    limit: Duration,
    started: Instant,
    ticks_before: Option<u64>,
    until: Instant,
}

impl Watch {
    fn start(pid: u32, limit: Duration) -> Self {
        let started = monotonic();
        Self {
            pid,
            limit,
            started,
            ticks_before: cpu_ticks(pid),
            until: started + limit,
        }
    }

    /// Waits until the descriptor is ready, or the time is over.
    fn wait(&mut self, descriptor: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), Broken> {
        loop {
            let left = self.until.saturating_duration_since(monotonic());
            if left.is_zero() {
                self.extend()?;
                continue;
            }
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut descriptors = [PollFd::new(&descriptor, wanted)];
            match poll(&mut descriptors, Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }

    /// Gives the time that the worker did not get to run; late when it has had it all.
    fn extend(&mut self) -> Result<(), Broken> {
        let now = monotonic();
        let (Some(before), Some(after)) = (self.ticks_before, cpu_ticks(self.pid)) else {
            return Err(Broken::Late);
        };
        let ran = Duration::from_millis((after.saturating_sub(before)) * 1000 / TICKS_PER_S);
        let left = self.limit.saturating_sub(ran);
        if left.is_zero() || now.duration_since(self.started) >= self.limit * WALL_FACTOR {
            return Err(Broken::Late);
        }
        self.until = now + left.max(Duration::from_millis(1000 / TICKS_PER_S));
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a worker process runs in real time: a simulated clock cannot tell when to kill it"
)]
fn monotonic() -> Instant {
    Instant::now()
}

/// The processor time of a process in clock ticks; `None` where /proc does not say.
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name in parentheses may hold anything; user and system time are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}
