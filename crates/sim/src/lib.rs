//! Stateful simulators of the trackers' HTTP APIs, for the demonstration, the tests and the deterministic simulation.
//!
//! A simulator is a pure state machine: request and time in, response and webhooks out. [`Simulator`] is its whole
//! surface; serving it on a port, injecting faults and showing it in a browser are done once for all of them.
//!
//! [`postgres`], [`patroni`], [`etcd`], [`smtpd`] and [`prometheus`] are no simulators: they start the real servers for tests and drills.

pub mod azure_devops;
pub mod call;
pub mod command;
pub mod debian;
pub mod dump;
pub mod etcd;
pub mod faketime;
pub mod faults;
mod faulty;
mod file;
pub mod github;
mod granting;
mod index;
pub mod inprocess;
pub mod jira_cloud;
pub mod json_http;
pub mod needs;
pub mod patroni;
pub mod ports;
pub mod postgres;
pub mod prometheus;
pub mod redmine;
pub mod registry;
pub mod seeds;
pub mod serve;
pub mod servicenow;
mod simulator;
pub mod smtpd;
mod watched;
pub mod watchman;
pub mod zendesk;

pub use command::{Command, Done, Refused};
pub use dump::{Dump, DumpAttachment, DumpComment, DumpItem};
pub use faults::{FaultCounts, Faults};
pub use faulty::{Faulty, Forced, Outcome, What, Write};
pub use granting::{Door, GivenTokens, Granting};
pub use simulator::{Delivered, Simulator, Webhook};
pub use watched::{Sees, Watched};
