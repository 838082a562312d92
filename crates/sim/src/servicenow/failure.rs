//! The ways in which the Table API refuses, and their shape in JSON.
//!
//! Source: <https://www.servicenow.com/docs/> (Table API, "Inbound REST API rate limiting"), KB2971488, KB3047115, and the
//! answers that public clients are tested with.

use crate::call::{json, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
    detail: Option<String>,
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Bytes>, Failure>;

impl Failure {
    fn new(status: StatusCode, message: impl Into<String>, detail: Option<&str>) -> Self {
        Self {
            status,
            message: message.into(),
            detail: detail.map(str::to_owned),
        }
    }

    pub(super) fn unauthenticated() -> Self {
        let detail = "Required to provide Auth information";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "User Not Authenticated",
            Some(detail),
        )
    }

    /// The account may not read this at all.
    pub(super) fn forbidden() -> Self {
        let detail = "Insufficient rights to query records";
        Self::new(StatusCode::FORBIDDEN, "User Not Authorized", Some(detail))
    }

    /// There is none, or none that the account may see: ServiceNow does not say which.
    pub(super) fn no_record() -> Self {
        let detail = "Record doesn't exist or ACL restricts the record retrieval";
        Self::new(StatusCode::NOT_FOUND, "No Record found", Some(detail))
    }

    pub(super) fn no_table(table: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            format!("Invalid table {table}"),
            None,
        )
    }

    pub(super) fn no_operation() -> Self {
        let message = "Requested URI does not represent any resource";
        Self::new(StatusCode::BAD_REQUEST, message, None)
    }

    pub(super) fn not_json() -> Self {
        let detail = "The payload is not valid JSON.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "Exception while reading request",
            Some(detail),
        )
    }

    /// A data policy or business rule does not let a write through.
    pub(super) fn policy(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Operation Failed", Some(detail))
    }

    /// In one line, for the control side.
    pub(super) fn sentence(&self) -> String {
        let detail = self.detail.as_deref().unwrap_or_default();
        format!("{}: {detail}", self.message)
    }

    /// The answer that ServiceNow gives.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({
            "error": { "message": self.message, "detail": self.detail },
            "status": "failure",
        });
        let mut response = json(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            set(
                &mut response,
                "www-authenticate",
                "BASIC realm=\"Service-now\"",
            );
        }
        response
    }
}

/// The answer to more requests than a rate limit rule allows.
pub(super) fn throttled(now: Timestamp, retry_after: Duration) -> Response<Bytes> {
    let failure = Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Rate limit exceeded",
        Some("Rejected by a rate limit rule: try again later"),
    );
    let mut response = failure.into_response();
    let seconds = retry_after.as_secs().max(1);
    set(&mut response, "retry-after", &seconds.to_string());
    let reset = now.plus(Duration::from_secs(seconds)).as_millis() / 1000;
    set(&mut response, "x-ratelimit-reset", &reset.to_string());
    response
}
