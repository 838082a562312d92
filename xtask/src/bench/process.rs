//! A process under measurement.

use anyhow::{Context, Result};
use std::fs;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A hidden subcommand of this program, running; ends when its standard input is closed.
pub(super) struct Measured {
    child: Child,
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
            first_line: first.context("the child ended at once")?,
        })
    }

    /// The processor time that its threads have used; a thread that has ended no longer counts.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let id = self.child.id().context("the child has ended")?;
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

    /// Asks it to end and waits.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().await.context("waiting for the child")?;
        anyhow::ensure!(ended.success(), "the child failed: {ended}");
        Ok(())
    }
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
