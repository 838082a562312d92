//! What comes with a request: who sends it, and its body.

use super::fault::Fault;
use super::serve::Site;
use axum::extract::{ConnectInfo, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use std::net::{IpAddr, SocketAddr};

/// Who asks, where the listener knows better than the connection: behind a proxy that it trusts. An extension of the
/// request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub IpAddr);

/// Whether the body is JSON; else it is a form's.
pub(super) fn kind(request: &Request) -> Result<bool, Fault> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(false),
        "application/json" => Ok(true),
        _ => Err(Fault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Not readable",
            "Send a form (application/x-www-form-urlencoded) or application/json.",
        )),
    }
}

/// The body, if it is small and comes soon.
pub(super) async fn body(site: &Site, request: Request) -> Result<Bytes, Fault> {
    let max = site.settings.body_max_bytes;
    let fault = |status, detail: String| Fault::new(status, "Not readable", detail);
    let whole = axum::body::to_bytes(request.into_body(), max);
    match tokio::time::timeout(site.settings.body_within, whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_long(&error) => {
            let detail = format!("It is too long: at most {max} bytes.");
            Err(fault(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Ok(Err(_)) => {
            let detail = "It broke off.".to_owned();
            Err(fault(StatusCode::BAD_REQUEST, detail))
        }
        Err(_) => {
            let detail = "It took too long.".to_owned();
            Err(fault(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    use std::error::Error as _;
    let source = error.source();
    source.is_some_and(|it| it.is::<http_body_util::LengthLimitError>())
}

pub(super) fn caller(request: &Request) -> Option<IpAddr> {
    let extensions = request.extensions();
    let known = extensions.get::<Caller>().map(|it| it.0);
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    known.or_else(|| connected.map(|it| it.0.ip()))
}
