//! The ways in which Jira refuses, and their shape in JSON.

use crate::call::{json, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A refusal with sentences and with errors by field.
    Refused {
        status: StatusCode,
        messages: Vec<String>,
        errors: BTreeMap<String, String>,
    },
    /// Too many writes on one issue: try again after so many seconds.
    Limited { retry_after_seconds: u64 },
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Bytes>, Failure>;

impl Failure {
    /// A refusal with one sentence.
    pub(super) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Refused {
            status,
            messages: vec![message.into()],
            errors: BTreeMap::new(),
        }
    }

    /// 400 with one sentence.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::message(StatusCode::BAD_REQUEST, message)
    }

    /// 400 with an error on one field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::fields(BTreeMap::from([(field.to_owned(), message.into())]))
    }

    /// 400 with errors by field.
    pub(super) const fn fields(errors: BTreeMap<String, String>) -> Self {
        Self::Refused {
            status: StatusCode::BAD_REQUEST,
            messages: Vec::new(),
            errors,
        }
    }

    /// 404 with one sentence.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::message(StatusCode::NOT_FOUND, message)
    }

    /// 404 for an issue that is not there or not for the caller's eyes: Jira does not say which.
    pub(super) fn no_issue() -> Self {
        Self::not_found("Issue does not exist or you do not have permission to see it.")
    }

    /// The answer that Jira gives.
    pub(super) fn into_response(self) -> Response<Bytes> {
        match self {
            Self::Refused {
                status,
                messages,
                errors,
            } => {
                let mut response = json(
                    status,
                    &json!({"errorMessages": messages, "errors": errors}),
                );
                if status == StatusCode::UNAUTHORIZED {
                    set(
                        &mut response,
                        "x-seraph-loginreason",
                        "AUTHENTICATED_FAILED",
                    );
                }
                response
            }
            Self::Limited {
                retry_after_seconds,
            } => limited(retry_after_seconds),
        }
    }

    /// The refusal in one line, for the control side.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Refused {
                messages, errors, ..
            } => {
                let fields = errors
                    .iter()
                    .map(|(field, message)| format!("{field}: {message}"));
                let all: Vec<String> = messages.iter().cloned().chain(fields).collect();
                all.join("; ")
            }
            Self::Limited { .. } => "too many writes on this issue".to_owned(),
        }
    }
}

/// The answer to too many writes on one issue.
fn limited(retry_after_seconds: u64) -> Response<Bytes> {
    refusal(
        retry_after_seconds,
        "jira-per-issue-on-write",
        "Rate limit exceeded: too many writes on this issue.",
    )
}

/// The answer to too many requests at once.
pub(super) fn throttled(now: Timestamp, retry_after: Duration) -> Response<Bytes> {
    let seconds = retry_after.as_secs().max(1);
    let mut response = refusal(seconds, "jira-burst-based", "Rate limit exceeded.");
    let reset = now.plus(Duration::from_secs(seconds)).floor_to_second();
    set(&mut response, "x-ratelimit-reset", &reset.to_string());
    response
}

/// 429 with the headers of <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>.
fn refusal(retry_after_seconds: u64, reason: &str, message: &str) -> Response<Bytes> {
    let body = json!({"errorMessages": [message], "errors": {}});
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body);
    let seconds = retry_after_seconds.to_string();
    set(&mut response, "retry-after", &seconds);
    set(&mut response, "ratelimit-reason", reason);
    set(&mut response, "x-ratelimit-remaining", "0");
    response
}
