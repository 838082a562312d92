//! RFC 9457 problem details.

use http::{HeaderValue, Response, StatusCode, header};

/// An answer that says what went wrong.
pub(crate) fn answer<B: From<String>>(
    status: StatusCode,
    title: &str,
    detail: &str,
) -> Response<B> {
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let mut response = Response::new(B::from(body.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The same, to be tried again after so many seconds.
pub(crate) fn later<B: From<String>>(
    status: StatusCode,
    detail: &str,
    after_s: u32,
) -> Response<B> {
    let mut response = answer(status, "try again later", detail);
    let after = HeaderValue::from(after_s);
    response.headers_mut().insert(header::RETRY_AFTER, after);
    response
}
