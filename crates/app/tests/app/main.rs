//! The whole application as real processes on loopback.

mod first_twin;
mod supervisor;
mod support;
