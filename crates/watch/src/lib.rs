//! Watch: what sees that Twinline fails, and tells a person, while everything that it watches hangs.
//!
//! What it decides is pure and lives in `twinline_core::watch`; this crate carries it out. [`probe`] looks at what is
//! watched, [`inbound`] reads what other monitoring says, [`driver`] owns the machines and does what they want, [`channel`]
//! is how a page reaches a person, [`queue`] reads tickets that say that something does not work, [`site`] is what the public
//! sees, [`subscription`] who is told of it by mail, [`ping`] the dead man's switch outside.

pub mod channel;
pub mod driver;
pub mod inbound;
mod kept;
pub mod ping;
pub mod probe;
pub mod queue;
mod signed;
pub mod site;
pub mod snapshot;
pub mod subscription;
