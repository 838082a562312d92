//! The command line: what can be asked for. What a command does is in `commands` and `roles`.

mod args;
mod change;
mod node;
mod page;

pub use args::{
    AuditArgs, BackfillArgs, CertificateArgs, DemoArgs, DrainArgs, DrillArgs, FleetCommand,
    HistoryArgs, IncidentCommand, InitArgs, LinkArgs, MoveArgs, PublishArgs, ReleaseArgs,
    RestartArgs, RestartRole, RestoreArgs, RetryArgs, SimArgs, TwinsArgs, UnlinkArgs, WatchCommand,
};
pub use change::{ChangeCommand, PlanChangeArgs};
pub use node::{AddNodeArgs, NodeCommand, PlaceArgs};
pub use page::{EntryCommand, MaintenanceArgs, MaintenanceCommand, StatusCommand};

use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0  it holds, or it was done
  1  it failed, or does not hold; of 'up' also: a role had to be killed
  2  the command line was wrong
  3  the configuration or a rule is wrong
  4  the host could not be reached
  5  it would touch many items: look at the plan, then repeat it with --yes
  6  a program that it needs is not on this machine, or a right
  7  no go: what was asked about is not to be done now";

const FIRST_STEPS: &str = "A first twin:
  twinline init --left github --right jira-cloud
  (write your tokens, edit twinline.toml and rules/)
  twinline check && twinline plan && twinline apply
  twinline up";

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
    /// Prints one JSON document instead of text; of events, one a line.
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
    /// Sets a node up, and looks at one: what its tracker needs, whether that works, what it offers.
    #[command(
        subcommand,
        after_help = "Examples:\n  twinline node add\n  twinline node add support --tracker redmine --url https://redmine.acme.example --secret-env key=REDMINE_KEY\n  twinline node check support\n  twinline node describe support --scope project=app\n  twinline node webhook acme-snow --scope table=incident"
    )]
    Node(NodeCommand),
    /// Seals a secret that it asks for, or that stands on standard input: prints what to write in its place, which only
    /// instance.seal_key opens.
    #[command(
        after_help = "Examples:\n  twinline seal\n  twinline seal < token.txt    (prints { sealed = \"…\" })"
    )]
    Seal,
    /// Runs the fixtures in rules/tests.
    #[command(after_help = "Example: twinline test severity")]
    Test {
        /// Only fixtures whose file name has this text in it.
        name: Option<String>,
        /// Asks no tracker: names in rules are taken as ids.
        #[arg(long)]
        offline: bool,
    },
    /// Writes rules/CONNECTION.d.ts, twinline.d.ts and jsconfig.json: the types of one's own fields, for editors. Scripts
    /// import them: `/** @import { LeftOutgoing, LeftIncoming } from "twinline/CONNECTION" */`.
    #[command(after_help = "Example: twinline types acme-support")]
    Types {
        /// One connection; all of them when absent.
        connection: Option<String>,
        /// Prints instead of writing.
        #[arg(long)]
        print: bool,
    },
    /// Shows what the rules in the rules folder would change on real items. Writes nothing.
    #[command(after_help = "Example: twinline plan acme-support --max 50")]
    Plan {
        /// One connection; all of them when absent.
        connection: Option<String>,
        /// How many twins of each connection to look at.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        max: u32,
    },
    /// Publishes the rules in the rules folder as new versions.
    #[command(after_help = "Examples:\n  twinline apply\n  twinline apply acme-support --yes")]
    Apply(PublishArgs),
    /// Lists the published versions of a connection's rules.
    #[command(
        after_help = "Examples:\n  twinline versions acme-support\n  twinline versions acme-support --diff 2"
    )]
    Versions {
        /// The connection.
        connection: String,
        /// Shows what this version changed.
        #[arg(long)]
        diff: Option<u32>,
    },
    /// Publishes an old version's rules as the next version.
    #[command(after_help = "Example: twinline rollback acme-support 3")]
    Rollback {
        /// The connection.
        connection: String,
        /// The old version.
        version: u32,
        /// Goes on although many items are touched.
        #[arg(long)]
        yes: bool,
    },
    /// Runs an edge, a host and a watch on this machine until Ctrl-C or SIGTERM.
    #[command(
        after_help = "Examples:\n  twinline up --config /etc/twinline/twinline.toml\n  twinline up --fleet"
    )]
    Up {
        /// Runs nothing: prints what would run on this and the other machines of a fleet, and what it needs.
        #[arg(long)]
        fleet: bool,
        /// Which every role takes.
        #[command(flatten)]
        role: RoleArgs,
    },
    /// Runs one edge: receives webhooks and keeps them until a host has them.
    #[command(after_help = "Example: twinline edge --config /etc/twinline/twinline.toml")]
    Edge(RoleArgs),
    /// Runs one host: pulls, sweeps, reconciles, writes.
    #[command(after_help = "Example: twinline host --config /etc/twinline/twinline.toml")]
    Host(RoleArgs),
    /// Runs one watch: probes, calls people when something fails, shows the status page.
    #[command(
        after_help = "Examples:\n  twinline watch --config /etc/twinline/twinline.toml\n  twinline watch verify-paths --json    (1: what fails can keep its own alarm from being heard)"
    )]
    Watch {
        /// What to do instead of watching.
        #[command(subcommand)]
        command: Option<WatchCommand>,
        /// Which every role takes.
        #[command(flatten)]
        role: RoleArgs,
    },
    /// What fails, or has failed, and what people do about it.
    #[command(
        subcommand,
        after_help = "Examples:\n  twinline incident list\n  twinline incident ack 3 --as ada\n  twinline incident veto 3 --reason 'a rehearsal'\n  twinline incident update 3 --stage identified --text 'A disk is full.' --component Webhooks=degraded_performance\n  twinline incident resolve 3\n  twinline incident postmortem 3 --file postmortem.md"
    )]
    Incident(IncidentCommand),
    /// Changes of the infrastructure: planned, started with somebody there, proven, finished; and those that nobody planned.
    #[command(
        subcommand,
        after_help = "Examples:\n  twinline change plan 'PostgreSQL 17' --element database:central\n  twinline change start 3 --as ada\n  twinline change gate database:central && patronictl switchover --force\n  twinline change verify 3 --wait && twinline change finish 3"
    )]
    Change(ChangeCommand),
    /// Runs a simulated tracker on loopback until Ctrl-C.
    #[command(
        after_help = "Examples:\n  twinline sim github --port 4010\n  twinline sim jira-cloud --port 4020 --items 0 --seed 7 --faults demo"
    )]
    Sim(SimArgs),
    /// Shows the main job on simulators of GitHub and Jira Cloud; stays until Ctrl-C.
    #[command(
        after_help = "Examples:\n  twinline demo\n  twinline demo --check --json    (headless, with faults and crashes; ends by itself)"
    )]
    Demo(DemoArgs),
    /// Makes a failure on purpose, against a database and a fleet of its own under load, and judges what becomes of it.
    #[command(
        after_help = "Examples:\n  twinline drill list\n  twinline drill stuck-commits\n  twinline drill failover --seconds 30 --per-s 10 --json"
    )]
    Drill(DrillArgs),
    /// What works, what waits, what is accounted for. Of the status page, which the public reads: with what to do.
    #[command(
        after_help = "Examples:\n  twinline status\n  twinline status --json\n  twinline status page\n  twinline status set 'Jira Cloud' degraded_performance\n  twinline status maintenance plan 'Database upgrade' --component Administration --from 2026-12-05T20:00:00Z --until 2026-12-05T21:00:00Z\n  twinline status export /srv/status"
    )]
    Status {
        /// What to do with the status page.
        #[command(subcommand)]
        command: Option<StatusCommand>,
    },
    /// Lists twins.
    #[command(
        after_help = "Examples:\n  twinline twins --state quarantined\n  twinline twins acme/app#12"
    )]
    Twins(TwinsArgs),
    /// What was written to an item, by which rule, because of what.
    #[command(
        after_help = "Examples:\n  twinline history 'acme/app#12'\n  twinline history PROJ-7 --max 10 --json"
    )]
    History(HistoryArgs),
    /// What people did here: publishes, releases, links, pauses, and by whom.
    #[command(after_help = "Examples:\n  twinline audit\n  twinline audit --max 10 --json")]
    Audit(AuditArgs),
    /// What waits for a person: held connections, twins set aside, frozen fields, each with the way on.
    #[command(after_help = "Examples:\n  twinline errors\n  twinline errors --json")]
    Errors,
    /// Tries again what an error holds back.
    #[command(
        after_help = "Examples:\n  twinline retry acme/app#12\n  twinline retry --connection acme-support --cause refused-0a224c14f88d   (as 'twinline errors' names it)"
    )]
    Retry(RetryArgs),
    /// Releases a held connection, a twin, or frozen fields with the side whose value is to cross.
    #[command(
        after_help = "Examples:\n  twinline release acme-support\n  twinline release acme/app#12 --field status --take left"
    )]
    Release(ReleaseArgs),
    /// Makes twins of items that both exist.
    #[command(
        after_help = "Examples:\n  twinline link acme-support SUP-7 acme/app#12\n  twinline link acme-support --csv pairs.csv   (two columns: left,right)\n  twinline link acme-support --match summary --review pairs.csv   (links nothing: read and edit pairs.csv, then --csv pairs.csv)"
    )]
    Link(LinkArgs),
    /// Ends twins; both items stay as they are.
    #[command(
        after_help = "Examples:\n  twinline unlink acme/app#12\n  twinline unlink --csv keys.csv   (one column: item)"
    )]
    Unlink(UnlinkArgs),
    /// Brings existing items into a connection.
    #[command(
        after_help = "Examples:\n  twinline backfill acme-support --wait\n  twinline backfill acme-support --side left --query 'is:closed'\n  twinline backfill acme-support --list\n  twinline backfill acme-support --cancel"
    )]
    Backfill(BackfillArgs),
    /// Pauses a node: nothing of it starts until it is resumed.
    #[command(after_help = "Example: twinline pause acme-jira --reason 'Jira is being upgraded'")]
    Pause {
        /// The node.
        node: String,
        /// Why, for those who look at the status.
        #[arg(long, default_value = "paused by a person")]
        reason: String,
    },
    /// Resumes a paused node.
    #[command(after_help = "Example: twinline resume acme-jira")]
    Resume {
        /// The node.
        node: String,
    },
    /// Follows what happens, a line for each event, until Ctrl-C.
    #[command(after_help = "Examples:\n  twinline events\n  twinline events --json")]
    Events,
    /// Copies the host's state to a file, while it is in use.
    #[command(after_help = "Example: twinline backup /backup/twinline-monday.db")]
    Backup {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Puts a backup in the place of the host's state. The host must not run.
    #[command(
        after_help = "Examples:\n  twinline restore /backup/twinline-monday.db --replace\n  twinline restore --central"
    )]
    Restore(RestoreArgs),
    /// How a fleet is, and what people do to its machines.
    #[command(
        subcommand,
        after_help = "Examples:\n  twinline fleet status\n  twinline fleet drain m2\n  twinline fleet restart"
    )]
    Fleet(FleetCommand),
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
