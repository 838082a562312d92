//! The ways in which Azure DevOps refuses, and their shape in JSON.

use crate::call::{json, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The class of the exception, without what stands before it.
    kind: &'static str,
    /// The field that a rule is about, by its reference name.
    field: Option<String>,
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Bytes>, Failure>;

impl Failure {
    /// A refusal.
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            kind,
            field: None,
        }
    }

    /// 400 for a request that makes no sense.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "VssPropertyValidationException",
            message,
        )
    }

    /// 400 for a value that the rules of a field do not allow.
    pub(super) fn rule(reference: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(reference.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "RuleValidationException", message)
        }
    }

    /// 404 for a work item that is not there or not for the caller's eyes: the service does not say which.
    pub(super) fn no_item(id: u64) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "WorkItemUnauthorizedAccessException",
            format!(
                "TF401232: Work item {id} does not exist, or you do not have permissions to read it."
            ),
        )
    }

    /// 404 for anything else.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "VssResourceNotFoundException",
            message,
        )
    }

    /// The answer that the service gives.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let properties = self.field.as_ref().map(|field| {
            json!({"RuleValidationErrors": [{"fieldReferenceName": field, "fieldStatusFlags": "invalid",
                "errorMessage": self.message, "fieldStatusCode": 524_288, "ruleValidationErrors": null}]})
        });
        let mut body = json!({"$id": "1", "innerException": null, "message": self.message,
            "typeName": format!("Microsoft.TeamFoundation.WorkItemTracking.Server.{0}, Microsoft.TeamFoundation.WorkItemTracking.Server", self.kind),
            "typeKey": self.kind, "errorCode": 0, "eventId": 3000});
        if let Some(properties) = properties {
            body["customProperties"] = properties;
        }
        let mut response = json(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            set(
                &mut response,
                "www-authenticate",
                "Basic realm=\"azure-devops\"",
            );
        }
        response
    }
}

/// How the service refuses a caller who has used too much.
///
/// Source: <https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits>.
pub(super) fn throttled(retry_after: Duration) -> Response<Bytes> {
    let message = "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource \
                   'Concurrency' in namespace 'User'.";
    let failure = Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "RequestCanceledException",
        message,
    );
    let mut response = failure.into_response();
    let seconds = retry_after.as_secs().max(1).to_string();
    set(&mut response, "retry-after", &seconds);
    set(&mut response, "x-ratelimit-resource", "Concurrency/User");
    set(&mut response, "x-ratelimit-remaining", "0");
    set(&mut response, "x-ratelimit-limit", "200");
    response
}

/// The page that a browser is shown, with a status that counts as a success: what a caller gets whose credentials are not
/// taken and who did not ask for a status.
pub(super) fn sign_in() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(
        b"<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head></html>",
    ));
    *response.status_mut() = StatusCode::NON_AUTHORITATIVE_INFORMATION;
    set(&mut response, "content-type", "text/html; charset=utf-8");
    response
}

/// A list in the envelope of all lists.
pub(super) fn listed(values: Vec<Value>) -> Response<Bytes> {
    json(
        StatusCode::OK,
        &json!({"count": values.len(), "value": values}),
    )
}
