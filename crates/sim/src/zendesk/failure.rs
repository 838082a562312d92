//! The ways in which Zendesk refuses, and their shape in JSON.

use crate::call::{json, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// Nobody, or somebody with a wrong token.
    Unauthorized,
    /// Somebody who may not.
    Forbidden,
    /// What is not there, or not for the caller's eyes.
    NotFound,
    /// Anything else: a status, a code and a sentence.
    Refused {
        status: StatusCode,
        error: &'static str,
        description: String,
    },
    /// A record that would not be valid.
    Invalid(Errors),
    /// Too many requests: try again after so many seconds.
    Limited { retry_after_s: u64 },
}

/// What is wrong with a record, by attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Errors(Map<String, Value>);

impl Errors {
    pub(super) fn add(&mut self, attribute: &str, description: String, error: &str) {
        self.push(
            attribute,
            json!({"description": description, "error": error}),
        );
    }

    /// An error about a custom field.
    pub(super) fn add_field(&mut self, id: u64, kind: &str, description: String) {
        let error = json!({"description": description, "error": "InvalidValue",
            "ticket_field_id": id, "ticket_field_type": kind});
        self.push("base", error);
    }

    fn push(&mut self, attribute: &str, error: Value) {
        let of = self.0.entry(attribute).or_insert_with(|| json!([]));
        if let Some(errors) = of.as_array_mut() {
            errors.push(error);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn sentence(&self) -> String {
        let all = self.0.values().filter_map(Value::as_array).flatten();
        let all = all.filter_map(|error| error["description"].as_str());
        all.collect::<Vec<_>>().join("; ")
    }
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Bytes>, Failure>;

impl Failure {
    /// A record that is invalid for one reason.
    pub(super) fn invalid(attribute: &str, description: &str) -> Self {
        let mut errors = Errors::default();
        errors.add(attribute, description.to_owned(), "InvalidValue");
        Self::Invalid(errors)
    }

    /// 422 with a code and a sentence.
    pub(super) fn unprocessable(error: &'static str, description: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error,
            description: description.into(),
        }
    }

    /// 400 with a code and a sentence.
    pub(super) fn bad(error: &'static str, description: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    /// The answer that Zendesk gives.
    pub(super) fn into_response(self) -> Response<Bytes> {
        match self {
            Self::Unauthorized => json(
                StatusCode::UNAUTHORIZED,
                &json!({"error": "Couldn't authenticate you"}),
            ),
            Self::Forbidden => json(
                StatusCode::FORBIDDEN,
                &json!({"error": {"title": "Forbidden", "message": "You do not have access to this page. Please \
                    contact the account owner of this help desk for further help."}}),
            ),
            Self::NotFound => json(
                StatusCode::NOT_FOUND,
                &json!({"error": "RecordNotFound", "description": "Not found"}),
            ),
            Self::Refused {
                status,
                error,
                description,
            } => json(status, &json!({"error": error, "description": description})),
            Self::Invalid(errors) => json(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({"error": "RecordInvalid", "description": "Record validation errors", "details": errors.0}),
            ),
            Self::Limited { retry_after_s } => limited(retry_after_s),
        }
    }

    /// The refusal in one line, for the control side.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Unauthorized => "nobody signed in".to_owned(),
            Self::Forbidden => "not allowed".to_owned(),
            Self::NotFound => "not found".to_owned(),
            Self::Refused { description, .. } => description.clone(),
            Self::Invalid(errors) => errors.sentence(),
            Self::Limited { .. } => "too many requests".to_owned(),
        }
    }
}

/// 429. Source: developer.zendesk.com, "Rate limits".
pub(super) fn limited(retry_after_s: u64) -> Response<Bytes> {
    let body = json!({"error": "TooManyRequests", "description": "You have exceeded the number of requests allowed."});
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body);
    set(&mut response, "retry-after", &retry_after_s.to_string());
    response
}
