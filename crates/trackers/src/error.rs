//! What can go wrong with a tracker: by cause, and by who can mend it.

use std::time::Duration;

/// Why a request to a tracker did not give what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackerError {
    /// The network, a 5xx or a 429: nothing was done; try again later.
    #[error("{reason}")]
    Retry {
        /// What happened.
        reason: String,
        /// Not before this, when the tracker said so.
        after: Option<Duration>,
    },
    /// There is no room for the request in the tracker's limits now, by our own count or by the tracker's word about
    /// requests of this kind: nothing was done, nothing failed.
    #[error("{reason}")]
    Busy {
        /// Which limit.
        reason: String,
        /// When there is room for it.
        after: Duration,
        /// Whether the limit concerns every request of the node, since the tracker itself has said to stay away; else
        /// only requests of this kind.
        whole: bool,
    },
    /// A write was sent and its answer never came: it may have happened, now or later. Resolve by `recognise`.
    #[error("outcome unknown: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
    /// The tracker refused what was written; a person must change the rule or the item.
    #[error("{tracker} refused: {sentence}")]
    Refused {
        /// Which tracker.
        tracker: String,
        /// The tracker's own sentence.
        sentence: String,
        /// The field that it named, if it did.
        field: Option<String>,
    },
    /// The tracker takes no file of this size or type, whoever asks.
    #[error("{tracker} does not take the file: {sentence}")]
    Unfit {
        /// Which tracker.
        tracker: String,
        /// The tracker's own sentence.
        sentence: String,
    },
    /// The credentials are wrong, expired or lack a scope: the node pauses and its owner is told.
    #[error("{sentence}")]
    Credentials {
        /// What is wrong and what to do.
        sentence: String,
    },
    /// The item cannot be reached (404, 403): not evidence of deletion.
    #[error("not reachable: {reason}")]
    Unreachable {
        /// The tracker's sentence.
        reason: String,
    },
    /// Compare-and-swap failed: somebody wrote in between. Plan again.
    #[error("changed meanwhile")]
    Changed,
    /// The answer was not what the API promises: HTML instead of JSON, a missing field, over the size limit.
    #[error("{tracker} answered something unreadable at {place}: {reason}")]
    Unreadable {
        /// Which tracker.
        tracker: String,
        /// The request's path, and the place in the answer.
        place: String,
        /// What was expected and what came.
        reason: String,
    },
}

/// Why a webhook was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRejected {
    /// No signature, or one that no configured secret makes: 401.
    #[error("the signature is missing or wrong")]
    Signature,
    /// The body is not what the tracker sends: 400.
    #[error("not a webhook of this tracker: {0}")]
    Malformed(String),
}
