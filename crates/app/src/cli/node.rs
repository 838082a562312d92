//! `node`: setting one up, and looking at one.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ipnet::IpNet;
use std::path::PathBuf;
use twinline_trackers::registry;
use url::Url;

/// `node …`
#[derive(Clone, Debug, Subcommand)]
pub enum NodeCommand {
    /// Adds a node to the configuration: asks for what the tracker needs, asks the tracker whether that works, and only then
    /// writes. At a terminal it asks for what no option says; a secret is never printed, and written into the
    /// configuration only sealed, with --seal.
    #[command(
        after_help = "Examples:\n  twinline node add\n  twinline node add support --tracker jira-cloud --url https://acme.atlassian.net --auth email=sync@acme.example --secret-stdin token < token.txt\n  twinline node add --tracker redmine --url https://redmine.acme.example --secret-env key=REDMINE_KEY --texts textile --scope project=app\n  twinline node add desk --tracker json-http --description trackers/desk.toml --url https://desk.acme.example --secret-env token=DESK_TOKEN"
    )]
    Add(Box<AddNodeArgs>),
    /// Asks a node's tracker: credentials, clock, and in each place of its rules the rights and the webhook.
    #[command(
        after_help = "Examples:\n  twinline node check acme-jira\n  twinline node check acme-jira --scope project=SUP --json    (1: something is missing)"
    )]
    Check(PlaceArgs),
    /// What a place of a node offers: fields with their ids, kinds and options, statuses, people.
    #[command(
        after_help = "Example: twinline node describe acme-jira --scope project=SUP --scope type=Bug"
    )]
    Describe(PlaceArgs),
    /// Registers a node's webhook now, or says what a person has to do in the tracker (ServiceNow: the business rule). The host
    /// does the same once rules are in force.
    #[command(after_help = "Example: twinline node webhook acme-snow --scope table=incident")]
    Webhook(PlaceArgs),
}

/// A node and a place there.
#[derive(Clone, Debug, Args)]
pub struct PlaceArgs {
    /// The node.
    pub node: String,
    /// A place, as a rule's scope names it; several for one place. Else the places of the rules.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub scope: Vec<(String, String)>,
}

/// `node add`
#[derive(Clone, Debug, Default, Args)]
pub struct AddNodeArgs {
    /// Its name: a-z, 0-9 and '-'. The tracker's when absent.
    pub name: Option<String>,
    /// The tracker.
    #[arg(long, value_parser = PossibleValuesParser::new(registry::trackers()))]
    pub tracker: Option<String>,
    /// Where it is.
    #[arg(long)]
    pub url: Option<Url>,
    /// A credential that is no secret: email, user.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub auth: Vec<(String, String)>,
    /// A secret that lies in a file, relative to the configuration's folder.
    #[arg(long, value_name = "KEY=PATH", value_parser = pair)]
    pub secret_file: Vec<(String, String)>,
    /// A secret that the environment of Twinline's processes will hold.
    #[arg(long, value_name = "KEY=NAME", value_parser = pair)]
    pub secret_env: Vec<(String, String)>,
    /// Reads this secret from standard input, and keeps it in secrets/NODE.KEY, which only its owner may read, and a group
    /// that the configuration lets in; with --seal in the configuration.
    #[arg(long, value_name = "KEY")]
    pub secret_stdin: Option<String>,
    /// Keeps secrets that are made or read here sealed in the configuration (instance.seal_key), and in no files of their own.
    #[arg(long)]
    pub seal: bool,
    /// The file with what signs its webhooks; made in secrets/NODE.hook when absent.
    #[arg(long, value_name = "PATH", conflicts_with = "poll")]
    pub webhook_secret: Option<PathBuf>,
    /// No webhooks: it is asked for its changes.
    #[arg(long)]
    pub poll: bool,
    /// redmine: the notation that its texts are set to.
    #[arg(long, value_parser = ["markdown", "textile"])]
    pub texts: Option<String>,
    /// json-http: the file that describes its API (docs: adding-a-tracker.md), relative to the configuration's folder.
    #[arg(long, value_name = "PATH")]
    pub description: Option<PathBuf>,
    /// A private network that its address may lie in.
    #[arg(long, value_name = "NETWORK")]
    pub allow_private: Vec<IpNet>,
    /// Whose it is, where several share the installation.
    #[arg(long)]
    pub workspace: Option<String>,
    /// A place that rules will name, whose rights are asked for too; several for one place.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub scope: Vec<(String, String)>,
    /// Writes without asking the tracker.
    #[arg(long)]
    pub unchecked: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| "write KEY=VALUE".to_owned())?;
    if key.is_empty() || value.is_empty() {
        return Err("write KEY=VALUE, neither of them empty".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}
