//! The limits of writes on one issue: 20 in 2 s and 100 in 30 s.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/> (per-issue write limits).

use super::failure::Failure;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

const WINDOWS: [(usize, Duration); 2] =
    [(20, Duration::from_secs(2)), (100, Duration::from_secs(30))];

/// When each issue was written to lately.
#[derive(Debug, Default)]
pub(super) struct IssueWrites {
    /// At most as many instants an issue as the greatest window counts.
    by_issue: BTreeMap<u64, VecDeque<Timestamp>>,
}

impl IssueWrites {
    /// Counts a write on an issue, or refuses it.
    pub(super) fn count(&mut self, issue: u64, now: Timestamp) -> Result<(), Failure> {
        let writes = self.by_issue.entry(issue).or_default();
        for (most, window) in WINDOWS {
            let oldest = writes.len().checked_sub(most).map(|index| writes[index]);
            let Some(oldest) = oldest.filter(|oldest| now.since(*oldest) < window) else {
                continue;
            };
            let wait = window.saturating_sub(now.since(oldest));
            return Err(Failure::Limited {
                retry_after_seconds: wait.as_secs() + 1,
            });
        }
        writes.push_back(now);
        while writes.len() > WINDOWS[1].0 {
            writes.pop_front();
        }
        Ok(())
    }
}
