//! Sweeps: each tracker's own change feed is the source of truth; webhooks only make it faster.
//!
//! * A **sweep** reads each scope's feed from a little before what is accounted for, and marks an item dirty only when
//!   the feed's version differs from the one last seen, so an idle scope costs one request and no fetch.
//! * A **resweep** reads much wider, for what a lagging index showed too late, and looks at sleeping twins again.
//! * An **audit** looks at every known twin, wherever it lies now: moved items, and kinds of change that the feed does
//!   not cover. When all its marks are done, and not before, the ledger's `audited_to` advances.
//!
//! A sweep's marks and its cursor are one step of the store: a crash repeats a page and loses none. A page without a
//! change has no marks; its cursor is stored with those of other nodes, a second later at most. `accounted_to` is the
//! least of the node's scopes: it never claims more than every feed has shown.
//!
//! The period doubles, up to a limit, while webhooks are proven to arrive: some came, and sweeps find nothing that no
//! webhook had announced. One miss, and it is back at its shortest.

mod asked;
mod audit;
mod candidates;
mod dues;
mod feed;
mod membership;
mod place;
mod probe;
mod quiet;
mod run;

pub(crate) use asked::Asked;
pub(crate) use audit::{begin as begin_audit, wake as wake_group};
pub(crate) use place::Places;
pub(crate) use probe::PlaceFaults;
pub(crate) use quiet::{Quiet, run as store_quiet};
pub(crate) use run::run;

use std::time::Duration;
use twinline_trackers::Scope;

/// The canonical text of a scope, under which its cursor is kept.
pub(crate) fn scope_key(scope: &Scope) -> String {
    serde_json::to_string(scope).expect("a map of texts is JSON")
}

/// The next period of a node's sweep.
fn next_period(
    settings: &crate::settings::SweepSettings,
    last: Duration,
    missed: u64,
    webhooks_arrive: bool,
) -> Duration {
    if missed > 0 || !webhooks_arrive {
        return settings.period;
    }
    let longest = settings.backed_off.max(settings.period);
    last.saturating_mul(2).clamp(settings.period, longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SweepSettings;

    fn check(last_s: u64, missed: u64, webhooks: bool, expected_s: u64) {
        let settings = SweepSettings {
            period: Duration::from_secs(60),
            backed_off: Duration::from_secs(600),
            ..SweepSettings::default()
        };
        let next = next_period(&settings, Duration::from_secs(last_s), missed, webhooks);
        assert_eq!(
            next,
            Duration::from_secs(expected_s),
            "{last_s} {missed} {webhooks}"
        );
    }

    #[test]
    fn the_period_backs_off_only_while_webhooks_are_proven_to_arrive() {
        check(60, 0, true, 120);
        check(480, 0, true, 600);
        check(600, 0, true, 600);
        check(600, 1, true, 60);
        check(600, 0, false, 60);
    }
}
