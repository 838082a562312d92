//! `[watch.changes]`: how changes of the infrastructure are guarded.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use twinline_core::watch::change;

/// `[watch.changes]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// Whoever is there while a change runs says so again within this, in seconds.
    pub presence_s: u32,
    /// A proof that takes longer has failed, in seconds.
    pub proof_s: u32,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            presence_s: 300,
            proof_s: 15,
        }
    }
}

impl Changes {
    /// The gate's numbers.
    pub fn settings(&self) -> change::Settings {
        let seconds = |count: u32| Duration::from_secs(count.into());
        change::Settings {
            presence: seconds(self.presence_s),
            round: seconds(self.proof_s),
            ..change::Settings::default()
        }
    }

    /// What cannot be meant, by its key.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(5..=3600).contains(&self.presence_s) {
            return Some(("watch.changes.presence_s", "write 5 to 3600"));
        }
        // An idle pool of the database is proven every 5 s, and a proof has to begin after it is asked for.
        if !(10..=300).contains(&self.proof_s) {
            return Some(("watch.changes.proof_s", "write 10 to 300"));
        }
        None
    }
}
