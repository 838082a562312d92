//! What each command does. A command answers with a [`Report`]; the roles, which stay, print by themselves.

mod check;
mod fixtures;
mod init;
mod types;

use crate::cli::{Cli, Command};
use crate::config::{self, Config};
use crate::handles::SystemClock;
use crate::nodes::{Nodes, Trackers};
use crate::report::Report;
use crate::roles;
use crate::rulebook::{self, Rulebook};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;
use twinline_core::handles::Clock;

/// Runs one command; `None`: it has printed by itself.
///
/// # Errors
/// What the command says; its exit code is [`crate::exit::code_of`].
pub async fn run(cli: &Cli) -> Result<Option<Report>> {
    let file = cli.config.as_path();
    let report = match &cli.command {
        Command::Edge(args) => return roles::edge::run(file, args.supervisor).await.map(|()| None),
        Command::Sim(args) => return roles::sim::run(args, cli.json).await.map(|()| None),
        Command::Init(args) => init::run(args, file),
        Command::Check { offline } => check::run(file, *offline).await,
        Command::Test { name, offline } => fixtures::run(file, name.as_deref(), *offline).await,
        Command::Types { connection, print } => {
            types::run(file, connection.as_deref(), *print).await
        }
        // It is answered before there is a runtime.
        Command::ScriptWorker => return Ok(None),
    };
    report.map(Some)
}

/// The configuration, and what its rules are judged against; no tracker is asked when `offline`.
fn rulebook(file: &Path, offline: bool) -> Result<(Config, Rulebook)> {
    let config = config::load(file)?;
    let nodes = Nodes::new(&config, file);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rulebook = Rulebook {
        kinds: nodes.kinds()?,
        trackers: if offline {
            Trackers::new()
        } else {
            nodes.trackers(&clock)?
        },
        runner: rulebook::script_workers(&config)?,
    };
    Ok((config, rulebook))
}
