//! The rules of a connection: field maps in TOML and sandboxed scripts, item ⇒ replica ⇒ item.
//!
//! A rules file is read by [`parse`] into a [`model::RuleSet`], judged by [`check`] against a description of both sides,
//! and run as [`compiled::CompiledRules`], which implements `twinline_core::rules::Rules`. Scripts run behind
//! [`script::ScriptRunner`]: in killable worker processes ([`worker::WorkerPool`]), or in this process
//! ([`script::InProcess`]) for the simulation and the tests.

pub mod catalogue;
pub mod check;
pub mod compiled;
mod convert;
pub mod describe;
pub mod finding;
pub mod fixtures;
mod map;
pub mod model;
pub mod parse;
mod rich;
pub mod script;
pub mod source;
pub mod types;
pub mod version;
pub mod worker;
