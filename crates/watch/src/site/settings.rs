//! The numbers.

use std::time::Duration;

/// What bounds the public side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What was not refreshed for so long is said to be old.
    pub stale_after: Duration,
    /// The longest that the driver is waited for.
    pub desk_within: Duration,
    /// So many calls of the driver at once; further ones are told to come later.
    pub desk_calls_max: usize,
    /// The largest body of a request, in bytes.
    pub body_max_bytes: usize,
    /// The longest that a body may take.
    pub body_within: Duration,
    /// Reports of one caller.
    pub reports_of_one: Allowance,
    /// Reports of all callers.
    pub reports_of_all: Allowance,
    /// Requests that show a workspace's token, of one caller.
    pub tenants_of_one: Allowance,
    /// The same, of all callers.
    pub tenants_of_all: Allowance,
    /// Letters that ask for a confirmation, wanted by one caller.
    pub subscriptions_of_one: Allowance,
    /// The same, wanted by all callers: each goes to somebody who may not have wanted it.
    pub subscriptions_of_all: Allowance,
}

/// How many of something are taken: so many at once, and one more each time that a while has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many at once.
    pub at_once: u32,
    /// One more after each of these.
    pub one_each: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_secs(60),
            desk_within: Duration::from_secs(5),
            desk_calls_max: 32,
            body_max_bytes: 16 * 1024,
            body_within: Duration::from_secs(10),
            reports_of_one: Allowance {
                at_once: 3,
                one_each: Duration::from_secs(200),
            },
            reports_of_all: Allowance {
                at_once: 60,
                one_each: Duration::from_secs(1),
            },
            tenants_of_one: Allowance {
                at_once: 60,
                one_each: Duration::from_secs(1),
            },
            tenants_of_all: Allowance {
                at_once: 300,
                one_each: Duration::from_millis(100),
            },
            subscriptions_of_one: Allowance {
                at_once: 3,
                one_each: Duration::from_secs(200),
            },
            subscriptions_of_all: Allowance {
                at_once: 30,
                one_each: Duration::from_secs(10),
            },
        }
    }
}
