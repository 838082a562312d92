//! `twinline up`: a small supervisor. Starts an edge, a host and a watch, restarts the one that dies or hangs, passes signals on. It
//! holds the edge's listening sockets, so that nobody is refused while an edge is replaced.
//!
//! It holds no state and touches no data but where its roles say that they listen: if it is killed, its children end with it and the next one starts anew.

mod child;
mod keeper;

use super::sockets::{Handed, Sockets};
use crate::config::Config;
use crate::exit::{CONFIGURATION, Coded};
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use crate::nodes::Nodes;
use anyhow::{Context, Result};
use keeper::Keeper;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_edge::check_certificates;

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
