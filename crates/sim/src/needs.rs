//! Tests that need material from outside: without it they skip, unless the suite says that it is there.
//!
//! The tests of `twinline-core`, which depends on no crate of ours, have this very file as a module of theirs.

use std::io::Write as _;

/// Whether a test that needs `what` can run. Without it the test says that it is skipped and ends.
///
/// # Panics
/// When `TWINLINE_TESTDATA_REQUIRED=1` says that the material was installed, and it is missing.
pub fn met(there: bool, what: &str) -> bool {
    if !there {
        assert!(!required(), "{what} is missing though it was installed");
        skip(&format!("{what} is not there"));
    }
    there
}

/// Says that a test is skipped, and why.
pub fn skip(reason: &str) {
    let line = format!("skipped: {reason}\n");
    let said = std::io::stdout().write_all(line.as_bytes());
    said.expect("the suite counts the line");
}

#[expect(
    clippy::disallowed_methods,
    reason = "set by `cargo xtask test`: the only way to tell a test"
)]
fn required() -> bool {
    std::env::var("TWINLINE_TESTDATA_REQUIRED").is_ok_and(|value| value == "1")
}
