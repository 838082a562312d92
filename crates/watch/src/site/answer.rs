//! Answers: what every one has on it.

use super::identity::etag;
use super::place::Place;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// An answer that is known whole.
pub(super) type Answer = http::Response<Bytes>;

/// Nothing but what comes from here is loaded, no script runs, and no other page shows this one inside itself.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// On every answer.
const ALWAYS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    // A link that acknowledges is a secret.
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
];

pub(super) fn answer(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(body.into());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// A body that was made before, with its tag.
#[derive(Clone, Debug)]
pub(super) struct Made {
    media: &'static str,
    body: Bytes,
    etag: HeaderValue,
}

impl Made {
    pub(super) fn new(media: &'static str, body: String) -> Self {
        // Hexadecimal digits in quotes.
        let etag = HeaderValue::from_str(&etag(&body));
        Self {
            media,
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
            body: body.into(),
        }
    }

    /// 304 for who has it already.
    pub(super) fn answer(&self, place: &Place, asked: &HeaderMap) -> Answer {
        let mut answer = if is_known(asked, &self.etag) {
            let mut answer = Answer::new(Bytes::new());
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer
        } else {
            answer(StatusCode::OK, self.media, self.body.clone())
        };
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, kept_for(place));
        answer
    }
}

/// Whether one of the tags that the caller has is this one, compared weakly (RFC 9110, 13.1.2).
fn is_known(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let known = asked.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|it| it.to_str().ok());
    let mut known = known.flat_map(|it| it.split(',')).map(str::trim);
    known.any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it).as_bytes() == etag.as_bytes())
}

const fn kept_for(place: &Place) -> HeaderValue {
    HeaderValue::from_static(match place {
        Place::Style | Place::Icon | Place::Embed => "public, max-age=300",
        Place::Report | Place::Reported | Place::Subscribe | Place::Subscribed => "no-cache",
        Place::Acknowledge(_) | Place::Confirm(_) | Place::Leave(_) => "no-store",
        _ => "public, max-age=10",
    })
}

/// For whoever has the address, and nobody after them.
pub(super) fn never_kept(answer: &mut Answer) {
    let never = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, never);
}

/// What may be done at a place, and from which origins.
pub(super) fn options(place: &Place) -> Answer {
    let mut answer = Answer::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let methods = HeaderValue::from_static(place.methods());
    let headers = answer.headers_mut();
    headers.insert(header::ALLOW, methods);
    if place.is_for_all_origins() {
        let reading = HeaderValue::from_static("GET, HEAD");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, reading);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(86_400));
    }
    answer
}

/// Elsewhere, to be fetched.
pub(super) fn see_other(location: &str) -> Answer {
    redirect(StatusCode::SEE_OTHER, location)
}

/// Elsewhere, for good.
pub(super) fn moved(location: &str) -> Answer {
    redirect(StatusCode::PERMANENT_REDIRECT, location)
}

fn redirect(status: StatusCode, location: &str) -> Answer {
    let mut answer = Answer::new(Bytes::new());
    *answer.status_mut() = status;
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

/// With what every answer has, and without the body that a `HEAD` is not given.
pub(super) fn finish(answer: Answer, method: &Method, place: Option<&Place>) -> Response {
    let (mut parts, body) = answer.into_parts();
    for (name, value) in ALWAYS {
        let name = HeaderName::from_static(name);
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    let for_all = place.is_some_and(Place::is_for_all_origins);
    let policy = if for_all {
        "cross-origin"
    } else {
        "same-origin"
    };
    let name = HeaderName::from_static("cross-origin-resource-policy");
    parts.headers.insert(name, HeaderValue::from_static(policy));
    if for_all {
        let any = HeaderValue::from_static("*");
        parts
            .headers
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    }
    if place.is_some_and(Place::is_secret) {
        let name = HeaderName::from_static("x-robots-tag");
        parts
            .headers
            .insert(name, HeaderValue::from_static("noindex"));
    }
    let has_no_body = matches!(
        parts.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if !has_no_body {
        let length = HeaderValue::from(body.len());
        parts.headers.insert(header::CONTENT_LENGTH, length);
    }
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => Body::from(body),
    };
    Response::from_parts(parts, body)
}
