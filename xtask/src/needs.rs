//! Tests that need material from outside: without it they skip, unless the suite says that it is there.

/// Whether a test that needs `what` can run. Without it the test says that it is skipped and ends.
///
/// # Panics
/// When `TWINLINE_TESTDATA_REQUIRED=1` says that the material was installed, and it is missing.
pub fn met(there: bool, what: &str) -> bool {
    if !there {
        assert!(!required(), "{what} is missing though it was installed");
        crate::say(&format!("skipped: {what} is not there"));
    }
    there
}

#[expect(
    clippy::disallowed_methods,
    reason = "set by `cargo xtask test`: the only way to tell a test"
)]
fn required() -> bool {
    std::env::var("TWINLINE_TESTDATA_REQUIRED").is_ok_and(|value| value == "1")
}
