//! Tests that need a program of Debian's packages.

use crate::needs;
use std::path::Path;

/// [`needs::met`] for what is installed from Debian's packages: where there are none, nobody requires it.
///
/// # Panics
/// When `TWINLINE_TESTDATA_REQUIRED=1` says that it was installed, and it is missing.
pub fn met(there: bool, what: &str) -> bool {
    if there || Path::new("/usr/bin/apt-get").is_file() {
        return needs::met(there, what);
    }
    needs::skip(&format!(
        "{what} is installed from Debian's packages, and this machine has no apt-get"
    ));
    false
}
