//! Watch: what sees that Twinline fails, and tells a person, while everything that it watches hangs.
//!
//! What it decides is pure and lives in `twinline_core::watch`; this crate carries it out. [`channel`] is how a page
//! reaches a person; [`inbound`] is how other monitoring
//! speaks to it.

pub mod channel;
pub mod inbound;
