//! How much of something is taken: a bucket for each caller, and one for all.

use super::settings::Allowance;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The most callers that are told apart; others share one bucket.
const CALLERS_MAX: usize = 4096;

/// Who asks, as far as that is known: an address, of IPv6 its network of 64 bits, which one subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Others,
}

/// The buckets.
pub(super) struct Limits {
    of_one: Allowance,
    of_all: Allowance,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    all: Bucket,
    callers: HashMap<Who, Bucket>,
}

/// What is left, in units of one, and as of when.
#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limits {
    pub(super) fn new(of_one: Allowance, of_all: Allowance, now: Instant) -> Self {
        Self {
            of_one,
            of_all,
            buckets: Mutex::new(Buckets {
                all: Bucket::full(of_all, now),
                callers: HashMap::new(),
            }),
        }
    }

    /// Takes one; or says how long to wait. What a caller is refused takes nothing from the others.
    pub(super) fn take(&self, caller: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let from = caller.map_or(Who::Others, |it| Who::Address(network(it)));
        if buckets.callers.len() >= CALLERS_MAX {
            let of_one = self.of_one;
            buckets
                .callers
                .retain(|_, bucket| !bucket.is_full(of_one, now));
        }
        let known = buckets.callers.contains_key(&from) || buckets.callers.len() < CALLERS_MAX;
        let from = if known { from } else { Who::Others };
        let mut own =
            (buckets.callers.get(&from).copied()).unwrap_or_else(|| Bucket::full(self.of_one, now));
        let mut all = buckets.all;
        own.take(self.of_one, now)?;
        all.take(self.of_all, now)?;
        buckets.callers.insert(from, own);
        buckets.all = all;
        Ok(())
    }
}

impl Bucket {
    fn full(allowance: Allowance, now: Instant) -> Self {
        Self {
            left: f64::from(allowance.at_once),
            at: now,
        }
    }

    fn refill(&mut self, allowance: Allowance, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        let more = passed.as_secs_f64() / allowance.one_each.as_secs_f64().max(f64::EPSILON);
        self.left = (self.left + more).min(f64::from(allowance.at_once));
        self.at = now;
    }

    fn is_full(mut self, allowance: Allowance, now: Instant) -> bool {
        self.refill(allowance, now);
        self.left >= f64::from(allowance.at_once)
    }

    fn take(&mut self, allowance: Allowance, now: Instant) -> Result<(), Duration> {
        self.refill(allowance, now);
        if self.left < 1.0 {
            return Err(allowance.one_each.mul_f64(1.0 - self.left));
        }
        self.left -= 1.0;
        Ok(())
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address => address,
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
