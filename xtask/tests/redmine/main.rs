//! A real Redmine: its connector alone, and the whole product between it and GitHub.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

mod connector;
mod contract;
mod http;
mod judge;
mod person;
mod product;
mod quiet;
mod script;
mod sides;
mod sync;
