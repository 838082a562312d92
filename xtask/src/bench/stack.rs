//! A Twinline under measurement: the product's own processes on a folder, as `twinline up` starts them.

use super::process::{cpu_with_children, resident_with_children};
use crate::{root, run};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long the processes may take until they serve.
const START: Duration = Duration::from_secs(120);
/// How long they may take to end.
const END: Duration = Duration::from_secs(30);

/// The folder with configuration, rules and data.
pub(super) struct Folder {
    folder: TempDir,
    program: PathBuf,
}

impl Folder {
    /// A new one, on the disk that the build is on: a folder in memory would need no syncing.
    pub(super) fn new() -> Result<Self> {
        let program = run::twinline()?;
        fs::create_dir_all(root().join("target")).context("making target/")?;
        let folder = tempfile::tempdir_in(root().join("target")).context("making a folder")?;
        fs::create_dir(folder.path().join("rules")).context("making the rules folder")?;
        Ok(Self { folder, program })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path().join(name), text).with_context(|| format!("writing {name}"))
    }

    /// Adds text to a file of it.
    pub(super) fn append(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path().join(name);
        let before = fs::read_to_string(path).with_context(|| format!("reading {name}"))?;
        self.write(name, &(before + text))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--config")
            .arg(self.path().join("twinline.toml"))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, for its JSON answer.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<std::process::Output> {
        let output = self.command().args(arguments).arg("--json").output().await;
        output.with_context(|| format!("running 'twinline {}'", arguments.join(" ")))
    }

    /// Publishes the rules.
    pub(super) async fn apply(&self) -> Result<()> {
        let output = self.command().args(["apply", "--yes"]).output().await;
        let output = output.context("publishing the rules")?;
        if !output.status.success() {
            bail!(
                "the rules could not be published:\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// Starts edge and host, and waits until both serve.
    pub(super) async fn up(&self) -> Result<Stack<'_>> {
        // What processes of an earlier start have left says nothing about these.
        let left = self.path().join("twinline-data/run");
        if left.exists() {
            fs::remove_dir_all(left).context("removing what an earlier start has left")?;
        }
        let child = self
            .command()
            .arg("up")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting 'up'")?;
        let began = Instant::now();
        let mut stack = Stack {
            folder: self,
            child,
            took: Duration::ZERO,
        };
        while stack.running("edge").is_err() || stack.running("host").is_err() {
            if let Some(status) = stack.child.try_wait().context("looking after 'up'")? {
                bail!("'up' ended with {status}: see above");
            }
            if began.elapsed() > START {
                bail!("edge and host did not start within {} s", START.as_secs());
            }
            sleep(Duration::from_millis(10)).await;
        }
        stack.took = began.elapsed();
        Ok(stack)
    }
}

/// A running edge and host.
pub(super) struct Stack<'a> {
    folder: &'a Folder,
    child: Child,
    /// From the start of `up` until both served.
    pub(super) took: Duration,
}

impl Stack<'_> {
    fn running(&self, role: &str) -> Result<Value> {
        let file = self
            .folder
            .path()
            .join(format!("twinline-data/run/{role}.json"));
        let text = fs::read(&file).with_context(|| format!("no {role} runs"))?;
        serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))
    }

    /// The process of a role.
    pub(super) fn process(&self, role: &str) -> Result<u32> {
        let id = self.running(role)?["pid"].as_u64();
        id.and_then(|id| u32::try_from(id).ok())
            .with_context(|| format!("the {role} has no process"))
    }

    /// What the host has counted under a name since its start.
    pub(super) async fn counted(&self, name: &str) -> Result<u64> {
        let count = self
            .measured(&format!("twinline_host_{name}_total"))
            .await?;
        count.with_context(|| format!("the host counts no {name}"))
    }

    /// What the host's metrics say under a name; `None`: nothing.
    pub(super) async fn measured(&self, name: &str) -> Result<Option<u64>> {
        let running = self.running("host")?;
        let at = running["listeners"]["api"].as_str();
        let mut stream = TcpStream::connect(at.context("the host listens nowhere")?)
            .await
            .context("reaching the host")?;
        let request = b"GET /metrics HTTP/1.1\r\nhost: twinline\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.context("asking the host")?;
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .await
            .context("reading what the host counts")?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.and_then(|count| count.trim().parse().ok()))
    }

    /// Where webhooks arrive.
    pub(super) fn webhooks(&self) -> Result<SocketAddr> {
        let running = self.running("edge")?;
        let at = running["listeners"]["webhooks"].as_str();
        at.and_then(|at| at.parse().ok())
            .context("the edge listens nowhere")
    }

    /// What a role's process and its script workers have used.
    pub(super) fn cpu(&self, role: &str) -> Result<Duration> {
        cpu_with_children(self.process(role)?)
    }

    /// What a role's process and its script workers hold in memory, in bytes.
    pub(super) fn resident(&self, role: &str) -> Result<u64> {
        resident_with_children(self.process(role)?)
    }

    /// Ends all its processes at one blow, as a machine that is lost: nothing is told to anybody.
    pub(super) async fn lose(mut self) -> Result<()> {
        // The supervisor first: it would start what ends.
        self.child.kill().await.context("killing 'up'")?;
        for role in ["host", "edge"] {
            let id = i32::try_from(self.process(role)?).ok();
            let id = id.and_then(Pid::from_raw).context("no process")?;
            match kill_process(id, Signal::KILL) {
                // They end with their supervisor by themselves.
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error).with_context(|| format!("killing the {role}")),
            }
        }
        Ok(())
    }

    /// Ends it as Ctrl-C does.
    pub(super) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(Pid::from_raw).context("'up' has ended")?;
        kill_process(id, Signal::TERM).context("ending 'up'")?;
        let ended = timeout(END, self.child.wait()).await;
        let status = ended
            .context("'up' did not end in time")?
            .context("waiting for 'up'")?;
        anyhow::ensure!(status.success(), "'up' ended with {status}");
        Ok(())
    }
}
