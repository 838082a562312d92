//! Mutants: one rule broken on purpose, of the fleet's protocol or of what must be durable when, so that the simulation
//! shows that it would notice.
//!
//! Builds without debug assertions, so all that ship, have none: [`is`] is false there and what it guards is left out.

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A new owner does not wait for what the former one may have under way.
    TakeoverWithoutWaiting,
    /// The permit counts from when the renewal was answered, not from when it was sent.
    PermitFromAnswer,
    /// Of two versions of a row in the replica the one with the greater revision stands, whatever their epochs.
    RevWithoutEpoch,
    /// What vouches for other rows is shipped before them, in a transaction of its own.
    CursorFirst,
    /// The edge forgets what was taken, not only what is safe.
    TakenDropped,
    /// A new owner reads the replica first, and then fences the former one off.
    HydrateBeforeFence,
    /// An intent waits for another write's commit, and its attempt does not wait for it.
    IntentAlong,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::TakeoverWithoutWaiting,
        Self::PermitFromAnswer,
        Self::RevWithoutEpoch,
        Self::CursorFirst,
        Self::TakenDropped,
        Self::HydrateBeforeFence,
        Self::IntentAlong,
    ];
}

#[cfg(debug_assertions)]
mod switch {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static BROKEN: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Breaks a rule, or none, on this thread from now on; false where this build has no mutants.
    pub fn set(mutant: Option<Mutant>) -> bool {
        BROKEN.set(mutant);
        true
    }

    /// Whether this rule is broken on this thread.
    pub fn is(mutant: Mutant) -> bool {
        BROKEN.get() == Some(mutant)
    }
}

#[cfg(not(debug_assertions))]
mod switch {
    use super::Mutant;

    /// Breaks nothing: this build has no mutants.
    pub const fn set(_: Option<Mutant>) -> bool {
        false
    }

    /// Never.
    pub const fn is(_: Mutant) -> bool {
        false
    }
}

pub use switch::{is, set};
