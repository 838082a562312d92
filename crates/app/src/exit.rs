//! Exit codes, as documented by `twinline --help`, and the errors that carry one.

use crate::config::ConfigError;

/// It holds, or it was done.
pub const OK: i32 = 0;
/// It failed, or does not hold; of `up` also: a role did not end by itself and was killed.
pub const FAILED: i32 = 1;
/// The command line was wrong.
pub const USAGE: i32 = 2;
/// The configuration or a rule is wrong: trying again is no use.
pub const CONFIGURATION: i32 = 3;
/// The host could not be reached.
pub const UNREACHABLE: i32 = 4;
/// It would touch many items: look at the plan, then repeat it with `--yes`.
pub const CONFIRM: i32 = 5;
/// A program that it needs is not on this machine, or a right.
pub const NOT_HERE: i32 = 6;
/// No go: what was asked about is not to be done now.
pub const NO_GO: i32 = 7;

/// An error that ends the process with an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Coded {
    /// One of this module's codes.
    pub code: i32,
    /// What happened, to which thing, and the way out.
    pub sentence: String,
}

impl Coded {
    /// An error with a code.
    pub fn new(code: i32, sentence: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.into(),
        }
    }
}

/// The exit code of an error: its own, 3 for a configuration, else 1.
pub fn code_of(error: &anyhow::Error) -> i32 {
    error
        .chain()
        .find_map(|cause| {
            let coded = cause.downcast_ref::<Coded>().map(|coded| coded.code);
            coded.or_else(|| cause.is::<ConfigError>().then_some(CONFIGURATION))
        })
        .unwrap_or(FAILED)
}
