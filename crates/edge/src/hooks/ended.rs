//! How a delivery ends: one closed list, with each answer's status and sentence.

use crate::answer::Answer;
use crate::front::Phase;
use crate::problem;
use http::{Response, StatusCode};

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

    /// The phase that decided it.
    pub(crate) const fn phase(&self) -> Phase {
        match self {
            Self::Accepted | Self::Duplicate | Self::Later(..) => Phase::Append,
            Self::Malformed(_) | Self::Forged(_) => Phase::Authenticate,
            Self::NoSuchNode => Phase::Route,
            Self::Slow | Self::TooLarge(_) => Phase::Limits,
        }
    }

    /// As the tracker hears it.
    pub(crate) fn answer(&self) -> Response<Answer> {
        match self {
            Self::Accepted | Self::Duplicate => {
                let mut response = Response::new(Answer::empty());
                *response.status_mut() = StatusCode::ACCEPTED;
                response
            }
            Self::Malformed(why) => {
                problem::answer(StatusCode::BAD_REQUEST, "malformed delivery", why)
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
                problem::later(StatusCode::SERVICE_UNAVAILABLE, why, *seconds)
            }
        }
    }
}

#[cfg(test)]
#[path = "ended_tests.rs"]
mod tests;
