//! Faults as RFC 9457 problem details.

use super::BODY_MAX_BYTES;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Map, Value as Json, json};
use twinline_engine::ops::OpError;
use twinline_store::StoreError;
use twinline_trackers::TrackerError;

/// An answer that says what went wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    members: Map<String, Json>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &str, detail: impl Into<String>) -> Self {
        let members = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "detail": detail.into(),
        });
        let Json::Object(members) = members else {
            unreachable!("an object was written just above")
        };
        Self { status, members }
    }

    /// Adds a member of our own.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// What kind of fault it is, in words.
    pub(super) fn title(&self) -> &str {
        self.members["title"].as_str().unwrap_or_default()
    }

    /// The caller's request cannot be read.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "the request cannot be read",
            detail,
        )
    }

    /// The body could not be read whole.
    pub(super) fn broken_body(error: &axum::Error) -> Self {
        use http_body_util::LengthLimitError;
        use std::error::Error as _;
        if error
            .source()
            .is_some_and(|source| source.is::<LengthLimitError>())
        {
            let max = BODY_MAX_BYTES >> 20;
            return Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too large",
                format!("the body is over {max} MiB: send it in several requests"),
            );
        }
        Self::bad_request(format!("the body broke off: {error}"))
    }

    /// The request can be read and cannot be done.
    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not possible", detail)
    }

    /// There is no such thing.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not known here", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json::Object(self.members).to_string();
        (
            self.status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response()
    }
}

impl From<OpError> for Problem {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Unknown(_) => Self::missing(error.to_string()),
            OpError::Refused(sentence) => Self::refused(sentence),
            OpError::NeedsConfirmation { items } => Self::new(
                StatusCode::CONFLICT,
                "needs a confirmation",
                error.to_string(),
            )
            .with("items", items),
            OpError::Tracker(error) => error.into(),
            OpError::Store(error) => error.into(),
        }
    }
}

impl From<TrackerError> for Problem {
    fn from(error: TrackerError) -> Self {
        match error {
            TrackerError::Refused { .. } => Self::refused(error.to_string()),
            _ => Self::new(
                StatusCode::BAD_GATEWAY,
                "a tracker could not be asked",
                error.to_string(),
            ),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(_) => Self::missing(error.to_string()),
            StoreError::File { .. } => Self::refused(error.to_string()),
            // It was asked for before the group's end, and came after it.
            StoreError::Closed { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not at work",
                format!("{error}: its group has just ended on this machine: repeat it later"),
            ),
            _ => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the local store failed",
                error.to_string(),
            ),
        }
    }
}
