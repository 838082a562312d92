//! What people are called for: what is wrong with a change, until it is not any more.

use super::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{ChangeId, Check, Effect, Settings, Why};
use twinline_core::watch::element::Path;
use twinline_core::watch::signal::{Severity, State};
use twinline_core::watch::wait::Wait;

/// That there is another database is said for so long at least, and then until somebody has seen it.
const ANOTHER_MIN: Duration = Duration::from_secs(60);

/// All that is wrong with one change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Alarm {
    /// Nobody says that they are there.
    lapsed: bool,
    /// It takes longer than its window.
    overran: bool,
    /// What did not pass.
    failed: Option<BTreeSet<Check>>,
    /// Where a database was there is another one.
    another: Option<Wait>,
}

/// What begins to be wrong.
pub(super) enum Wrong {
    Lapsed,
    Overran,
    NotProven(BTreeSet<Check>),
    AnotherDatabase,
}

impl Alarm {
    /// What an effect says is wrong.
    pub(super) fn of(effect: &Effect) -> Option<Wrong> {
        match effect {
            Effect::Page { why, .. } => Some(match why {
                Why::PresenceLapsed => Wrong::Lapsed,
                Why::NotProven { failed } => Wrong::NotProven(failed.clone()),
                Why::AnotherDatabase => Wrong::AnotherDatabase,
            }),
            Effect::Overran { .. } => Some(Wrong::Overran),
            _ => None,
        }
    }

    pub(super) fn hear(&mut self, wrong: Wrong, now: Timestamp) {
        match wrong {
            Wrong::Lapsed => self.lapsed = true,
            Wrong::Overran => self.overran = true,
            Wrong::NotProven(failed) => self.failed = Some(failed),
            Wrong::AnotherDatabase => self.another = Some(Wait::new(now, ANOTHER_MIN)),
        }
    }

    /// What an effect mends.
    pub(super) fn calm(&mut self, effect: &Effect) {
        match effect {
            Effect::Resumed { .. } | Effect::Validate { .. } => self.lapsed = false,
            Effect::Proven { .. } => self.failed = None,
            Effect::Finished { .. } | Effect::Aborted { .. } | Effect::Expired { .. } => {
                let another = self.another.take();
                *self = Self {
                    another,
                    ..Self::default()
                };
            }
            _ => {}
        }
    }

    pub(super) fn rebase(&mut self, now: Timestamp) {
        if let Some(wait) = &mut self.another {
            wait.rebase(now);
        }
    }

    /// Somebody has seen it; whether that changes anything.
    pub(super) fn was_seen(&mut self, now: Timestamp) -> bool {
        self.another.take_if(|wait| wait.is_over(now)).is_some()
    }

    /// What is said of it.
    pub(super) fn state(&self, change: ChangeId, title: &str, settings: &Settings) -> State {
        let mut said = Vec::new();
        let mut implicates = Path::new();
        if self.another.is_some() {
            said.push("another database is where the one before was".to_owned());
        }
        if let Some(failed) = &self.failed {
            implicates.extend(failed.iter().map(|check| check.subject.clone()));
            said.push(format!("it is not proven: {}", words::checks(failed)));
        }
        if self.lapsed {
            said.push(format!(
                "it stands still, since nobody on call has said for {} s that they are there \
                 ('twinline change renew {change}' sends a link to say it by)",
                settings.presence.as_secs()
            ));
        }
        let severity = if said.is_empty() {
            Severity::Warning
        } else {
            Severity::Critical
        };
        if self.overran {
            said.push("it takes longer than its window".to_owned());
        }
        if said.is_empty() {
            return State::Passing;
        }
        State::Failing {
            severity,
            implicates,
            summary: format!("change {change} ({title}): {}", said.join("; ")),
        }
    }
}
