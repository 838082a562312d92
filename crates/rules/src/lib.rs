//! The rules of a connection: field maps in TOML and sandboxed scripts, item ⇒ replica ⇒ item.
//!
//! A rules file is read by [`parse`] into a [`model::RuleSet`], judged by [`check`] against a description of both sides,
//! and run as [`compiled::CompiledRules`], which implements `twinline_core::rules::Rules`. Scripts run behind
//! [`script::ScriptRunner`]: in killable worker processes ([`worker::WorkerPool`]), or in this process
//! ([`script::InProcess`]) for the simulation and the tests.

pub mod describe;
pub mod finding;
pub mod model;
pub mod script;
pub mod source;
