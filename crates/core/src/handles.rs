//! The handles through which time and randomness enter, so that a simulation can replace them.
//!
//! Interfaces only: nothing in this crate calls them.

use crate::ownership::BootTime;
use crate::time::Timestamp;

/// The wall clock.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since the epoch. May step backwards: never use it to measure a duration.
    fn now(&self) -> Timestamp;
}

/// A source of random numbers, for jitter and ids; never for policy.
pub trait Entropy: Send + Sync {
    /// The next 64 random bits.
    fn next_u64(&self) -> u64;
}

/// The machine's boot-time clock.
pub trait BootClock: Send + Sync {
    /// Now, since the start of the machine; goes on while the machine sleeps.
    fn now(&self) -> BootTime;
}
