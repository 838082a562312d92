//! The demonstration's own Twinline: published rules and a running `up`, as a user would start them.

use super::world::World;
use crate::instance::{DataFolder, Running};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

/// How long a process may take until it serves.
const START: Duration = Duration::from_secs(60);
/// How long `up` may take to end.
const END: Duration = Duration::from_secs(15);

/// A running `up`.
pub(super) struct Up {
    child: Child,
    data: DataFolder,
}

impl Up {
    /// Publishes the rules and starts edge and host.
    pub(super) async fn start(world: &World) -> Result<Self> {
        let applied = command(world)?
            .args(["apply", "--yes"])
            .stdout(Stdio::null())
            .status()
            .await;
        if !applied.context("publishing the rules")?.success() {
            bail!("the demonstration's rules could not be published: see above");
        }
        let data = DataFolder::open(&world.data())?;
        let child = command(world)?
            .arg("up")
            // Also when this process is killed.
            .args(["--supervisor", &std::process::id().to_string()])
            .kill_on_drop(true)
            .spawn()
            .context("starting 'up'")?;
        let mut up = Self { child, data };
        up.wait_for("edge", None).await?;
        up.wait_for("host", None).await?;
        Ok(up)
    }

    /// Where a role's process runs now.
    pub(super) fn running(&self, role: &str) -> Result<Running> {
        self.data.running(role)
    }

    /// The data folder.
    pub(super) const fn data(&self) -> &DataFolder {
        &self.data
    }

    /// Kills a role's process as a crash would; the supervisor starts another.
    pub(super) async fn crash(&mut self, role: &str) -> Result<()> {
        let before = self.running(role)?;
        let pid = i32::try_from(before.pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("no process id")?;
        kill_process(pid, Signal::KILL).with_context(|| format!("killing {role}"))?;
        self.wait_for(role, Some(before.pid)).await
    }

    /// Waits until a role has announced itself, as another process than `not`.
    async fn wait_for(&mut self, role: &str, not: Option<u32>) -> Result<()> {
        let deadline = Instant::now() + START;
        let mut pause = interval(Duration::from_millis(20));
        loop {
            if self
                .data
                .running(role)
                .is_ok_and(|running| Some(running.pid) != not)
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context("looking after 'up'")? {
                bail!("'up' ended with {status}: see above");
            }
            if Instant::now() >= deadline {
                bail!("the {role} did not start within {} s", START.as_secs());
            }
            pause.tick().await;
        }
    }

    /// Ends it as Ctrl-C does; false when it had to be killed.
    pub(super) async fn end(mut self) -> Result<bool> {
        let pid = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            kill_process(pid, Signal::TERM).ok();
        }
        match tokio::time::timeout(END, self.child.wait()).await {
            Ok(ended) => Ok(ended.context("waiting for 'up'")?.success()),
            Err(_) => {
                self.child.kill().await.context("killing 'up'")?;
                Ok(false)
            }
        }
    }
}

/// What the running Twinline says of its own state and of some items: shown when a check fails.
pub(super) async fn tell(world: &World, items: &BTreeSet<String>) -> Result<String> {
    let mut told = String::new();
    let questions = [vec!["errors"], vec!["status"]];
    let histories = items.iter().map(|item| vec!["history", item.as_str()]);
    for question in questions.into_iter().chain(histories) {
        let output = command(world)?
            .args(question)
            .output()
            .await
            .context("asking the host")?;
        told.push_str(&String::from_utf8_lossy(&output.stdout));
        told.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    Ok(told)
}

/// This same binary, with the demonstration's configuration.
fn command(world: &World) -> Result<Command> {
    let program: PathBuf = std::env::current_exe().context("looking for this binary")?;
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(world.config())
        .stdin(Stdio::null());
    Ok(command)
}
