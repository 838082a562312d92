//! RFC 9457 problem details.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

/// An answer that says what went wrong.
pub(crate) fn answer(status: StatusCode, title: &str, detail: &str) -> Response {
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    )
        .into_response()
}
