//! Processes under measurement: what they say, what processor time and memory they use.

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep};

/// The unit of the times in `/proc/ID/stat`: USER_HZ, which Linux keeps at 100 (proc(5)).
const TICKS_PER_S: u64 = 100;

/// How long a server may take until it listens.
const LISTEN_MAX: Duration = Duration::from_secs(20);

/// A hidden subcommand of this program, running; ends when its standard input is closed.
pub(super) struct Measured {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Its first line.
    pub(super) first_line: String,
}

impl Measured {
    /// Starts it and waits for its first line.
    pub(super) async fn start(arguments: &[&str]) -> Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting a child")?;
        let stdout = child.stdout.take().context("the child has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next_line().await.context("reading the child")?;
        Ok(Self {
            child,
            lines,
            first_line: first.context("the child ended at once")?,
        })
    }

    /// Sends one line of JSON and waits for the line that answers it.
    pub(super) async fn ask<T: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
    ) -> Result<T> {
        let mut line = serde_json::to_string(question).context("wording a question")?;
        line.push('\n');
        let stdin = self
            .child
            .stdin
            .as_mut()
            .context("the child has no input")?;
        let sent = stdin.write_all(line.as_bytes()).await;
        sent.context("asking the child")?;
        let answer = self.lines.next_line().await.context("reading the child")?;
        let answer =
            answer.with_context(|| format!("the child ended, asked for {}", line.trim()))?;
        serde_json::from_str(&answer).with_context(|| format!("the child says '{answer}'"))
    }

    /// The processor time that its threads have used; a thread that has ended no longer counts.
    pub(super) fn cpu(&self) -> Result<Duration> {
        cpu_of_threads(self.id()?)
    }

    /// The process.
    pub(super) fn id(&self) -> Result<u32> {
        self.child.id().context("the child has ended")
    }

    /// Asks it to end and waits.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().await.context("waiting for the child")?;
        anyhow::ensure!(ended.success(), "the child failed: {ended}");
        Ok(())
    }
}

/// The processor time that a process's threads have used; a thread that has ended no longer counts.
pub(super) fn cpu_of_threads(id: u32) -> Result<Duration> {
    let mut used = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{id}/task")).context("listing its threads")? {
        let file = thread
            .context("listing its threads")?
            .path()
            .join("schedstat");
        // A thread may end between the list and this.
        let Ok(text) = fs::read_to_string(file) else {
            continue;
        };
        let nanos = text
            .split_whitespace()
            .next()
            .and_then(|text| text.parse().ok());
        used += Duration::from_nanos(nanos.context("its times are not there")?);
    }
    Ok(used)
}

/// Waits until somebody listens there.
pub(super) async fn reaches(at: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + LISTEN_MAX;
    while let Err(error) = TcpStream::connect(at).await {
        if Instant::now() > deadline {
            return Err(error).with_context(|| format!("nobody listens on {at}"));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Waits until the parent closes standard input.
pub(super) async fn until_told() -> Result<()> {
    let mut end = String::new();
    let mut input = BufReader::new(tokio::io::stdin());
    input
        .read_line(&mut end)
        .await
        .map(drop)
        .context("reading standard input")
}

/// What a process and its children have used, user and kernel, threads that have ended included. Exact to a hundredth
/// of a second.
pub(super) fn cpu_with_children(id: u32) -> Result<Duration> {
    let mut used = cpu_of(id)?;
    for child in children(id)? {
        // A child may end between the list and this.
        used += cpu_of(child).unwrap_or_default();
    }
    Ok(used)
}

/// The memory that a process and its children hold resident, in bytes.
pub(super) fn resident_with_children(id: u32) -> Result<u64> {
    let mut bytes = resident_of(id)?;
    for child in children(id)? {
        bytes += resident_of(child).unwrap_or(0);
    }
    Ok(bytes)
}

fn resident_of(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("reading its memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(kib.context("its memory is not there")? * 1024)
}

fn cpu_of(id: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).context("reading its times")?;
    // The name stands in brackets and may hold anything; user and system time are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').context("its times are not there")?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().context("its times are no numbers"))
        .sum::<Result<u64>>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_S))
}

fn children(id: u32) -> Result<Vec<u32>> {
    let mut all = Vec::new();
    for thread in fs::read_dir(format!("/proc/{id}/task")).context("listing its threads")? {
        let file = thread
            .context("listing its threads")?
            .path()
            .join("children");
        let listed = fs::read_to_string(file).unwrap_or_default();
        all.extend(
            listed
                .split_whitespace()
                .filter_map(|child| child.parse::<u32>().ok()),
        );
    }
    Ok(all)
}
