//! The page in one line, for those who pass it on: the API's answers, the command line.

use super::overall::overall;
use super::shown::Shown;
use serde::Serialize;
use std::time::Duration;
use twinline_core::time::Timestamp;
use url::Url;

/// The page in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// How bad it is, as `status.indicator` of the public API: `none`, `maintenance`, `minor`, `major`, `critical`.
    pub indicator: &'static str,
    /// The same in a few words.
    pub description: &'static str,
    /// Where the public reads more, where that is configured.
    pub url: Option<Url>,
    /// Whether it was not refreshed for too long: then it may be otherwise by now.
    pub stale: bool,
}

/// What is shown, in one line; `stale_after` not refreshed it may be out of date.
pub fn brief(shown: &Shown, now: Timestamp, stale_after: Duration) -> Brief {
    let overall = overall(shown);
    Brief {
        indicator: overall.indicator.as_str(),
        description: overall.description,
        url: shown.public_url.clone(),
        stale: now.since(shown.at) > stale_after,
    }
}
