//! `cargo xtask conformance`: connectors and simulators against the vendors' own API descriptions.
//!
//! Every connector goes through its conformance suite against its simulator; each request that it sends and each answer
//! that the simulator gives is held against the vendor's description. Both could be wrong in the same way: the
//! description is neither's. The simulators are then driven by popular client libraries, where those are installed.

pub mod clients;
mod description;
mod dialect;
#[path = "../../../crates/trackers/src/conformance/sim.rs"]
pub mod harness;
mod parameters;
mod recorded;
mod secured;
mod swagger;
mod tally;
mod trackers;

use crate::{root, say};
use anyhow::{Context, Result, bail};
use clients::Client;
use description::Description;
use serde_json::json;
use std::path::{Path, PathBuf};
pub use tally::Tally;
use trackers::TRACKERS;

/// Where the descriptions lie and how to answer.
#[derive(clap::Args)]
pub struct Options {
    /// The folder with github/github-rest.json, jira/jira-cloud-v3.json, azure/wit-7.1.json and servicenow/table-api.json.
    #[arg(long, value_name = "DIR")]
    specs: Option<PathBuf>,
    /// One JSON object a line instead of sentences.
    #[arg(long)]
    json: bool,
}

/// Runs it for every tracker that has a description, and for the client libraries; true when there is no violation.
pub fn run(options: &Options) -> Result<bool> {
    let folder = match options.specs.clone().or_else(find) {
        Some(folder) if folder.is_dir() => folder,
        Some(folder) => bail!("there is no folder {}", folder.display()),
        None => bail!(
            "the vendors' API descriptions are not in ../shared/specs: name their folder with --specs DIR"
        ),
    };
    let mut holds = true;
    for tally in tallies(&folder) {
        let tally = tally?;
        holds &= tally.holds();
        for line in tally.sentences(options.json) {
            say(&line);
        }
    }
    Ok(holds & driven(options.json)?)
}

/// Lets the client libraries judge the simulators, where they are installed; true when none has found fault.
fn driven(json: bool) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let mut holds = true;
    for client in Client::ALL {
        let outcome = Client::is_installed().then(|| runtime.block_on(client.judge()));
        let client = format!("{client:?}");
        let (told, line) = match outcome {
            None => {
                let why = "the Python clients are not installed: `cargo xtask test` does it";
                (why.to_owned(), json!({"client": client, "skipped": why}))
            }
            Some(Ok(printed)) => {
                let line = json!({"client": client, "violations": 0});
                (printed.trim().to_owned(), line)
            }
            Some(Err(error)) => {
                holds = false;
                let line =
                    json!({"client": client, "violations": 1, "error": format!("{error:#}")});
                (format!("{error:#}"), line)
            }
        };
        say(&match json {
            true => line.to_string(),
            false => format!("{client}: {told}"),
        });
    }
    Ok(holds)
}

/// `shared/specs` beside the workspace, or beside a checkout of it that lies deeper.
pub fn find() -> Option<PathBuf> {
    let mut folders = root()
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("shared/specs"));
    folders.find(|folder| folder.is_dir())
}

/// Each tracker's outcome, examined one after the other as it is asked for.
pub fn tallies(folder: &Path) -> impl Iterator<Item = Result<Tally>> {
    TRACKERS.iter().map(move |tracker| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("starting a runtime")?;
        let description = Description::read(folder, tracker.files, tracker.corrections)?;
        runtime.block_on(tracker.run(description))
    })
}
