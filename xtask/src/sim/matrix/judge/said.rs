//! What the product says about a twin.

use super::super::person::Running;
use crate::sim::place::Place;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt;
use twinline_core::names::{Side, Sides};
use twinline_engine::Host;
use twinline_engine::ops::OpError;
use twinline_store::host::{HistoryEntry, HistoryKind, TwinStateName};

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
    /// Files that were seen and not copied.
    pub(super) files: Vec<String>,
}

impl Said {
    pub(super) async fn of(host: &Host, running: &Running, places: &Sides<Place>) -> Result<Self> {
        let mut said = Self::default();
        let Sides { left, right } = &running.keys;
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(said);
        };
        // Items of two trackers may be called alike.
        let twins = host.twins_by_key(left).await?;
        let twin = twins.into_iter().find(|twin| {
            let is = |side: Side, key: &String, place: &Place| {
                let item = twin.items.get(side).as_ref();
                item.is_some_and(|item| item.key == *key && item.item.node == place.node())
            };
            is(Side::Left, left, &places.left) || is(Side::Right, right, &places.right)
        });
        let Some(twin) = twin else {
            return Ok(said);
        };
        said.state = Some(twin.state);
        said.reason = twin.reason;
        for (place, reason) in twin.comments_waived {
            match place.starts_with("file ") {
                true => said.files.push(reason),
                false => said.comments.push(reason),
            }
        }
        let held = twin.held.into_iter();
        let held = held.map(|(field, hold)| (field.to_string(), format!("held: {hold}")));
        said.fields.extend(held);
        for key in [left, right] {
            let history = match host.history(key, None, LINES_MAX).await {
                Ok(history) => history,
                Err(OpError::Unknown(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let own = history.into_iter().map(|line| line.entry);
            for entry in own.filter(|entry| entry.link.as_ref() == Some(&twin.link)) {
                said.read(entry);
            }
        }
        Ok(said)
    }

    /// Takes an entry of the history, newest first.
    fn read(&mut self, entry: HistoryEntry) {
        let (Some(text), kind) = (entry.text, entry.kind) else {
            return;
        };
        match (kind, entry.field) {
            (HistoryKind::Waived | HistoryKind::Cut, Some(field)) => {
                self.fields.entry(field).or_insert(text);
            }
            (HistoryKind::Unlinked, _) => {
                self.ended.get_or_insert(text);
            }
            _ => {}
        }
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
        let reasons = self.reason.iter().chain(&self.ended);
        let reasons = reasons.chain(&self.comments).chain(&self.files);
        for reason in reasons {
            write!(f, "; {reason}")?;
        }
        for (field, reason) in &self.fields {
            write!(f, "; {field}: {reason}")?;
        }
        Ok(())
    }
}
