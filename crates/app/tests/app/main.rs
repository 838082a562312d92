//! The whole application as real processes on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

mod first_twin;
mod supervisor;
mod support;
