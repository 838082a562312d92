//! The runtime blast-radius breaker: a connection that would write more than its limit in ten minutes is held, and a
//! person asked. Work that a person has confirmed (a backfill, a publish, a retried group) is paid from a budget of its
//! own first.
//!
//! Pure: who keeps the books gives the counts.

use std::time::Duration;

/// Writes are counted over this long.
pub const WINDOW: Duration = Duration::from_secs(600);

/// A connection's books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Whether the connection is held.
    pub held: bool,
    /// Confirmed writes that are not spent.
    pub budget: u64,
    /// The unconfirmed writes within the window.
    pub window: u64,
    /// How many unconfirmed writes the window may hold.
    pub limit: u32,
}

/// What the breaker says to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on; this much is paid from the confirmed budget.
    Allowed {
        /// Writes.
        paid: u64,
    },
    /// The connection is to be held.
    Tripped {
        /// Writes in the window, the refused ones included.
        writes: u64,
    },
    /// The connection is held already.
    Held,
}

/// Judges `writes` more. `confirmed`: a person has confirmed this work.
pub fn judge(books: Books, writes: u64, confirmed: bool) -> Verdict {
    if books.held {
        return Verdict::Held;
    }
    let paid = if confirmed {
        writes.min(books.budget)
    } else {
        0
    };
    let counted = books.window.saturating_add(writes - paid);
    if writes > paid && counted > u64::from(books.limit) {
        return Verdict::Tripped { writes: counted };
    }
    Verdict::Allowed { paid }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
