//! Which failures are one incident, and which are none.
//!
//! Signals are kept by subject. A failure of a subject that belongs to no incident opens a short window; at its end all
//! such subjects are judged together (`group`), so that a burst gives the same incidents in any order. They join an
//! incident whose element they implicate, make one grow onto a wider element, or open one. Tenants' reports are judged
//! when they come (`reports`).
//!
//! Does not decide who is told (`escalation`) or what the public reads (`page`).

mod book;
mod effect;
mod group;
mod impact;
mod inbound;
mod judge;
mod reports;
mod state;
mod subject;
mod tenants;

pub use book::Book;
pub use effect::{Answer, Cause, Effect, Event, Reason, Undeclared};
pub use impact::{Impact, Population};
pub use reports::{Report, ReportId};
pub use state::{Incident, IncidentId, Phase, Settings};

#[cfg(test)]
mod tests;
