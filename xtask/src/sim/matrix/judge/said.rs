//! What the product says about a twin.

use super::super::person::Running;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt;
use twinline_engine::Host;
use twinline_engine::ops::OpError;
use twinline_store::host::{HistoryKind, TwinStateName};

/// Lines of a twin's history that are read.
const LINES_MAX: u32 = 200;

/// Its sentences.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Said {
    /// The twin's state; `None`: there is no twin.
    pub(super) state: Option<TwinStateName>,
    /// Why it sleeps or is held back.
    pub(super) reason: Option<String>,
    /// Why it ended.
    pub(super) ended: Option<String>,
    /// Fields that were seen and not applied, and those that are frozen, each with the newest reason.
    fields: BTreeMap<String, String>,
    /// Comments that were seen and not written.
    pub(super) comments: Vec<String>,
}

impl Said {
    pub(super) async fn of(host: &Host, running: &Running) -> Result<Self> {
        let mut said = Self::default();
        let keys = [&running.keys.left, &running.keys.right];
        for key in keys.into_iter().flatten() {
            for twin in host.twins_by_key(key).await? {
                said.state = Some(twin.state);
                said.reason = twin.reason;
                said.comments.extend(twin.comments_waived.into_values());
                let held = twin.held.into_iter();
                let held = held.map(|(field, hold)| (field.to_string(), format!("held: {hold}")));
                said.fields.extend(held);
            }
            let history = match host.history(key, None, LINES_MAX).await {
                Ok(history) => history,
                Err(OpError::Unknown(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            // Newest first.
            for line in history.into_iter().rev() {
                let (Some(text), kind) = (line.entry.text, line.entry.kind) else {
                    continue;
                };
                match (kind, line.entry.field) {
                    (HistoryKind::Waived | HistoryKind::Cut, Some(field)) => {
                        said.fields.entry(field).or_insert(text);
                    }
                    (HistoryKind::Unlinked, _) => said.ended = Some(text),
                    _ => {}
                }
            }
        }
        Ok(said)
    }

    /// What is said about a field of the rules.
    pub(super) fn about(&self, field: &str) -> Option<String> {
        self.fields.get(field).cloned()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(state) = self.state else {
            return f.write_str("nothing");
        };
        write!(f, "{state:?}")?;
        let reasons = self.reason.iter().chain(&self.ended).chain(&self.comments);
        for reason in reasons {
            write!(f, "; {reason}")?;
        }
        for (field, reason) in &self.fields {
            write!(f, "; {field}: {reason}")?;
        }
        Ok(())
    }
}
