//! `fleet`: how a fleet is, and what people do to its machines.

mod ask;
mod certificate;
mod generation;
mod health;
mod outline;
mod place;
mod restart;
mod status;

#[cfg(test)]
mod tests;

pub(super) use outline::outline;

use super::deeds;
use crate::cli::FleetCommand;
use crate::report::Report;
use anyhow::Result;
use ask::Fleet;
use std::path::Path;

pub(super) async fn run(file: &Path, command: &FleetCommand) -> Result<Report> {
    match command {
        FleetCommand::Status => status::run(file).await,
        FleetCommand::Drain(args) => place::drain(file, args).await,
        FleetCommand::Undrain { machine } => place::undrain(file, machine).await,
        FleetCommand::Move(args) => place::move_node(file, args).await,
        FleetCommand::Unpin { node } => place::unpin(file, node).await,
        // The same as without `fleet`: a node is paused wherever it is.
        FleetCommand::Pause { node, reason } => {
            ask::config_of(file)?;
            deeds::pause(file, node, reason).await
        }
        FleetCommand::Resume { node } => {
            ask::config_of(file)?;
            deeds::resume(file, node).await
        }
        FleetCommand::Restart(args) => restart::run(file, args).await,
        FleetCommand::Token => certificate::token(file),
        FleetCommand::Certificate(args) => certificate::issue(file, args),
        FleetCommand::RaiseGeneration => generation::raise(file).await,
    }
}
