//! The command line: what can be asked for. What a command does is in `commands` and `roles`.

mod args;

pub use args::{InitArgs, SimArgs};

use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0  it holds, or it was done
  1  it failed, or does not hold
  2  the command line was wrong
  3  the configuration or a rule is wrong
  4  the host could not be reached";

const FIRST_STEPS: &str = "A first twin:
  twinline init --left github --right jira-cloud
  (write your tokens, edit twinline.toml and rules/)
  twinline check";

/// Twinline keeps work items in different trackers in step.
#[derive(Debug, Parser)]
#[command(name = "twinline", version, after_help = format!("{FIRST_STEPS}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        env = "TWINLINE_CONFIG",
        default_value = "twinline.toml"
    )]
    pub config: PathBuf,
    /// Prints one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes a configuration and an example of rules to start from. Overwrites nothing.
    #[command(after_help = "Example: twinline init --left github --right jira-cloud")]
    Init(InitArgs),
    /// Checks configuration and rules, against the trackers where they answer.
    #[command(after_help = "Examples:\n  twinline check\n  twinline check --offline --json")]
    Check {
        /// Asks no tracker.
        #[arg(long)]
        offline: bool,
    },
    /// Runs the fixtures in rules/tests.
    #[command(after_help = "Example: twinline test severity")]
    Test {
        /// Only fixtures whose file name has this text in it.
        name: Option<String>,
        /// Asks no tracker: names in rules are taken as ids.
        #[arg(long)]
        offline: bool,
    },
    /// Writes rules/CONNECTION.d.ts: the types of one's own fields, for editors.
    #[command(after_help = "Example: twinline types acme-support")]
    Types {
        /// One connection; all of them when absent.
        connection: Option<String>,
        /// Prints instead of writing.
        #[arg(long)]
        print: bool,
    },
    /// Runs one edge: receives webhooks and keeps them until a host has them.
    Edge(RoleArgs),
    /// Runs a simulated tracker on loopback until Ctrl-C: github, jira-cloud or redmine.
    #[command(
        after_help = "Examples:\n  twinline sim github --port 4010\n  twinline sim jira-cloud --port 4020 --items 0 --seed 7 --faults demo"
    )]
    Sim(SimArgs),
    /// A worker process for scripts.
    #[command(hide = true)]
    ScriptWorker,
}

/// How a role is started.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RoleArgs {
    /// Ends with this process, whichever way it ends.
    #[arg(long, hide = true)]
    pub supervisor: Option<u32>,
}

#[cfg(test)]
mod tests;
