//! What can end a job early: by cause, and by who can mend it.

use std::time::Duration;
use twinline_core::names::NodeName;
use twinline_core::rules::RuleError;
use twinline_store::StoreError;
use twinline_trackers::TrackerError;

/// Why a job could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// It may pass: try again later. The node's gate has learnt of it already.
    #[error("{node}: {reason}")]
    Retry {
        node: NodeName,
        reason: String,
        after: Option<Duration>,
    },
    /// A person must mend a rule, an item or the tracker's settings: the twin is held back.
    #[error("{0}")]
    Quarantine(Quarantine),
    /// The connection is held by its breaker.
    #[error("the connection is held")]
    Held,
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a twin is held back. Equal causes group to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantine {
    pub(crate) class: Class,
    /// What groups: free of ids, keys and values of a single item.
    pub(crate) cause: String,
    /// What is shown for the one twin.
    pub(crate) detail: String,
}

/// By whom a quarantine can be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Map or script: the integration engineer.
    Rule,
    /// The tracker refuses what is written: rule or item.
    Refused,
    /// The tracker cannot say whether a write happened: a person looks.
    Unclear,
    /// A defect of Twinline.
    Internal,
}

impl std::fmt::Display for Quarantine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Trouble {
    /// The trouble that a tracker's answer makes.
    pub(crate) fn of(node: &NodeName, error: TrackerError) -> Self {
        let retry = |reason: String, after| Self::Retry {
            node: node.clone(),
            reason,
            after,
        };
        let refused = |cause: String| {
            Self::Quarantine(Quarantine {
                class: Class::Refused,
                detail: cause.clone(),
                cause,
            })
        };
        match error {
            TrackerError::Retry { reason, after } => retry(reason, after),
            TrackerError::Unknown { reason } | TrackerError::Unreachable { reason } => {
                retry(reason, None)
            }
            TrackerError::Credentials { sentence } => retry(sentence, None),
            TrackerError::Changed => retry("changed meanwhile".to_owned(), Some(Duration::ZERO)),
            TrackerError::Refused {
                tracker,
                sentence,
                field,
            } => refused(match field {
                Some(field) => format!("{tracker} refused {field}: {sentence}"),
                None => format!("{tracker} refused: {sentence}"),
            }),
            TrackerError::Unreadable {
                tracker, reason, ..
            } => refused(format!("{tracker} answered something unreadable: {reason}")),
        }
    }

    /// The trouble that a rule makes.
    pub(crate) fn of_rule(error: &RuleError) -> Self {
        let place = match error.line {
            Some(line) => format!("{}:{line}", error.file),
            None => error.file.clone(),
        };
        let said = if error.rejected { "rejected" } else { "failed" };
        Self::Quarantine(Quarantine {
            class: Class::Rule,
            cause: format!("{place} {said}"),
            detail: error.to_string(),
        })
    }
}
