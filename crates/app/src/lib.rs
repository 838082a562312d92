//! Twinline: keeps work items in different trackers in step.

pub mod api;
mod canary;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod demo;
pub mod drill;
pub mod exit;
pub mod fleet;
pub mod handles;
pub mod instance;
pub mod local_http;
pub mod nodes;
pub mod release;
pub mod report;
pub mod roles;
pub mod rulebook;
pub mod shutdown;
pub mod telemetry;

use clap::{CommandFactory as _, FromArgMatches as _};
use cli::{Cli, Command};
use release::Release;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// The whole program, as this release: reads the command line and does what it says.
pub fn main(release: Release) -> ExitCode {
    release.begin();
    // Before any TLS. An error means that a provider is installed already: one is all that is needed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let said = Cli::command().version(release.version).get_matches();
    let cli = Cli::from_arg_matches(&said).unwrap_or_else(|error| error.exit());
    let code = match &cli.command {
        // A worker has no runtime, no configuration and no environment.
        Command::ScriptWorker => match twinline_rules::worker::main() {
            Ok(()) => exit::OK,
            Err(_) => exit::FAILED,
        },
        _ => run(&cli),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn run(cli: &Cli) -> i32 {
    let ran = runtime(&cli.command)
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let report = runtime.block_on(async {
                let ended = commands::run(cli).await;
                telemetry::flush().await;
                ended
            })?;
            match report {
                Some(report) => report.print(cli.json).map(|()| report.code),
                None => Ok(exit::OK),
            }
        });
    ran.unwrap_or_else(|error| {
        let code = exit::code_of(&error);
        report::failure(&error, code, cli.json);
        code
    })
}

/// How far a host stands behind the other processes of its machine when all want the processor (nice(2)): a webhook is
/// answered, a probe asked and a person called first, and what an item needs comes when they have had their turn.
const HOST_NICE: i32 = 10;

/// The roles that work have all processors; the supervisor and the commands need one thread.
fn runtime(command: &Command) -> std::io::Result<Runtime> {
    if matches!(command, Command::Host(_)) {
        // Threads have it from the one that starts them, so it comes before all others. Where a sandbox refuses it the
        // host is as important as the rest, which is no reason not to work.
        rustix::process::nice(HOST_NICE).ok();
    }
    match command {
        Command::Demo(_)
        | Command::Drill(_)
        | Command::Edge(_)
        | Command::Host(_)
        | Command::Sim(_)
        | Command::Watch { command: None, .. } => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    }
    .enable_all()
    .build()
}
