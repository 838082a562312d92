//! Why a request got no answer from a host: one closed list, with each answer's status and sentence.

use super::headers::BadHead;
use crate::problem;
use http::{Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// Why a request got no answer from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The request cannot be passed on.
    BadHead(BadHead),
    /// Its body is larger than so many bytes.
    TooLarge(u64),
    /// Its body did not arrive in time.
    SlowBody,
    /// No host is known that could answer it.
    NoHost,
    /// All places at the host are taken.
    Full(Arc<str>),
    /// The host failed several times in a row and is left alone for so long.
    Ejected(Arc<str>, Duration),
    /// The host could not be reached: nothing was sent.
    Unreachable(Arc<str>),
    /// The host did not begin to answer in time.
    Silent(Arc<str>),
    /// The host broke off.
    Broken(Arc<str>),
}

impl Refused {
    /// As the caller hears it.
    pub(crate) fn answer<B: From<String>>(&self) -> Response<B> {
        let later = |detail: &str, after_s| {
            problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, after_s)
        };
        match self {
            Self::BadHead(BadHead::Host) => problem::answer(
                StatusCode::BAD_REQUEST,
                "no such request",
                "name one host in the Host header",
            ),
            Self::BadHead(BadHead::Method) => problem::answer(
                StatusCode::METHOD_NOT_ALLOWED,
                "not possible",
                "CONNECT is not possible here",
            ),
            Self::TooLarge(max) => {
                let detail = format!("a request's body has at most {max} bytes");
                problem::answer(StatusCode::PAYLOAD_TOO_LARGE, "body too large", &detail)
            }
            Self::SlowBody => problem::answer(
                StatusCode::REQUEST_TIMEOUT,
                "body too slow",
                "the body did not arrive in time",
            ),
            Self::NoHost => later("no host is known that could answer this", 2),
            Self::Full(host) => later(
                &format!("host {host} has as many requests as it may have"),
                1,
            ),
            Self::Ejected(host, wait) => {
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
                let detail =
                    format!("host {host} failed several times and is left alone for a while");
                later(&detail, seconds.saturating_add(1))
            }
            Self::Unreachable(host) => later(&format!("host {host} cannot be reached"), 1),
            Self::Silent(host) => problem::answer(
                StatusCode::GATEWAY_TIMEOUT,
                "no answer",
                &format!(
                    "host {host} did not answer in time; the request may have been carried out"
                ),
            ),
            Self::Broken(host) => problem::answer(
                StatusCode::BAD_GATEWAY,
                "no answer",
                &format!("host {host} broke off; the request may have been carried out"),
            ),
        }
    }
}
