//! The arguments of the commands that take several.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use twinline_core::names::Side;
use twinline_trackers::registry;
use url::Url;

/// `init`
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The left tracker.
    #[arg(long, default_value = "github", value_parser = PossibleValuesParser::new(registry::trackers()))]
    pub left: String,
    /// The right tracker.
    #[arg(long, default_value = "jira-cloud", value_parser = PossibleValuesParser::new(registry::trackers()))]
    pub right: String,
    /// Where the left tracker is.
    #[arg(long)]
    pub left_url: Option<Url>,
    /// Where the right tracker is.
    #[arg(long)]
    pub right_url: Option<Url>,
    /// The connection's name.
    #[arg(long, default_value = "first")]
    pub name: String,
}

/// `apply`
#[derive(Clone, Debug, Args)]
pub struct PublishArgs {
    /// One connection; all of them when absent.
    pub connection: Option<String>,
    /// Goes on although many items are touched.
    #[arg(long)]
    pub yes: bool,
}

/// `sim`
#[derive(Clone, Debug, Args)]
pub struct SimArgs {
    /// Which tracker.
    #[arg(value_parser = PossibleValuesParser::new(twinline_sim::registry::trackers()))]
    pub tracker: String,
    /// The port on loopback; 0 chooses a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// How many items that look real it starts with.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub items: u32,
    /// What the faults are drawn from: the same seed makes the same faults.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// none, demo, or a JSON file of faults.
    #[arg(long, default_value = "none")]
    pub faults: String,
}

/// `drill`
#[derive(Clone, Debug, Args)]
pub struct DrillArgs {
    /// Which one; `list` tells what there is.
    #[arg(value_parser = PossibleValuesParser::new(crate::drill::names()))]
    pub name: String,
    /// Judges the times too, not only counts and the order of events.
    #[arg(long)]
    pub strict: bool,
    /// How long the fault lasts.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..=3600))]
    pub seconds: u64,
    /// For how long there are edits before the fault that it is compared with, in seconds; as long as the fault where absent.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub healthy: Option<u64>,
    /// Edits a second, both sides together.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub per_s: u32,
}

/// `twins`
#[derive(Clone, Debug, Args)]
pub struct TwinsArgs {
    /// Only the twins of this item, by its key.
    #[arg(conflicts_with_all = ["connection", "state", "held", "after"])]
    pub item: Option<String>,
    /// Only of this connection.
    #[arg(long)]
    pub connection: Option<String>,
    /// Only in this state.
    #[arg(long, value_parser = ["creating", "live", "asleep", "quarantined", "unlinked"])]
    pub state: Option<String>,
    /// Only with a frozen field, or a comment that was not written.
    #[arg(long)]
    pub held: bool,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub max: u32,
    /// From where the last page ended.
    #[arg(long)]
    pub after: Option<String>,
}

/// `history`
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// The item's key: acme/app#12, PROJ-7, #31.
    pub item: String,
    /// How many entries.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub max: u32,
    /// From where the last page ended, as it says.
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<String>,
}

/// `audit`
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// How many entries.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub max: u32,
    /// From where the last page ended, as it says.
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<String>,
}

/// `retry`
#[derive(Clone, Debug, Args)]
#[group(required = true)]
pub struct RetryArgs {
    /// An item's key, or a twin's id.
    #[arg(conflicts_with_all = ["connection", "cause"])]
    pub item: Option<String>,
    /// The connection of a group of errors.
    #[arg(long, requires = "cause")]
    pub connection: Option<String>,
    /// The group's cause, as `errors` names it.
    #[arg(long, requires = "connection")]
    pub cause: Option<String>,
}

/// `release`
#[derive(Clone, Debug, Args)]
pub struct ReleaseArgs {
    /// A connection, an item's key, or a twin's id.
    #[arg(value_name = "CONNECTION|TWIN")]
    pub held: String,
    /// A frozen field; of a connection, in all its twins that have it frozen.
    #[arg(long, requires = "take")]
    pub field: Option<String>,
    /// The side whose value of the field is to cross: left or right.
    #[arg(long, requires = "field", value_name = "SIDE", value_parser = side)]
    pub take: Option<Side>,
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "left" => Ok(Side::Left),
        "right" => Ok(Side::Right),
        other => Err(format!("'{other}' is no side: write left or right")),
    }
}

/// `link`
#[derive(Clone, Debug, Args)]
pub struct LinkArgs {
    /// The connection.
    pub connection: String,
    /// The left item's key.
    #[arg(requires = "right", required_unless_present_any = ["csv", "by"])]
    pub left: Option<String>,
    /// The right item's key.
    pub right: Option<String>,
    /// A file of pairs: a line of headings `left,right`, then one pair a line; or a review file of `--match`, of which the
    /// lines that say `yes` are linked.
    #[arg(long, conflicts_with_all = ["left", "right", "by"])]
    pub csv: Option<PathBuf>,
    /// Links nothing yet: looks for items of both sides, without a twin here, that show the same in all these replica
    /// fields, and writes what it proposes into the review file.
    #[arg(long = "match", id = "by", value_name = "FIELD,…", value_delimiter = ',', requires = "review",
        conflicts_with_all = ["left", "right"])]
    pub by: Vec<String>,
    /// The review file to write: read it, edit it, and give it to `--csv`.
    #[arg(long, value_name = "FILE", requires = "by")]
    pub review: Option<PathBuf>,
    /// With --match: another query than the left trigger, in that tracker's language. Without either the whole scope is
    /// looked at.
    #[arg(long, value_name = "QUERY", requires = "by")]
    pub left_query: Option<String>,
    /// With --match: the same for the right side.
    #[arg(long, value_name = "QUERY", requires = "by")]
    pub right_query: Option<String>,
    /// With --review: writes over a file that is there.
    #[arg(long, requires = "review")]
    pub force: bool,
}

/// `unlink`
#[derive(Clone, Debug, Args)]
pub struct UnlinkArgs {
    /// An item's key, or a twin's id.
    #[arg(required_unless_present = "csv")]
    pub item: Option<String>,
    /// Only the twins of this connection.
    #[arg(long)]
    pub connection: Option<String>,
    /// A file of keys: a line with the heading `item`, then one key a line.
    #[arg(long, conflicts_with = "item")]
    pub csv: Option<PathBuf>,
}

/// `backfill`
#[derive(Clone, Debug, Args)]
pub struct BackfillArgs {
    /// The connection.
    pub connection: String,
    /// Only this side's trigger; both when absent.
    #[arg(long, value_parser = ["left", "right"])]
    pub side: Option<String>,
    /// Another query than the trigger, in the side's own query language.
    #[arg(long, requires = "side")]
    pub query: Option<String>,
    /// For so many items writes beyond the connection's limit (`max_writes_per_10min`) are confirmed; for others the
    /// connection is held at its limit, and asks.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub items: u64,
    /// Waits for the end and shows the progress.
    #[arg(long)]
    pub wait: bool,
    /// Lists the backfills instead of starting one.
    #[arg(long, conflicts_with_all = ["side", "query", "items", "wait"])]
    pub list: bool,
    /// Ends those that go on or are paused, instead of starting one. What was handed on already is finished.
    #[arg(long, conflicts_with_all = ["side", "query", "items", "wait", "list"])]
    pub cancel: bool,
}

/// `restore`
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(required_unless_present = "central", conflicts_with = "central")]
    pub file: Option<PathBuf>,
    /// Instead of a backup: what the central database has of this host, whose disk is lost.
    #[arg(long)]
    pub central: bool,
    /// Moves the present state aside, to host.db.replaced, or a numbered name when that is taken.
    #[arg(long)]
    pub replace: bool,
}

/// `demo`
#[derive(Clone, Copy, Debug, Args)]
pub struct DemoArgs {
    /// Proves instead of showing: faults on, processes killed, everything counted; ends by itself.
    #[arg(long)]
    pub check: bool,
    /// With --check: no transcript.
    #[arg(long)]
    pub quiet: bool,
}

/// `fleet`
#[derive(Clone, Debug, Subcommand)]
pub enum FleetCommand {
    /// The machines and the groups of nodes, etcd and the central database, and what is wrong, each with the way out.
    #[command(after_help = "Examples:\n  twinline fleet status\n  twinline fleet status --json")]
    Status,
    /// Lets a machine give all its groups away and take none, also after its restart; waits until it owns nothing. While
    /// the central database commits nothing it goes on with them, since nobody could take them over.
    #[command(
        after_help = "Examples:\n  twinline fleet drain m2\n  twinline fleet drain m2 --no-wait"
    )]
    Drain(DrainArgs),
    /// Lets a drained machine take groups again.
    #[command(after_help = "Example: twinline fleet undrain m2")]
    Undrain {
        /// The machine.
        machine: String,
    },
    /// Moves the group of a node to a machine, with all nodes that are connected to it; waits until it works there. It
    /// stays there while that machine takes groups, and comes back to it.
    #[command(after_help = "Example: twinline fleet move acme-jira m2")]
    Move(MoveArgs),
    /// Takes a move back: the node's group stays where it is, and may go anywhere.
    #[command(after_help = "Example: twinline fleet unpin acme-jira")]
    Unpin {
        /// The node.
        node: String,
    },
    /// Pauses a node, wherever it is: the same as 'twinline pause'.
    #[command(
        after_help = "Example: twinline fleet pause acme-jira --reason 'Jira is being upgraded'"
    )]
    Pause {
        /// The node.
        node: String,
        /// Why, for those who look at the status.
        #[arg(long, default_value = "paused by a person")]
        reason: String,
    },
    /// Resumes a paused node: the same as 'twinline resume'.
    #[command(after_help = "Example: twinline fleet resume acme-jira")]
    Resume {
        /// The node.
        node: String,
    },
    /// Restarts hosts and edges, machine after machine: each when all is well, and the next when it is back, its groups
    /// work and its edge answers. Stops at the first that does not come back.
    #[command(
        after_help = "Examples:\n  twinline fleet restart\n  twinline fleet restart --role edge --parallel 2"
    )]
    Restart(RestartArgs),
    /// After etcd was lost, or a dump of the central database was put back: begins the next generation of ownerships. Until
    /// then machines refuse to go on with an etcd that is not the one it was. Asks the central database only.
    #[command(after_help = "Example: twinline fleet raise-generation")]
    RaiseGeneration,
    /// Prints what people and programs show to the fleet's API, 'Authorization: Bearer TOKEN'. It is computed from the fleet's
    /// key, which nobody is shown.
    #[command(after_help = "Example: twinline fleet token")]
    Token,
    /// Issues a certificate for a program that is none of Twinline's and asks the fleet's machines: a scraper, Alertmanager,
    /// automation. Writes NAME.crt, NAME.key, and fleet-ca.crt, by which the machines are known.
    #[command(after_help = "Example: twinline fleet certificate prometheus --out /etc/prometheus")]
    Certificate(CertificateArgs),
}

/// `fleet certificate`
#[derive(Clone, Debug, Args)]
pub struct CertificateArgs {
    /// Whose it is.
    pub name: String,
    /// The folder for the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// For so many days it is good.
    #[arg(long, value_name = "COUNT", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=825))]
    pub days: u32,
}

/// `fleet drain`
#[derive(Clone, Debug, Args)]
pub struct DrainArgs {
    /// The machine.
    pub machine: String,
    /// Also where no other machine takes its groups: nobody works on them then.
    #[arg(long)]
    pub force: bool,
    /// Only begins it.
    #[arg(long)]
    pub no_wait: bool,
    /// Waits so many seconds at most.
    #[arg(
        long = "within",
        value_name = "SECONDS",
        default_value_t = 600,
        conflicts_with = "no_wait"
    )]
    pub within_s: u64,
}

/// `fleet move`
#[derive(Clone, Debug, Args)]
pub struct MoveArgs {
    /// The node.
    pub node: String,
    /// The machine.
    pub machine: String,
    /// Only begins it.
    #[arg(long)]
    pub no_wait: bool,
    /// Waits so many seconds at most.
    #[arg(
        long = "within",
        value_name = "SECONDS",
        default_value_t = 600,
        conflicts_with = "no_wait"
    )]
    pub within_s: u64,
}

/// `fleet restart`
#[derive(Clone, Debug, Args)]
pub struct RestartArgs {
    /// So many machines at once.
    #[arg(long, value_name = "MACHINES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub parallel: u32,
    /// Only the hosts, or only the edges.
    #[arg(long)]
    pub role: Option<RestartRole>,
    /// Stops at a machine that is not back within so many seconds.
    #[arg(long = "within", value_name = "SECONDS", default_value_t = 180)]
    pub within_s: u64,
    /// The next machine begins when the last one has been well for so many seconds.
    #[arg(long = "settle", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=3600))]
    pub settle_s: u64,
}

/// A process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RestartRole {
    /// What works on the groups.
    Host,
    /// What takes webhooks.
    Edge,
}

impl RestartRole {
    /// As the API and the command line call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Edge => "edge",
        }
    }
}

/// `watch verify-paths`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum WatchCommand {
    /// Whether an element that is watched is needed to hear of it; exit code 1 when one is.
    VerifyPaths,
}

/// `incident …`
#[derive(Clone, Debug, Subcommand)]
pub enum IncidentCommand {
    /// Lists incidents, the newest first.
    List {
        /// Also those that are over.
        #[arg(long)]
        all: bool,
    },
    /// One incident, with all that happened in it.
    Show {
        /// Its number.
        incident: u64,
    },
    /// Says that somebody is on it: nobody else is called.
    Ack {
        /// Its number.
        incident: u64,
        /// Who you are, of [watch.people]: whoever acknowledged is told when it gets worse.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Says that it is over; nothing of it may fail any more.
    Resolve {
        /// Its number.
        incident: u64,
        /// What the status page says, where the incident stands there.
        #[arg(long)]
        text: Option<String>,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Says that it is none, though something fails: that opens nothing until it has been well.
    Dismiss {
        /// Its number.
        incident: u64,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Writes something down.
    Note {
        /// Its number.
        incident: u64,
        /// What.
        text: String,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Lists what was judged and is no incident, each with the reason, the newest first.
    Decisions,
    /// Lists reports of tenants and visitors, and what became of each, the newest first.
    Reports,
    /// What the public reads of it.
    #[command(flatten)]
    Entry(super::page::EntryCommand),
}
