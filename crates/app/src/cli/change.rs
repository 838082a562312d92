//! The arguments of `change …`.

use clap::{Args, Subcommand};
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;

/// `change …`
#[derive(Clone, Debug, Subcommand)]
pub enum ChangeCommand {
    /// Plans one: what is done, what it touches, and when.
    #[command(
        after_help = "Examples:\n  twinline change plan 'PostgreSQL 17' --element database:central --minutes 90\n  twinline change plan 'new disk' --element host:m1 --element disk:m1 --from 2026-12-05T22:00:00Z"
    )]
    Plan(PlanChangeArgs),
    /// Begins it, while somebody who is on call is there. Where nobody is, whoever is named is sent a link to say so by.
    #[command(
        after_help = "Examples:\n  twinline change start 3 --as ada --wait\n  twinline change start 3 --proof https://status.acme.example/ack/…"
    )]
    Start(PresenceArgs),
    /// Sends somebody who is on call a link to say by that they are still there: without that the change is paused, and people are
    /// called. Watch also sends one by itself, in time.
    #[command(
        after_help = "Examples:\n  twinline change renew 3 --as ada\n  twinline change renew 3 --proof https://status.acme.example/ack/…"
    )]
    Renew(PresenceArgs),
    /// Says that it is made: every proof is run, again and again until all pass.
    #[command(
        after_help = "Examples:\n  twinline change verify 3\n  twinline change verify 3 --wait --within 60"
    )]
    Verify {
        /// Its number.
        change: u64,
        /// Waits until it is proven; exit code 1 when it is not in time.
        #[arg(long)]
        wait: bool,
        /// Waits so many seconds at most.
        #[arg(
            long = "within",
            value_name = "SECONDS",
            default_value_t = 120,
            requires = "wait"
        )]
        within_s: u64,
    },
    /// Says that it is over: it must be proven.
    #[command(after_help = "Example: twinline change finish 3")]
    Finish {
        /// Its number.
        change: u64,
    },
    /// Breaks it off; what has begun is proven before it is over.
    #[command(
        after_help = "Example: twinline change abort 3 --reason 'the new version does not start'"
    )]
    Abort {
        /// Its number.
        change: u64,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who you are.
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Whether automation may touch these elements now. Exit code 0: go; 7: no go, with the reason.
    #[command(
        after_help = "Example: twinline change gate database:central && patronictl switchover --force"
    )]
    Gate {
        /// What it will touch.
        #[arg(required = true, value_name = "ELEMENT")]
        elements: Vec<Element>,
    },
    /// Lists changes, planned and noticed, the newest first.
    #[command(
        after_help = "Examples:\n  twinline change list\n  twinline change list --all --json"
    )]
    List {
        /// Also those that are over.
        #[arg(long)]
        all: bool,
    },
    /// One change, with all that happened in it.
    #[command(after_help = "Example: twinline change show 3")]
    Show {
        /// Its number.
        change: u64,
    },
}

/// `change start`, `change renew`
#[derive(Clone, Debug, Args)]
pub struct PresenceArgs {
    /// Its number.
    pub change: u64,
    /// Who is there, of those on call: they are sent a link, and count when they have followed it.
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
    /// What was sent to them, the link or its last part, in place of following it.
    #[arg(long, value_name = "LINK", conflicts_with = "wait")]
    pub proof: Option<String>,
    /// Waits until they have said so; exit code 1 when they have not in time.
    #[arg(long)]
    pub wait: bool,
    /// Waits so many seconds at most.
    #[arg(
        long = "within",
        value_name = "SECONDS",
        default_value_t = 300,
        requires = "wait"
    )]
    pub within_s: u64,
}

/// `change plan`
#[derive(Clone, Debug, Args)]
pub struct PlanChangeArgs {
    /// What is done.
    pub title: String,
    /// What it touches: host:m1, edge:m1, database:central, machine:m1. Several times for several.
    #[arg(long = "element", required = true)]
    pub elements: Vec<Element>,
    /// It may start from then, as 2026-12-05T22:00:00+01:00; from now on where absent.
    #[arg(long, value_parser = Timestamp::parse)]
    pub from: Option<Timestamp>,
    /// So many minutes later it is to be done.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub minutes: u32,
    /// Who you are.
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}
