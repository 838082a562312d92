//! What can end a job early: by cause, and by who can mend it.

use std::time::Duration;
use twinline_core::names::NodeName;
use twinline_core::quarantine::Cause;
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
        /// The tracker works, and has answered: what its API does not promise, or that the thing is not there.
        answered: bool,
    },
    /// There is no room for it in the tracker's limits now; nothing has failed.
    #[error("{node}: {reason}")]
    Wait {
        node: NodeName,
        reason: String,
        after: Duration,
    },
    /// A person must mend a rule, an item or the tracker's settings: the twin is held back.
    #[error("{}", sentence(.0))]
    Quarantine(Cause),
    /// The connection is held by its breaker.
    #[error("the connection is held")]
    Held,
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Trouble {
    /// Whether the tracker works, and answers what was asked for with a refusal, with a 404 or with something unreadable:
    /// asked again it mostly answers the same until a person mends something. Nothing else is to wait for that.
    pub(crate) const fn is_of_the_question(&self) -> bool {
        matches!(
            self,
            Self::Quarantine(Cause::Refused { .. }) | Self::Retry { answered: true, .. }
        )
    }

    /// The trouble that a tracker's answer makes.
    pub(crate) fn of(node: &NodeName, error: TrackerError) -> Self {
        let retry = |reason: String, after| Self::Retry {
            node: node.clone(),
            reason,
            after,
            answered: false,
        };
        let refused = |sentence: String| Self::Quarantine(Cause::Refused { sentence });
        match error {
            TrackerError::Retry { reason, after } => retry(reason, after),
            TrackerError::Busy { reason, after, .. } => Self::Wait {
                node: node.clone(),
                reason,
                after,
            },
            TrackerError::Unknown { reason } => retry(reason, None),
            TrackerError::Unreachable { reason } => Self::Retry {
                node: node.clone(),
                reason,
                after: None,
                answered: true,
            },
            TrackerError::Credentials { sentence } => retry(sentence, None),
            TrackerError::Changed => retry("changed meanwhile".to_owned(), Some(Duration::ZERO)),
            TrackerError::Unfit { .. } => refused(error.to_string()),
            TrackerError::Refused {
                tracker,
                sentence,
                field,
            } => refused(match field {
                Some(field) => format!("{tracker} refused {field}: {sentence}"),
                None => format!("{tracker} refused: {sentence}"),
            }),
            // Mostly a proxy or a login page in between, which goes away by itself; what stays is given up in the end.
            TrackerError::Unreadable { .. } => Self::Retry {
                node: node.clone(),
                reason: error.to_string(),
                after: None,
                answered: true,
            },
        }
    }
}

impl From<RuleError> for Trouble {
    fn from(error: RuleError) -> Self {
        Self::Quarantine(Cause::from(&error))
    }
}

/// What is shown for one twin.
pub(crate) fn sentence(cause: &Cause) -> String {
    match cause {
        Cause::Retry { reason } => format!("given up after many attempts: {reason}"),
        Cause::Rule {
            file,
            line,
            column,
            reason,
        } => match (line, column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}: {reason}"),
            (Some(line), None) => format!("{file}:{line}: {reason}"),
            (None, _) => format!("{file}: {reason}"),
        },
        Cause::Refused { sentence } => sentence.clone(),
        Cause::Unclear { reason } => {
            format!("it cannot be told whether a write happened: {reason}")
        }
        Cause::Gone { evidence } => evidence.clone(),
    }
}
