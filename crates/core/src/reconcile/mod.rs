//! Three-way reconciliation: facts in, plan out.
//!
//! ```text
//! facts ─▶ views (outgoing rules) ─▶ bases in this rule version (R2) ─▶ Δ per field (R8)
//!       ─▶ drafts both ways (R3) ─▶ in step? (R4) ─▶ conflict, first, drift, hold ─▶ hidden overwrites (R5)
//!       ─▶ writes, comments, predictions = plan ─▶ (engine acts) ─▶ settle (R6, R7) = new bases
//! ```
//!
//! [`reconcile`] reads no clock and asks nobody; running it twice on the same facts gives the same plan. The engine
//! executes a plan's effects and hands the outcomes to [`settle`]; after a crash in between it plans again from the old
//! bases, and R4 finds what had already arrived.

mod create;
mod decide;
mod drafts;
mod facts;
mod fared;
mod gone;
mod hybrid;
pub mod latest;
mod one_write;
mod outcome;
mod own;
mod pending;
pub mod pingpong;
mod plan;
mod rest;
mod run;
mod settle;
mod texts;
mod told;
mod values;
mod views;
mod vocabulary;
mod writes;

pub use facts::{Base, Facts, FieldState, OwnAttempt, RecentWrite, Seen, SideFacts, Unsettled};
pub use outcome::{Outcome, Outcomes, Settled};
pub use plan::{
    Cause, ConflictRecord, Decision, Hold, Plan, Planned, Standing, ValidFor, Working, WriteNote,
};
pub use run::reconcile;
pub use settle::settle;

#[cfg(test)]
mod tests;
