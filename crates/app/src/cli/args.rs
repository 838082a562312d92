//! The arguments of the commands that take several.

use clap::Args;
use url::Url;

/// `init`
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The left tracker: github, jira-cloud or redmine.
    #[arg(long, default_value = "github", value_parser = TRACKERS)]
    pub left: String,
    /// The right tracker.
    #[arg(long, default_value = "jira-cloud", value_parser = TRACKERS)]
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

const TRACKERS: [&str; 3] = ["github", "jira-cloud", "redmine"];

/// `sim`
#[derive(Clone, Debug, Args)]
pub struct SimArgs {
    /// github, jira-cloud or redmine.
    #[arg(value_parser = TRACKERS)]
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
