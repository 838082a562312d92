//! How a delivery ends: one closed list, with each answer's status and sentence.

use crate::problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Durable.
    Accepted,
    /// Its delivery id is there already.
    Duplicate,
    /// Genuine, but not what the tracker sends.
    Malformed(String),
    /// No signature, or a wrong one, or no secret to check it with.
    Forged(&'static str),
    /// There is provably no such node.
    NoSuchNode,
    /// The body did not arrive in time.
    Slow,
    /// The body is larger than so many bytes.
    TooLarge(usize),
    /// Not now: why, and after how many seconds to try again.
    Later(&'static str, u32),
}

impl Ended {
    /// Its name in metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Malformed(_) => "malformed",
            Self::Forged(_) => "forged",
            Self::NoSuchNode => "no_such_node",
            Self::Slow => "slow",
            Self::TooLarge(_) => "too_large",
            Self::Later(..) => "later",
        }
    }
}

impl IntoResponse for Ended {
    fn into_response(self) -> Response {
        match self {
            Self::Accepted | Self::Duplicate => StatusCode::ACCEPTED.into_response(),
            Self::Malformed(why) => {
                problem::answer(StatusCode::BAD_REQUEST, "malformed delivery", &why)
            }
            Self::Forged(why) => {
                problem::answer(StatusCode::UNAUTHORIZED, "not authenticated", why)
            }
            Self::NoSuchNode => problem::answer(
                StatusCode::NOT_FOUND,
                "no such node",
                "no node of this name is configured here",
            ),
            Self::Slow => problem::answer(
                StatusCode::REQUEST_TIMEOUT,
                "body too slow",
                "the body did not arrive in time",
            ),
            Self::TooLarge(max) => {
                let detail = format!("a delivery has at most {max} bytes");
                problem::answer(StatusCode::PAYLOAD_TOO_LARGE, "body too large", &detail)
            }
            Self::Later(why, seconds) => {
                let mut response =
                    problem::answer(StatusCode::SERVICE_UNAVAILABLE, "try again later", why);
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        }
    }
}
