//! GitHub's error answers.

use crate::call;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// An answer that refuses.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
    errors: Vec<Value>,
    location: Option<String>,
    retry_after_s: Option<u64>,
}

/// What a route gives.
pub(super) type Reply = Result<Response<Bytes>, Box<Failure>>;

impl Failure {
    pub(super) fn new(status: StatusCode, message: &str) -> Box<Self> {
        Box::new(Self {
            status,
            message: message.to_owned(),
            errors: Vec::new(),
            location: None,
            retry_after_s: None,
        })
    }

    pub(super) fn not_found() -> Box<Self> {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 410 for every issue of a repository whose feature "Issues" is off
    /// (github.com/ansible/ansibullbot/issues/845 shows one).
    pub(super) fn issues_disabled() -> Box<Self> {
        Self::new(StatusCode::GONE, "Issues are disabled for this repo")
    }

    /// 403 for a token without the permission.
    pub(super) fn forbidden() -> Box<Self> {
        Self::new(
            StatusCode::FORBIDDEN,
            "Resource not accessible by personal access token",
        )
    }

    pub(super) fn bad_request(message: &str) -> Box<Self> {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 422 because the body does not fit the description of the request.
    pub(super) fn invalid_request(what: &str) -> Box<Self> {
        let message = format!("Invalid request.\n\n{what}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, &message)
    }

    /// 422 with one error in GitHub's list.
    pub(super) fn validation(error: Value) -> Box<Self> {
        let mut failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        failure.errors.push(error);
        failure
    }

    /// 422 for a field whose value means nothing.
    pub(super) fn invalid_field(resource: &str, field: &str, value: &Value) -> Box<Self> {
        Self::validation(
            json!({"resource": resource, "field": field, "code": "invalid", "value": value}),
        )
    }

    /// 301 to the new address of a transferred issue.
    pub(super) fn moved(location: String) -> Box<Self> {
        let mut failure = Self::new(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
        failure.location = Some(location);
        failure
    }

    /// 403 as GitHub answers to content that is created too fast.
    pub(super) fn secondary_limit(retry_after_s: u64) -> Box<Self> {
        let mut failure = Self::new(
            StatusCode::FORBIDDEN,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        );
        failure.retry_after_s = Some(retry_after_s);
        failure
    }

    /// The refusal as a sentence for a person.
    pub(super) fn sentence(&self) -> String {
        let details = self
            .errors
            .iter()
            .map(|error| match error["message"].as_str() {
                Some(message) => format!(": {message}"),
                None => format!(": {} of {}", error["code"], error["field"]),
            });
        std::iter::once(self.message.clone())
            .chain(details)
            .collect()
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_u16().to_string(),
        });
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors);
        }
        if let Some(location) = &self.location {
            body["url"] = json!(location);
        }
        let mut response = call::json(self.status, &body);
        if let Some(location) = &self.location {
            call::set(&mut response, "location", location);
        }
        if let Some(seconds) = self.retry_after_s {
            call::set(&mut response, "retry-after", &seconds.to_string());
        }
        response
    }
}
