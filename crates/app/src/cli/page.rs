//! The command line of the status page.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;
use twinline_core::watch::incident::Impact;
use twinline_core::watch::page::{ComponentState, Stage};
use url::Url;

/// `incident …`, as far as it is about what the public reads.
#[derive(Clone, Debug, Subcommand)]
pub enum EntryCommand {
    /// Keeps it from the status page.
    Veto {
        /// Its number.
        incident: u64,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Shows it on the status page now, also when it was vetoed.
    Publish {
        /// Its number.
        incident: u64,
        /// What is said.
        #[arg(long)]
        text: String,
        /// The headline; without it, what would be the headline by itself.
        #[arg(long)]
        name: Option<String>,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Writes an update for the public, and changes what it says of impact and components.
    Update {
        /// Its number.
        incident: u64,
        /// What is said.
        #[arg(long)]
        text: String,
        /// How far it is; as before when absent.
        #[arg(long)]
        stage: Option<UpdateStage>,
        /// How much it takes away: from then on what fails changes that no more.
        #[arg(long)]
        impact: Option<ImpactWord>,
        /// What a component is, in place of what fails, until the incident is resolved or comes back: Webhooks=operational.
        #[arg(long = "component", value_name = "NAME=STATE", value_parser = component)]
        components: Vec<(String, ComponentState)>,
        /// Another headline.
        #[arg(long)]
        name: Option<String>,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Publishes the postmortem of an incident that is resolved; 'incident show' has a beginning for it.
    Postmortem {
        /// Its number.
        incident: u64,
        /// Where it is written, as text; '-' is standard input.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
}

/// `status …`: what the public reads.
#[derive(Clone, Debug, Subcommand)]
pub enum StatusCommand {
    /// What the public reads now, and what waits to be published.
    Page,
    /// Sets a component's state, or leaves it to watch again with 'auto'.
    Set {
        /// Its name.
        component: String,
        /// operational, under_maintenance, degraded_performance, partial_outage, major_outage, auto.
        #[arg(value_parser = state_or_auto)]
        state: StateOrAuto,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Announces work, and says how far it is.
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Writes the page, its API and its feeds as files into a folder, for any web server: all of it, or nothing.
    Export {
        /// The folder: a new or an empty one, or an export.
        dir: PathBuf,
        /// The address at which the copy will be read: for links in feeds and API. Else watch.public_url.
        #[arg(long)]
        url: Option<Url>,
    },
}

/// `status maintenance …`
#[derive(Clone, Debug, Subcommand)]
pub enum MaintenanceCommand {
    /// Announces it; with --number anew, before it has begun.
    Plan {
        /// Its headline.
        name: String,
        /// A component that it touches; may be repeated.
        #[arg(long = "component", value_name = "NAME", required = true)]
        components: Vec<String>,
        /// When it begins: 2026-12-05T20:00:00Z.
        #[arg(long)]
        from: String,
        /// When it ends.
        #[arg(long)]
        until: String,
        /// What is said.
        #[arg(long)]
        text: Option<String>,
        /// The number of one that is announced already.
        #[arg(long)]
        number: Option<u64>,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// It begins: its components are under maintenance.
    Start(MaintenanceArgs),
    /// It is done, and is being proven.
    Verify(MaintenanceArgs),
    /// It is over, or called off.
    Complete(MaintenanceArgs),
}

/// Which, and what is said.
#[derive(Clone, Debug, clap::Args)]
pub struct MaintenanceArgs {
    /// Its number.
    pub maintenance: u64,
    /// What is said.
    #[arg(long)]
    pub text: Option<String>,
    /// Who you are.
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}

/// How far an update may say that it is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum UpdateStage {
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// Nothing fails any more; it is watched.
    Monitoring,
}

impl From<UpdateStage> for Stage {
    fn from(stage: UpdateStage) -> Self {
        match stage {
            UpdateStage::Investigating => Self::Investigating,
            UpdateStage::Identified => Self::Identified,
            UpdateStage::Monitoring => Self::Monitoring,
        }
    }
}

/// How much an incident takes away.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ImpactWord {
    /// Nobody notices.
    None,
    /// Something beside the main job.
    Minor,
    /// Syncs of some stand still.
    Major,
    /// Syncs of half or more stand still.
    Critical,
}

impl From<ImpactWord> for Impact {
    fn from(word: ImpactWord) -> Self {
        match word {
            ImpactWord::None => Self::None,
            ImpactWord::Minor => Self::Minor,
            ImpactWord::Major => Self::Major,
            ImpactWord::Critical => Self::Critical,
        }
    }
}

/// A state by a person, or watch's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateOrAuto(pub Option<ComponentState>);

fn state(text: &str) -> Result<ComponentState, String> {
    let read = serde_json::from_value(serde_json::Value::from(text));
    read.map_err(|_| {
        format!(
            "'{text}' is none of operational, under_maintenance, degraded_performance, partial_outage, major_outage"
        )
    })
}

fn state_or_auto(text: &str) -> Result<StateOrAuto, String> {
    if text == "auto" {
        return Ok(StateOrAuto(None));
    }
    state(text).map(|it| StateOrAuto(Some(it)))
}

fn component(text: &str) -> Result<(String, ComponentState), String> {
    let (name, word) = text
        .rsplit_once('=')
        .ok_or_else(|| "write NAME=STATE".to_owned())?;
    Ok((name.to_owned(), state(word)?))
}
