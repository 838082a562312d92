//! Which release of Twinline this program is.
//!
//! What differs between two releases that work side by side stands here: the number that machines tell each other, and the
//! forms of what one stores and the other opens. A process is of one release all its life, and `main` says of which before
//! anything else is done. So the same program can be run as a later one beside itself, as an upgrade does it.

use std::sync::OnceLock;
use twinline_store::Formats;

/// Of which release this process is.
static PROCESS: OnceLock<Release> = OnceLock::new();

/// A release.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// Its number, as people and machines read it: `0.1.0`.
    pub version: &'static str,
    /// The forms of what it stores.
    pub formats: Formats,
}

impl Release {
    /// The one that this source makes.
    pub const CURRENT: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        formats: Formats::CURRENT,
    };

    /// The one that this process is of.
    pub fn of_this_process() -> Self {
        *PROCESS.get_or_init(|| Self::CURRENT)
    }

    /// Makes this process one of this release. What was said first stands.
    pub(crate) fn begin(self) {
        PROCESS.get_or_init(|| self);
    }
}
