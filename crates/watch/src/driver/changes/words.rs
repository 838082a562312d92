//! The gate's effects as people read them, and checks by name.

use super::record::Standing;
use std::collections::BTreeSet;
use twinline_core::watch::change::{ChangeId, Check, Difference, Effect, Why};

/// Checks that are named; of more there is a count.
const NAMED_MAX: usize = 8;

/// `commit_canary of database:central`
pub(super) fn check(check: &Check) -> String {
    format!("{} of {}", check.probe, check.subject)
}

/// All of them, in one line.
pub(super) fn checks(checks: &BTreeSet<Check>) -> String {
    if checks.is_empty() {
        return "there is nothing that could prove it".to_owned();
    }
    let mut words: Vec<String> = checks.iter().take(NAMED_MAX).map(check).collect();
    if let more @ 1.. = checks.len().saturating_sub(NAMED_MAX) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// `timeline, leader`
pub(super) fn differences(differences: &BTreeSet<Difference>) -> String {
    let words = differences.iter().map(|difference| match difference {
        Difference::SystemIdentifier => "another database",
        Difference::Timeline => "timeline",
        Difference::ServerVersion => "server version",
        Difference::Started => "restarted",
        Difference::Leader => "leader",
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Why a change cannot go where somebody wants it.
pub(super) fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Planned => "has not started",
        Standing::Running => "runs",
        Standing::Paused => "stands still, since nobody is there",
        Standing::Verifying => "is being proven",
        Standing::Proven => "is proven: 'twinline change finish' ends it",
        Standing::Finished | Standing::Aborted { .. } | Standing::Expired => "is over",
    }
}

/// What an effect says, and of which change. Of what was refused whoever asked hears.
pub(super) fn of(effect: &Effect) -> Option<(ChangeId, String)> {
    let (change, text) = match effect {
        Effect::Planned { change } => (change, "planned".to_owned()),
        Effect::Present { change, by } => (change, format!("{by} is there")),
        Effect::Started { change } => (change, "started".to_owned()),
        Effect::Paused { change, .. } => {
            let text = "paused: nobody says any more that they are there";
            (change, text.to_owned())
        }
        Effect::Resumed { change } => (change, "goes on".to_owned()),
        Effect::WatchOpened {
            change,
            database,
            differences: seen,
        } if seen.is_empty() => (change, format!("told of a change of {database}")),
        Effect::WatchOpened {
            change,
            database,
            differences: seen,
        } => {
            let seen = differences(seen);
            (change, format!("noticed at {database}: {seen}"))
        }
        Effect::Noted {
            change,
            database,
            differences: seen,
        } => (change, format!("seen at {database}: {}", differences(seen))),
        Effect::Announced { change, by, what } => (change, format!("{by} tells: {what}")),
        Effect::Validate {
            change,
            round: 1,
            checks: asked,
        } => (change, format!("being proven: {}", checks(asked))),
        Effect::Validate { change, .. } => (change, "every proof is asked for anew".to_owned()),
        Effect::Proven { change } => (change, "proven: every check has passed".to_owned()),
        Effect::Finished { change } => (change, "finished".to_owned()),
        Effect::Aborted { change, by, reason } => (change, format!("broken off by {by}: {reason}")),
        Effect::Expired { change } => {
            let text = "forgotten: its window is long over, and nobody started it";
            (change, text.to_owned())
        }
        Effect::Overran { change } => (change, "takes longer than its window".to_owned()),
        Effect::Page { change, why } => (change, called(why)),
        // What became of it is told when a channel has answered.
        Effect::Ask { .. } | Effect::Refused { .. } => return None,
    };
    Some((*change, text))
}

fn called(why: &Why) -> String {
    match why {
        Why::PresenceLapsed => "people are called, since nobody is there".to_owned(),
        Why::NotProven { failed } => {
            format!(
                "people are called, since it is not proven: {}",
                checks(failed)
            )
        }
        Why::AnotherDatabase => "people are called, since it is another database".to_owned(),
    }
}
