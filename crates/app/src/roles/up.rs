//! `twinline up`: a small supervisor. Starts an edge, a host and a watch, restarts the one that dies or hangs, passes signals on. It
//! holds the edge's listening sockets, so that nobody is refused while an edge is replaced.
//!
//! It holds no state and touches no data but where its roles say that they listen: if it is killed, its children end with it and the next one starts anew.

use super::pulse::{HUNG_AFTER, hangs};
use super::sockets::{Handed, Sockets};
use crate::config::Config;
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
/// A child that ran this long and ended well was asked to: another takes its place at once.
const ASKED_AFTER: Duration = Duration::from_secs(2);
/// Children get this long to end by themselves before they are killed; all of `up` ends within 10 s.
const DRAIN: Duration = Duration::from_secs(9);
/// So much of it a role waits for those that end before it.
const TURN_MAX: Duration = Duration::from_secs(4);
/// A killed child is waited for so long: one that the system cannot end holds nobody up.
const KILLED_MAX: Duration = Duration::from_millis(500);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The binary.
    pub program: PathBuf,
    /// The configuration file handed to each role.
    pub config: PathBuf,
    /// Where the roles say that they listen.
    pub folder: DataFolder,
    /// The roles. They end in reverse, one after the other: who asks another ends before that one.
    pub roles: Vec<&'static str>,
    /// What the edge listens on; `None` where there is no edge.
    pub sockets: Option<Arc<Sockets>>,
}

/// `twinline up`: holds the data folder, runs edge, host and watch until a signal.
///
/// # Errors
/// The configuration is wrong, or another `up` runs on this data folder.
pub async fn up(file: &Path, supervisor: Option<u32>) -> Result<()> {
    // First of all: taking them changes the environment, which no other thread may read meanwhile.
    let handed = Handed::take()?;
    let (config, shutdown) = super::begin("up", file, supervisor)?;
    // Found now, so that a fault is told once and not by each child.
    let nodes = Nodes::new(&config, file);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    nodes.routes()?;
    nodes.trackers(&clock)?;
    check_certificates(super::edge::certificates(&config))
        .map_err(|error| Coded::new(CONFIGURATION, format!("edge.tls: {error}")))?;
    let folder = DataFolder::open(&config.data)?;
    let _hold = folder.hold("up", Duration::from_secs(1)).await?;
    let roles = roles(&config);
    let edge = roles.contains(&"edge");
    let sockets = edge.then(|| Sockets::open(handed, &config)).transpose()?;
    let plan = Plan {
        program: std::env::current_exe().context("finding this program's own file")?,
        config: file.to_owned(),
        folder,
        roles,
        sockets: sockets.map(Arc::new),
    };
    run(&plan, shutdown).await
}

/// The roles of this machine: all, unless it is one of a fleet that says otherwise.
fn roles(config: &Config) -> Vec<&'static str> {
    let Some(this) = config.machines.get(&config.instance.machine) else {
        let watch = config.has_watch().then_some("watch");
        return ["edge", "host"].into_iter().chain(watch).collect();
    };
    let watch = this.watch.filter(|_| config.watch.enabled);
    let roles = [("edge", this.edge), ("host", this.host), ("watch", watch)];
    let here = roles.into_iter().filter(|(_, at)| at.is_some());
    here.map(|(role, _)| role).collect()
}

/// Runs the roles until `shutdown`, then ends them.
///
/// # Errors
/// A role cannot be started for the first time, or refuses its configuration then; a role did not end in time and was killed.
pub async fn run(plan: &Plan, shutdown: CancellationToken) -> Result<()> {
    let mut keepers = tokio::task::JoinSet::new();
    // Nobody ends before the last role.
    let mut before = CancellationToken::new();
    before.cancel();
    for &role in plan.roles.iter().rev() {
        let ended = CancellationToken::new();
        let turn = std::mem::replace(&mut before, ended.clone());
        let keeper = Keeper {
            plan: plan.clone(),
            role,
            shutdown: shutdown.clone(),
            turn,
        };
        keepers.spawn(async move {
            let _told = ended.drop_guard();
            keeper.keep().await
        });
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

/// Keeps one role running.
struct Keeper {
    plan: Plan,
    role: &'static str,
    shutdown: CancellationToken,
    /// Cancelled when those have ended that end before this role.
    turn: CancellationToken,
}

/// How a child went.
enum Ran {
    /// There was none.
    NotStarted(anyhow::Error),
    /// It ended.
    Ended(Result<ExitStatus>),
    /// Shutdown began, and it was ended.
    Shutdown(Result<()>),
}

impl Keeper {
    /// Keeps the role running until shutdown. Only a role's first start ends all when it fails: starting it again is no use
    /// then. Later the other roles work, and a person may be in the middle of an edit, or the system short of something.
    async fn keep(self) -> Result<()> {
        let role = self.role;
        let mut pause = BACKOFF_MIN;
        let mut first = true;
        while !self.shutdown.is_cancelled() {
            let started = Instant::now();
            let status = match self.run_once().await {
                Ran::Shutdown(ended) => return ended,
                Ran::NotStarted(error) if first => return Err(error),
                Ran::NotStarted(error) => Err(error),
                Ran::Ended(status) => status,
            };
            let code = status.as_ref().ok().and_then(ExitStatus::code);
            if first && code == Some(CONFIGURATION) {
                let sentence = format!("{role} refused its configuration: see above");
                return Err(Coded::new(CONFIGURATION, sentence).into());
            }
            first = false;
            let ran = started.elapsed();
            if ran >= SOUND_AFTER {
                pause = BACKOFF_MIN;
            }
            if code == Some(0) && ran >= ASKED_AFTER && !self.shutdown.is_cancelled() {
                tracing::info!(role, "ended as it was asked to; starting it again");
                continue;
            }
            let how = status.map_or_else(|error| format!("{error:#}"), shown);
            tracing::error!(
                role,
                how,
                pause_ms = millis(pause),
                "ended; starting it again"
            );
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(BACKOFF_MAX);
        }
        Ok(())
    }

    /// Starts a child and waits for its end.
    async fn run_once(&self) -> Ran {
        let role = self.role;
        let mut child = match start(&self.plan, role) {
            Ok(child) => child,
            Err(error) => return Ran::NotStarted(error),
        };
        let pid = child.id();
        tracing::info!(role, pid, "started");
        let status = tokio::select! {
            biased;
            status = child.wait() => status.with_context(|| format!("waiting for {role}")),
            () = self.shutdown.cancelled() => return Ran::Shutdown(self.end(&mut child).await),
            () = hangs(&self.plan.folder, role, pid) => {
                let silent_s = HUNG_AFTER.as_secs();
                tracing::error!(role, pid, silent_s, "answers nothing any more; killing it");
                kill(role, &mut child).await
            }
        };
        Ran::Ended(status)
    }

    /// When its turn has come, asks a child to end, waits, then kills it.
    ///
    /// # Errors
    /// It was killed: what it had begun is looked up at the next start.
    async fn end(&self, child: &mut Child) -> Result<()> {
        let role = self.role;
        let deadline = Instant::now() + DRAIN;
        // Whether its turn has come by itself or by the time does not matter.
        drop(tokio::time::timeout(TURN_MAX, self.turn.cancelled()).await);
        if let Some(pid) = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
        {
            // It may have ended by itself: then there is nobody to signal.
            let _gone = kill_process(pid, Signal::TERM);
        }
        if let Ok(status) = tokio::time::timeout_at(deadline, child.wait()).await {
            let status = status.with_context(|| format!("waiting for {role}"))?;
            tracing::info!(role, status = %shown(status), "ended");
            return Ok(());
        }
        let drain_ms = millis(DRAIN);
        tracing::error!(role, drain_ms, "did not end in time: killing it");
        kill(role, child).await?;
        anyhow::bail!("{role} did not end within {drain_ms} ms and was killed")
    }
}

async fn kill(role: &str, child: &mut Child) -> Result<ExitStatus> {
    child
        .start_kill()
        .with_context(|| format!("killing {role}"))?;
    let status = tokio::time::timeout(KILLED_MAX, child.wait()).await;
    let status = status.with_context(|| format!("{role} was killed and is still there"))?;
    status.with_context(|| format!("waiting for {role}"))
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
    match &plan.sockets {
        Some(sockets) if role == "edge" => sockets.hand_to(&mut command)?,
        _ => Sockets::keep_from(&mut command),
    }
    command.spawn().with_context(|| format!("starting {role}"))
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
