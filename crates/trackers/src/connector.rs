//! What the connectors have in common: their words for refusals and scopes, and how times are written in JSON.

use crate::error::TrackerError;
use crate::tracker::{Opinion, Scope};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::ItemId;
use twinline_core::names::FieldName;
use twinline_core::time::Timestamp;

/// A write that a tracker would refuse, known without asking.
#[derive(Debug, PartialEq)]
pub(crate) struct Impossible {
    field: Option<String>,
    pub(crate) sentence: String,
}

impl Impossible {
    /// A value that one field cannot take.
    pub(crate) fn value(field: &FieldName, sentence: impl std::fmt::Display) -> Self {
        Self {
            field: Some(field.to_string()),
            sentence: format!("{field}: {sentence}"),
        }
    }

    /// A part of a connection's settings or of a request.
    pub(crate) fn part(part: &str, sentence: impl Into<String>) -> Self {
        Self {
            field: Some(part.to_owned()),
            sentence: sentence.into(),
        }
    }

    /// A request as a whole.
    pub(crate) fn request(sentence: impl Into<String>) -> Self {
        Self {
            field: None,
            sentence: sentence.into(),
        }
    }

    /// The error, as if the tracker had refused.
    pub(crate) fn refused(self, tracker: &str) -> TrackerError {
        TrackerError::Refused {
            tracker: tracker.to_owned(),
            sentence: self.sentence,
            field: self.field,
        }
    }
}

/// What a scope says for a key that it must have.
pub(crate) fn named<'a>(
    scope: &'a Scope,
    key: &str,
    tracker: &str,
) -> Result<&'a str, TrackerError> {
    let named = scope
        .get(key)
        .map(String::as_str)
        .filter(|named| !named.is_empty());
    named.ok_or_else(|| {
        Impossible::part("scope", format!("a scope at {tracker} names its {key}")).refused(tracker)
    })
}

/// An effect of several requests that stopped half-way: what is done is seen by `recognise`. Refused credentials too: by
/// themselves they mean that nothing was done, and the whole would be made again.
pub(crate) fn half_done(error: TrackerError) -> TrackerError {
    let reason = match error {
        TrackerError::Retry { reason, .. } | TrackerError::Busy { reason, .. } => reason,
        TrackerError::Credentials { sentence } => sentence,
        other => return other,
    };
    TrackerError::Unknown {
        reason: format!("half of it was written: {reason}"),
    }
}

/// As [`half_done`] for the error of a request, once another one has been made.
pub(crate) fn once_begun(begun: bool, error: TrackerError) -> TrackerError {
    if begun { half_done(error) } else { error }
}

/// An opinion on every item that is `there`, from the ids of those that match. One that is gone or hidden neither matches
/// nor differs.
pub(crate) fn opinions(
    items: &[ItemId],
    there: &BTreeSet<String>,
    matching: &BTreeSet<String>,
) -> BTreeMap<ItemId, Opinion> {
    let opinion = |item: &ItemId| {
        if matching.contains(&item.id) {
            Opinion::Matches
        } else {
            Opinion::Differs
        }
    };
    items
        .iter()
        .filter(|item| there.contains(&item.id))
        .map(|item| (item.clone(), opinion(item)))
        .collect()
}

/// An instant in RFC 3339, or as Jira writes it: `2026-01-31T09:30:00.000+0000`.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).map_err(serde::de::Error::custom)
}

/// The same, or nothing.
pub(crate) fn maybe_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Timestamp::parse(&text).map_err(serde::de::Error::custom))
        .transpose()
}
