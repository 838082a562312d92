//! From an answer, or the lack of one, to who can mend it.

use super::dialect::Dialect;
use super::reply::Reply;
use super::transport::{Sent, TransportError, TransportFault};
use crate::error::TrackerError;
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use std::time::Duration;

/// What an answer's status and body mean.
pub(super) enum Verdict {
    /// Hand it to the connector.
    Give,
    /// A rate limit: the budget learns, and the caller comes back later.
    Limited,
    /// A failure.
    Fail(TrackerError),
}

/// Classifies an answer. Statuses that the call accepts never get here.
pub(super) fn classify(reply: &Reply, dialect: &dyn Dialect) -> Verdict {
    let status = reply.status;
    if status.is_success() {
        return success(reply, dialect);
    }
    if status == StatusCode::TOO_MANY_REQUESTS || dialect.is_rate_limited(reply) {
        return Verdict::Limited;
    }
    if status == StatusCode::NOT_MODIFIED {
        return Verdict::Give;
    }
    if status.is_redirection() {
        return redirect(reply);
    }
    Verdict::Fail(failure(reply, dialect))
}

fn success(reply: &Reply, dialect: &dyn Dialect) -> Verdict {
    if dialect.wants_sign_in(reply) {
        return Verdict::Fail(TrackerError::Credentials {
            sentence: format!(
                "{} does not accept the credentials: it answered {} with {}",
                reply.tracker,
                reply.status,
                reply.describe_body()
            ),
        });
    }
    let html = reply
        .header(CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"));
    if html {
        let what = format!(
            "{} instead of JSON: is there a login page or a proxy in between?",
            reply.describe_body()
        );
        return Verdict::Fail(reply.unreadable("", &what));
    }
    match dialect.hidden_failure(reply) {
        Some(refusal) => Verdict::Fail(TrackerError::Refused {
            tracker: reply.tracker.to_owned(),
            sentence: refusal.sentence,
            field: refusal.field,
        }),
        None => Verdict::Give,
    }
}

fn redirect(reply: &Reply) -> Verdict {
    match reply.redirect() {
        Some(target) if target.origin() == reply.url.origin() => Verdict::Give,
        Some(target) => Verdict::Fail(TrackerError::Unreachable {
            reason: format!(
                "{} redirects {} to another server, {}; redirects are not followed there",
                reply.tracker,
                reply.place,
                target.origin().ascii_serialization()
            ),
        }),
        None => {
            let location = reply.header(LOCATION.as_str()).unwrap_or("nowhere");
            let reason = format!("a redirect to {location:?}");
            Verdict::Fail(reply.unreadable("", &reason))
        }
    }
}

fn failure(reply: &Reply, dialect: &dyn Dialect) -> TrackerError {
    let refusal = dialect.refusal(reply);
    let sentence = if refusal.sentence.is_empty() {
        format!(
            "{} answered {} with {}",
            reply.tracker,
            reply.status,
            reply.describe_body()
        )
    } else {
        refusal.sentence
    };
    let tracker = reply.tracker;
    match reply.status {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            TrackerError::Credentials {
                sentence: format!("{tracker} does not accept the credentials: {sentence}"),
            }
        }
        StatusCode::FORBIDDEN if reply.writes && dialect.lacks_scope(reply) => {
            TrackerError::Credentials {
                sentence: format!(
                    "the credentials for {tracker} lack a permission for {}: {sentence}",
                    reply.place
                ),
            }
        }
        StatusCode::FORBIDDEN if reply.writes => TrackerError::Refused {
            tracker: tracker.to_owned(),
            sentence,
            field: refusal.field,
        },
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
            TrackerError::Unreachable {
                reason: format!("{tracker} answered {}: {sentence}", reply.status),
            }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => lost(reply.writes, sentence),
        status if status.is_server_error() => lost(
            reply.writes,
            format!(
                "{tracker} answered {} at {}: {sentence}",
                status, reply.place
            ),
        ),
        _ => TrackerError::Refused {
            tracker: tracker.to_owned(),
            sentence,
            field: refusal.field,
        },
    }
}

/// The tracker took the request and failed: a write may have been done all the same.
fn lost(writes: bool, reason: String) -> TrackerError {
    if writes {
        TrackerError::Unknown { reason }
    } else {
        TrackerError::Retry {
            reason,
            after: None,
        }
    }
}

/// Classifies the lack of an answer.
pub(super) fn unanswered(
    tracker: &'static str,
    place: &str,
    writes: bool,
    error: TransportError,
) -> TrackerError {
    let reason = format!("{place}: {}", error.reason);
    match (error.sent, error.fault) {
        (Sent::NotSent, TransportFault::Forbidden) => TrackerError::Retry {
            reason,
            after: Some(FORBIDDEN_AFTER),
        },
        (Sent::NotSent, _) => TrackerError::Retry {
            reason,
            after: None,
        },
        (Sent::MaybeSent, _) if writes => TrackerError::Unknown { reason },
        (Sent::MaybeSent, TransportFault::TooLarge | TransportFault::Malformed) => {
            TrackerError::Unreadable {
                tracker: tracker.to_owned(),
                place: place.to_owned(),
                reason: error.reason,
            }
        }
        (Sent::MaybeSent, _) => TrackerError::Retry {
            reason,
            after: None,
        },
    }
}

/// A forbidden address is mended by a person or by the DNS: no use in asking often.
const FORBIDDEN_AFTER: Duration = Duration::from_secs(60);
