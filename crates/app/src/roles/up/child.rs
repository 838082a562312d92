//! One role's process: started, waited for, ended.

use super::super::beat::Beating;
use super::super::line::{Heard, Word};
use super::super::sockets::Sockets;
use super::Plan;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

/// Children get this long to end by themselves before they are killed; all of `up` ends within 10 s.
pub(super) const DRAIN: Duration = Duration::from_secs(9);
/// A killed child is waited for so long: one that the system cannot end holds nobody up.
const KILLED_MAX: Duration = Duration::from_millis(500);

/// A role's process. It is killed when this is dropped.
pub(super) struct Role {
    name: &'static str,
    child: Child,
    /// What it says; `None`: of this role nothing is heard.
    heard: Option<Heard>,
    /// By what a watch knows that its supervisor works.
    _beating: Option<Beating>,
}

impl Role {
    /// Starts it. `after_hung`: the one before it hung, and was ended.
    ///
    /// # Errors
    /// The program cannot be started, or the system has no descriptor left.
    pub(super) fn start(plan: &Plan, name: &'static str, after_hung: bool) -> Result<Self> {
        let mut command = Command::new(&plan.program);
        command
            .arg(name)
            .arg("--config")
            .arg(&plan.config)
            .arg("--supervisor")
            .arg(std::process::id().to_string())
            .kill_on_drop(true);
        let mut beating = None;
        let heard = match &plan.sockets {
            Some(sockets) if name == "edge" => {
                sockets.hand_to(&mut command)?;
                let (here, there) = Heard::pair()?;
                command.stdin(there);
                Some(here)
            }
            _ => {
                Sockets::keep_from(&mut command);
                if name == "watch" {
                    let (begun, there) = Beating::begin(after_hung)?;
                    command.stdin(there);
                    beating = Some(begun);
                }
                None
            }
        };
        let child = command
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        tracing::info!(role = name, pid = child.id(), "started");
        Ok(Self {
            name,
            child,
            heard,
            _beating: beating,
        })
    }

    /// The process; `None`: it has ended, and that was seen.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await;
        status.with_context(|| format!("waiting for {}", self.name))
    }

    /// Waits for its end, or until it says the word: then `None`.
    pub(super) async fn ends_or_says(&mut self, word: Word) -> Option<Result<ExitStatus>> {
        let says = async {
            match &mut self.heard {
                Some(heard) => heard.hears(word).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            status = self.child.wait() => {
                Some(status.with_context(|| format!("waiting for {}", self.name)))
            }
            () = says => None,
        }
    }

    /// Asks it to end, waits, then kills it.
    ///
    /// # Errors
    /// It was killed: what it had begun is looked up at the next start.
    pub(super) async fn end(&mut self, deadline: Instant) -> Result<()> {
        let (role, pid) = (self.name, self.pid());
        let id = pid.and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // It may have ended by itself: then there is nobody to signal.
            let _gone = kill_process(id, Signal::TERM);
        }
        if let Ok(status) = timeout_at(deadline, self.ended()).await {
            tracing::info!(role, pid, status = %shown(status?), "ended");
            return Ok(());
        }
        let drain_ms = millis(DRAIN);
        tracing::error!(role, drain_ms, "did not end in time: killing it");
        self.kill().await?;
        anyhow::bail!("{role} did not end within {drain_ms} ms and was killed")
    }

    /// Kills it.
    ///
    /// # Errors
    /// The system cannot end it.
    pub(super) async fn kill(&mut self) -> Result<ExitStatus> {
        let role = self.name;
        self.child
            .start_kill()
            .with_context(|| format!("killing {role}"))?;
        let status = timeout(KILLED_MAX, self.child.wait()).await;
        let status = status.with_context(|| format!("{role} was killed and is still there"))?;
        status.with_context(|| format!("waiting for {role}"))
    }
}

pub(super) fn shown(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".to_owned(),
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
