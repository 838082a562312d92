//! libfaketime, from Debian's packages: shows a process another wall clock, which can be put while it works.

use crate::debian;
use std::path::Path;

/// What such a process is started with as `LD_PRELOAD`. `FAKETIME_TIMESTAMP_FILE` names the file that says by how many seconds
/// its clock is off (`+3600`).
pub const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Whether it is installed.
pub fn is_installed() -> bool {
    Path::new(LIBRARY).is_file()
}

/// Whether processes can be started with it; says so when not.
///
/// # Panics
/// When `TWINLINE_TESTDATA_REQUIRED=1` says that it was installed, and it is missing.
pub fn can_run() -> bool {
    if cfg!(not(target_arch = "x86_64")) {
        crate::needs::skip("libfaketime is known where it lies on x86_64 only");
        return false;
    }
    debian::met(is_installed(), "libfaketime")
}
