//! What each command does. A command answers with a [`Report`]; the roles, which stay, print by themselves.

mod backfill;
mod change;
mod check;
mod deeds;
mod errors;
mod events;
mod files;
mod fixtures;
mod fleet;
mod history_text;
mod incident;
mod init;
mod links;
mod look;
mod matches;
mod node;
mod outcomes;
mod page;
pub mod pairs;
mod patience;
mod progress;
mod release;
mod review;
mod rules;
mod seal;
mod state;
mod types;

use crate::cli::{Cli, Command, RoleArgs, WatchCommand};
use crate::config::{self, Config};
use crate::exit::{Coded, USAGE};
use crate::handles::{SystemClock, SystemEntropy};
use crate::nodes::{Nodes, Trackers};
use crate::report::Report;
use crate::roles;
use crate::rulebook::{self, Rulebook};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;
use twinline_core::handles::{Clock, Entropy as _};
use twinline_core::time::Timestamp;

/// Whether a text can name a node or a connection: 1 to 64 of a-z, 0-9 and '-'.
fn is_name(text: &str) -> bool {
    let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(sound)
}

/// A new secret that a tracker signs its webhooks with.
fn hook_secret() -> String {
    let words = (0..4).map(|_| format!("{:016x}", SystemEntropy.next_u64()));
    words.collect()
}

/// Runs one command; `None`: it has printed by itself.
///
/// # Errors
/// What the command says; its exit code is [`crate::exit::code_of`].
pub async fn run(cli: &Cli) -> Result<Option<Report>> {
    if cli.json {
        has_document(&cli.command)?;
    }
    let file = cli.config.as_path();
    let report = match &cli.command {
        Command::Up { fleet: true, .. } => fleet::outline(file),
        Command::Up { fleet: false, role } => {
            return roles::up::up(file, role.supervisor).await.map(|()| None);
        }
        Command::Host(args) => return roles::host::run(file, args.supervisor).await.map(|()| None),
        Command::Edge(args) => {
            return Box::pin(roles::edge::run(file, args.supervisor))
                .await
                .map(|()| None);
        }
        Command::Watch { command, role } => return watch(file, command.as_ref(), role).await,
        Command::Incident(command) => incident::run(file, command).await,
        Command::Change(command) => change::run(file, command).await,
        Command::Sim(args) => return roles::sim::run(args, cli.json).await.map(|()| None),
        Command::Demo(args) => return crate::demo::run(args).await,
        Command::Drill(args) => crate::drill::run(args, cli.json).await,
        Command::Init(args) => init::run(args, file),
        Command::Check { offline } => check::run(file, *offline).await,
        Command::Seal => seal::run(file),
        Command::Node(command) => node::run(file, command, cli.json).await,
        Command::Test { name, offline } => fixtures::run(file, name.as_deref(), *offline).await,
        Command::Types { connection, print } => {
            types::run(file, connection.as_deref(), *print).await
        }
        Command::Plan { connection, max } => rules::plan(file, connection.as_deref(), *max).await,
        Command::Apply(args) => rules::apply(file, args).await,
        Command::Versions { connection, diff } => rules::versions(file, connection, *diff).await,
        Command::Rollback {
            connection,
            version,
            yes,
        } => rules::rollback(file, connection, *version, *yes).await,
        Command::Status { command: None } => look::status(file).await,
        Command::Status {
            command: Some(command),
        } => page::run(file, command).await,
        Command::Twins(args) => look::twins(file, args).await,
        Command::History(args) => look::history(file, args).await,
        Command::Audit(args) => look::audit(file, args).await,
        Command::Errors => errors::run(file).await,
        Command::Retry(args) => deeds::retry(file, args).await,
        Command::Release(args) => release::release(file, args).await,
        Command::Link(args) => links::run(file, args).await,
        Command::Unlink(args) => links::unlink(file, args).await,
        Command::Pause { node, reason } => deeds::pause(file, node, reason).await,
        Command::Resume { node } => deeds::resume(file, node).await,
        Command::Backfill(args) => backfill::run(file, args).await,
        Command::Events => return events::run(file, cli.json).await.map(|()| None),
        Command::Backup { file: to } => state::backup(file, to).await,
        Command::Restore(args) => state::restore(file, args).await,
        Command::Fleet(command) => fleet::run(file, command).await,
        // It is answered before there is a runtime.
        Command::ScriptWorker => return Ok(None),
    };
    report.map(Some)
}

/// Watches, or says what watching takes.
async fn watch(
    file: &Path,
    command: Option<&WatchCommand>,
    role: &RoleArgs,
) -> Result<Option<Report>> {
    match command {
        Some(WatchCommand::VerifyPaths) => roles::watch::paths::verify(file).map(Some),
        None => roles::watch::run(file, role.supervisor)
            .await
            .map(|()| None),
    }
}

/// What stays and tells a person what happens has no document to answer with, and says so.
fn has_document(command: &Command) -> Result<()> {
    let (name, way_out) = match command {
        Command::Up { fleet: false, .. } => ("up", ROLE),
        Command::Edge(_) => ("edge", ROLE),
        Command::Host(_) => ("host", ROLE),
        Command::Watch { command: None, .. } => ("watch", ROLE),
        Command::Demo(args) if !args.check => ("demo", "leave --json out, or add --check"),
        _ => return Ok(()),
    };
    let sentence = format!("'twinline {name}' stays and answers with no JSON document: {way_out}");
    Err(Coded::new(USAGE, sentence).into())
}

/// Where programs find what a role would have to tell.
const ROLE: &str = "leave --json out; the data folder's run/edge.json, run/host.json and run/watch.json have the process ids and \
                    addresses, and [log] format = \"json\" makes the log JSON";

/// The configuration, and what its rules are judged against; no tracker is asked when `offline`.
fn rulebook(file: &Path, offline: bool) -> Result<(Config, Rulebook)> {
    let config = config::load(file)?;
    let nodes = Nodes::new(&config, file);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rulebook = Rulebook {
        kinds: Arc::new(nodes.kinds()?),
        trackers: if offline {
            Trackers::new()
        } else {
            nodes.trackers(&clock)?
        },
        runner: rulebook::script_workers(&config)?,
    };
    Ok((config, rulebook))
}

/// A path with its query.
pub(crate) fn query(path: &str, parameters: &[(&str, String)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// An instant of a JSON answer, milliseconds since the epoch, as people read it.
fn instant(value: &serde_json::Value) -> String {
    let at = value
        .as_i64()
        .map(|at| Timestamp::from_millis(at).to_string());
    at.unwrap_or_else(|| "–".to_owned())
}
