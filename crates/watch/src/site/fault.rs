//! What is said when something is not answered: a page for people, problem details (RFC 9457) for programs.

use super::answer::{Answer, answer};
use super::desk::Refused;
use super::document::{HTML, Scene};
use super::view::{Message, message};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// Why something is not answered.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: Cow<'static, str>,
    pub(super) retry_after: Option<Duration>,
    /// What may be done instead.
    pub(super) allow: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(
        status: StatusCode,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
            retry_after: None,
            allow: None,
        }
    }

    pub(super) fn not_found() -> Self {
        let detail = "There is nothing at this address, or it is too long ago to be kept.";
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    pub(super) fn method(allow: &'static str) -> Self {
        let detail = "This cannot be done with what is at this address.";
        let mut fault = Self::new(StatusCode::METHOD_NOT_ALLOWED, "Not possible", detail);
        fault.allow = Some(allow);
        fault
    }

    /// A template failed: our own fault, told once here.
    pub(super) fn own(error: &askama::Error) -> Self {
        tracing::error!(%error, "a page of the status page cannot be made");
        let detail = "This page cannot be made at the moment. It is not your fault.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Our fault", detail)
    }

    /// As problem details.
    pub(super) fn problem(&self) -> Answer {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        self.dressed("application/problem+json", body.to_string())
    }

    /// As a page; as problem details where no page can be made.
    pub(super) fn page(&self, scene: &Scene<'_>, path: &str) -> Answer {
        let said = Message {
            path,
            title: self.title,
            detail: &self.detail,
        };
        match message(scene, &said) {
            Ok(body) => self.dressed(HTML, body),
            Err(error) => {
                tracing::error!(%error, "a page of the status page cannot be made");
                self.problem()
            }
        }
    }

    /// A body of any kind, with what belongs to the fault.
    pub(super) fn dressed(&self, media: &'static str, body: String) -> Answer {
        let mut answer = answer(self.status, media, body);
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            // In whole seconds, and never too early.
            let seconds = after.as_millis().div_ceil(1000).max(1);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        answer
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let (status, title, retry_after) = match &refused {
            Refused::UnknownLink => (StatusCode::NOT_FOUND, "Not a link of ours", None),
            Refused::ExpiredLink { .. } => (StatusCode::GONE, "Too old", None),
            Refused::TooMany { retry_after } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                (status, "Too many", Some(*retry_after))
            }
            Refused::UnknownToken => (StatusCode::UNAUTHORIZED, "Not authenticated", None),
            Refused::UnknownNode => (StatusCode::UNPROCESSABLE_ENTITY, "Not a report yet", None),
            Refused::UnknownReport => (StatusCode::NOT_FOUND, "Not found", None),
            Refused::Full => (StatusCode::SERVICE_UNAVAILABLE, "Full", None),
            Refused::Busy => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                (status, "Not now", Some(Duration::from_secs(5)))
            }
        };
        let mut fault = Self::new(status, title, refused.to_string());
        fault.retry_after = retry_after;
        fault
    }
}

/// Whether a program asks, and no person.
pub(super) fn wants_problem(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|it| it.to_str().ok()).collect();
    let names = |kind: &str| accept.iter().any(|it| it.contains(kind));
    path.starts_with("/api/") || (names("json") && !names("text/html"))
}
