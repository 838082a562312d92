//! The executable contract: what every connector must do, as named checks against a tracker that a test controls.
//!
//! [`run`] needs a [`Harness`]: a tracker (a simulator, or a real one on a test machine), a person's hands on it, and
//! a [`Meddler`] on the wire. Each check makes its own items, so that one failing says nothing about the next.
//! `docs/specs/tracker.md` tells a connector's author what the checks are for.

mod answers;
mod changes;
mod fields;
mod files;
mod harness;
mod items;
mod meddler;
mod reach;
mod unknown;
mod visibility;
mod webhooks;
mod writes;

#[cfg(test)]
pub(crate) mod granted;
#[cfg(test)]
pub(crate) mod odd;
#[cfg(test)]
pub mod sim;

pub use harness::{Act, Acted, Harness};
pub use meddler::{Meddler, Trick};

use crate::error::TrackerError;
use futures_util::future::BoxFuture;
use std::fmt;

/// One check: a sentence of the contract, and how to try it.
pub struct Check {
    /// What must be so.
    pub name: &'static str,
    run: for<'a> fn(&'a dyn Harness) -> BoxFuture<'a, Outcome>,
}

/// How a check went, for itself.
pub(crate) type Outcome = Result<(), Miss>;

/// Why a check did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The contract does not hold.
    Broken(String),
    /// The tracker lacks the ability, by its own capabilities, or the harness cannot bring it about.
    Skipped(String),
}

impl From<TrackerError> for Miss {
    fn from(error: TrackerError) -> Self {
        Self::Broken(format!("unexpected error: {error}"))
    }
}

/// How all checks went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The names of the checks that passed.
    pub passed: Vec<&'static str>,
    /// Skipped, with the reason.
    pub skipped: Vec<(&'static str, String)>,
    /// Broken, with what was seen.
    pub broken: Vec<(&'static str, String)>,
}

impl Report {
    /// For a connector's test: nothing is broken, and nothing is skipped but what the test names.
    ///
    /// # Panics
    /// When it is otherwise.
    pub fn expect_skipped(&self, expected: &[&str]) {
        assert!(self.broken.is_empty(), "{self}");
        let skipped: Vec<&str> = self.skipped.iter().map(|(name, _)| *name).collect();
        assert_eq!(skipped, expected, "the checks that are skipped: {self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            skipped,
            broken,
        } = self;
        for (name, why) in broken {
            writeln!(f, "BROKEN  {name}: {why}")?;
        }
        for (name, why) in skipped {
            writeln!(f, "skipped {name}: {why}")?;
        }
        write!(
            f,
            "{} passed, {} skipped, {} broken",
            passed.len(),
            skipped.len(),
            broken.len()
        )
    }
}

/// Every check, in the order of the contract.
pub fn checks() -> Vec<Check> {
    [
        items::CHECKS,
        writes::CHECKS,
        fields::CHECKS,
        unknown::CHECKS,
        files::CHECKS,
        changes::CHECKS,
        reach::CHECKS,
        visibility::CHECKS,
        webhooks::CHECKS,
        answers::CHECKS,
    ]
    .concat()
    .into_iter()
    .map(|(name, run)| Check { name, run })
    .collect()
}

/// How the checks are listed where they are written.
type Listed = (
    &'static str,
    for<'a> fn(&'a dyn Harness) -> BoxFuture<'a, Outcome>,
);

/// Runs every check.
pub async fn run(harness: &dyn Harness) -> Report {
    let mut report = Report::default();
    for check in checks() {
        harness.next_check().await;
        harness.meddler().clear();
        match (check.run)(harness).await {
            Ok(()) => report.passed.push(check.name),
            Err(Miss::Skipped(why)) => report.skipped.push((check.name, why)),
            Err(Miss::Broken(what)) => report.broken.push((check.name, what)),
        }
    }
    harness.meddler().clear();
    report
}

/// Passes when `holds`.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Miss::Broken(what()))
    }
}

/// Passes when both are equal.
fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    ensure(found == expected, || {
        format!("{what}: {found:?} instead of {expected:?}")
    })
}

/// Skips unless `can`.
fn needs(can: bool, what: &str) -> Outcome {
    if can {
        Ok(())
    } else {
        Err(Miss::Skipped(format!("the tracker has no {what}")))
    }
}
