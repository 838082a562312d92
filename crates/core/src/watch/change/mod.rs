//! What guards a change of the infrastructure, planned or noticed.
//!
//! A planned change runs only while an on-call person keeps saying that they are there, each time asked (`Ask`) by a way
//! that leads to them alone; it ends only when every check has passed after it. A database that restarted, failed over or was upgraded without a plan opens a *change watch*,
//! which is validated at once. While either runs, thresholds are tighter; nothing is ever silenced.
//!
//! What the database itself tells of comes by `Seen`; who changed it, or saw it change, may tell by `Announced`.
//!
//! Does not run checks: it asks for them (`Validate`) and hears how they ended.

mod answer;
mod database;
mod event;
mod gate;
mod notice;
mod passing;
mod state;
mod validation;

pub use answer::Answer;
pub use database::{Difference, Fingerprint};
pub use event::{Effect, Event, Refusal, Why};
pub use gate::{Context, Gate};
pub use state::{ASKED_FOR, Change, ChangeId, Kind, Pause, Settings, Stage};
pub use validation::{Check, Validation};

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
