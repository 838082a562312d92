//! Exit codes, as documented by `twinline --help`.

/// It holds, or it was done.
pub const OK: i32 = 0;
/// It failed, or does not hold.
pub const FAILED: i32 = 1;
/// The command line was wrong.
pub const USAGE: i32 = 2;
/// The configuration or a rule is wrong: trying again is no use.
pub const CONFIGURATION: i32 = 3;
/// The host could not be reached.
pub const UNREACHABLE: i32 = 4;
