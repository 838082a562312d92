//! `twinline up`: a small supervisor. Starts an edge and a host, restarts the one that dies or hangs, passes signals on. It
//! holds the edge's listening sockets, so that nobody is refused while an edge is replaced.
//!
//! It holds no state and touches no data but where its roles say that they listen: if it is killed, its children end with it and the next one starts anew.

use super::pulse::{HUNG_AFTER, hangs};
use super::sockets::{Handed, Sockets};
use crate::exit::{CONFIGURATION, Coded};
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use crate::nodes::Nodes;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_edge::check_certificates;

/// A child that ends is started again after this at first.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// The pause doubles up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A child that ran this long starts again at the shortest pause.
const SOUND_AFTER: Duration = Duration::from_secs(60);
/// Children get this long to end by themselves before they are killed; all of `up` ends within 10 s.
const DRAIN: Duration = Duration::from_secs(9);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The binary.
    pub program: PathBuf,
    /// The configuration file handed to each role.
    pub config: PathBuf,
    /// Where the roles say that they listen.
    pub folder: DataFolder,
    /// The roles.
    pub roles: Vec<&'static str>,
    /// What the edge listens on.
    pub sockets: Arc<Sockets>,
}

/// `twinline up`: holds the data folder, runs edge and host until a signal.
///
/// # Errors
/// The configuration is wrong, or another `up` runs on this data folder.
pub async fn up(file: &Path) -> Result<()> {
    // First of all: taking them changes the environment, which no other thread may read meanwhile.
    let handed = Handed::take()?;
    let (config, shutdown) = super::begin("up", file, None)?;
    // Found now, so that a fault is told once and not by each child.
    let nodes = Nodes::new(&config, file);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    nodes.routes()?;
    nodes.trackers(&clock)?;
    check_certificates(super::edge::certificates(&config))
        .map_err(|error| Coded::new(CONFIGURATION, format!("edge.tls: {error}")))?;
    let folder = DataFolder::open(&config.data)?;
    let _hold = folder.hold("up", Duration::from_secs(1)).await?;
    let plan = Plan {
        program: std::env::current_exe().context("finding this program's own file")?,
        config: file.to_owned(),
        folder,
        roles: vec!["edge", "host"],
        sockets: Arc::new(Sockets::open(handed, &config.edge)?),
    };
    run(&plan, shutdown).await
}

/// Runs the roles until `shutdown`, then ends them.
pub async fn run(plan: &Plan, shutdown: CancellationToken) -> Result<()> {
    let mut keepers = tokio::task::JoinSet::new();
    for role in plan.roles.clone() {
        keepers.spawn(keep(plan.clone(), role, shutdown.clone()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = keepers.join_next().await {
        let ended = ended
            .context("a supervising task failed")
            .and_then(|kept| kept);
        if ended.is_err() {
            shutdown.cancel();
            outcome = outcome.and(ended);
        }
    }
    outcome
}

/// Keeps one role running until shutdown. A role that refuses its configuration ends all: starting it again is no use.
async fn keep(plan: Plan, role: &'static str, shutdown: CancellationToken) -> Result<()> {
    let mut pause = BACKOFF_MIN;
    while !shutdown.is_cancelled() {
        let started = Instant::now();
        let mut child = start(&plan, role)?;
        tracing::info!(role, pid = child.id(), "started");
        let pid = child.id();
        let status = tokio::select! {
            biased;
            status = child.wait() => status,
            () = shutdown.cancelled() => return end(role, &mut child).await,
            () = hangs(&plan.folder, role, pid) => {
                let silent_s = HUNG_AFTER.as_secs();
                tracing::error!(role, pid, silent_s, "answers nothing any more; killing it");
                child.start_kill().with_context(|| format!("killing {role}"))?;
                child.wait().await
            }
        };
        let status = status.with_context(|| format!("waiting for {role}"))?;
        if status.code() == Some(CONFIGURATION) {
            let sentence = format!("{role} refused its configuration: see above");
            return Err(Coded::new(CONFIGURATION, sentence).into());
        }
        if started.elapsed() >= SOUND_AFTER {
            pause = BACKOFF_MIN;
        }
        // Somebody asked it to end, so that another takes its place: callers wait for that one.
        if status.success() && started.elapsed() >= BACKOFF_MIN && !shutdown.is_cancelled() {
            tracing::info!(role, "ended as it was asked to; starting it again");
            continue;
        }
        tracing::error!(role, status = %shown(status), pause_ms = millis(pause), "ended; starting it again");
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(BACKOFF_MAX);
    }
    Ok(())
}

fn start(plan: &Plan, role: &str) -> Result<Child> {
    let mut command = Command::new(&plan.program);
    command
        .arg(role)
        .arg("--config")
        .arg(&plan.config)
        .arg("--supervisor")
        .arg(std::process::id().to_string())
        .kill_on_drop(true);
    if role == "edge" {
        plan.sockets.hand_to(&mut command)?;
    } else {
        Sockets::keep_from(&mut command);
    }
    command.spawn().with_context(|| format!("starting {role}"))
}

/// Asks a child to end, waits, then kills it.
async fn end(role: &str, child: &mut Child) -> Result<()> {
    if let Some(pid) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
    {
        // It may have ended by itself: then there is nobody to signal.
        let _gone = kill_process(pid, Signal::TERM);
    }
    match tokio::time::timeout(DRAIN, child.wait()).await {
        Ok(status) => {
            let status = status.with_context(|| format!("waiting for {role}"))?;
            tracing::info!(role, status = %shown(status), "ended");
        }
        Err(_) => {
            tracing::error!(
                role,
                drain_ms = millis(DRAIN),
                "did not end in time: killing it"
            );
            child
                .kill()
                .await
                .with_context(|| format!("killing {role}"))?;
        }
    }
    Ok(())
}

fn shown(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".to_owned(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
