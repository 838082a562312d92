//! How long an ownership holds, and how long its successor waits.

use std::time::Duration;

/// An instant of the machine's boot-time clock, in milliseconds since the start of the machine. It goes on while the
/// machine sleeps and is never set: only so a lease that ran out during a suspension is known to have run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(u64);

impl BootTime {
    /// From milliseconds since the start of the machine.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start of the machine.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This instant plus a duration; stays at the greatest instant instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// What a lease promises, the same on every machine of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    ttl: Duration,
    attempt: Duration,
    margin: Duration,
}

/// Terms under which nothing could ever be attempted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an attempt of {attempt_ms} ms does not fit into a lease of {ttl_ms} ms less a margin of {margin_ms} ms for clocks: \
     make ownership.attempt_ms smaller or ownership.lease_ms greater"
)]
pub struct BadTerms {
    ttl_ms: u128,
    attempt_ms: u128,
    margin_ms: u128,
}

impl LeaseTerms {
    /// Clocks of two machines run apart by less than this part of a lease.
    const MARGIN_PART: u32 = 20;

    /// `ttl`: a lease that is not renewed for so long is gone. `attempt`: every attempt at a tracker ends within this.
    ///
    /// # Errors
    /// Less than a third of the lease would be left for beginning attempts after a renewal: one late renewal would stop
    /// all work.
    pub fn new(ttl: Duration, attempt: Duration) -> Result<Self, BadTerms> {
        let margin = ttl / Self::MARGIN_PART;
        if attempt + margin + ttl / 3 > ttl {
            return Err(BadTerms {
                ttl_ms: ttl.as_millis(),
                attempt_ms: attempt.as_millis(),
                margin_ms: margin.as_millis(),
            });
        }
        Ok(Self {
            ttl,
            attempt,
            margin,
        })
    }

    /// How long a lease lasts that is not renewed.
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Every attempt ends within this.
    pub const fn attempt(&self) -> Duration {
        self.attempt
    }

    /// How often a lease is renewed.
    pub fn renewal_period(&self) -> Duration {
        self.ttl / 6
    }

    /// The last instant at which an attempt may begin. `sent`: when the last renewal that succeeded was *sent*: it was
    /// granted after that, so the lease lasts at least from there.
    pub fn permit(&self, sent: BootTime) -> BootTime {
        sent.plus(self.ttl - self.margin - self.attempt)
    }

    /// When the owner must take the group for lost, since another may own it from then on.
    pub fn lost(&self, sent: BootTime) -> BootTime {
        sent.plus(self.ttl - self.margin)
    }

    /// How long a successor waits from its claim until it takes the group's state over: until every attempt of the former
    /// owner has ended. What such an attempt may still become at its tracker is waited for by each twin that it concerns.
    pub fn takeover_wait(&self) -> Duration {
        self.attempt + self.margin
    }
}
