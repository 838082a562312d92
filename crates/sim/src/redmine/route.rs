//! Who asks, which operation answers, and how Redmine refuses.

use super::Redmine;
use super::model::Issue;
use super::site::{TextFormatting, User};
use crate::call::{Call, empty, json, set};
use crate::seeds::ROBOT;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use twinline_core::time::Timestamp;

/// A refused request. Only 422 has a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Unauthorized,
    Forbidden,
    NotFound,
    BadRequest,
    /// What is wrong, in sentences.
    Invalid(Vec<String>),
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Bytes>, Failure>;

impl Failure {
    pub(super) fn into_response(self) -> Response<Bytes> {
        match self {
            Self::Unauthorized => {
                let mut response = empty(StatusCode::UNAUTHORIZED);
                set(
                    &mut response,
                    "www-authenticate",
                    "Basic realm=\"Redmine API\"",
                );
                response
            }
            Self::Forbidden => empty(StatusCode::FORBIDDEN),
            Self::NotFound => empty(StatusCode::NOT_FOUND),
            Self::BadRequest => empty(StatusCode::BAD_REQUEST),
            Self::Invalid(errors) => {
                json(StatusCode::UNPROCESSABLE_ENTITY, &json!({"errors": errors}))
            }
        }
    }
}

/// A request and who makes it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    /// Whole seconds.
    pub(super) now: Timestamp,
    pub(super) caller: User,
}

impl Asked<'_> {
    /// `offset` and `limit`: 25 when absent, at most 100. What is not a number counts as absent.
    pub(super) fn page(&self) -> (usize, usize) {
        let number = |name: &str| self.call.param(name).and_then(|text| text.parse().ok());
        let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(25);
        (number("offset").unwrap_or(0), limit.min(100))
    }

    /// Whether the caller may make notes private.
    pub(super) const fn may_hide_notes(&self) -> bool {
        self.caller.admin || self.caller.sets_private_notes
    }

    /// Whether `include` names something.
    pub(super) fn includes(&self, what: &str) -> bool {
        let include = self.call.param("include").unwrap_or_default();
        include.split(',').any(|each| each.trim() == what)
    }

    /// The object under a key of the body.
    pub(super) fn object(
        &self,
        name: &str,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
        let body = self.call.json().map_err(|_| Failure::BadRequest)?;
        Ok(body
            .get(name)
            .and_then(|value| value.as_object())
            .cloned()
            .unwrap_or_default())
    }
}

impl Redmine {
    pub(super) fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let path = call.path();
        let Some((last, before)) = path.split_last() else {
            return Err(Failure::NotFound);
        };
        if let ["attachments", "download", id, ..] = path.as_slice() {
            self.caller(call).ok_or(Failure::Unauthorized)?;
            return self.download(id);
        }
        let Some(last) = last.strip_suffix(".json") else {
            return self.page(call);
        };
        let mut caller = self.caller(call).ok_or(Failure::Unauthorized)?.clone();
        if self.kept_from_robot && caller.login == ROBOT {
            caller.admin = false;
            caller.sees_private_notes = false;
        }
        let asked = Asked { call, now, caller };
        let rest: Vec<&str> = before.iter().copied().chain([last]).collect();
        match (call.method.as_str(), rest.as_slice()) {
            ("GET", ["issues"]) => self.list_issues(&asked, None),
            ("GET", ["projects", project, "issues"]) => self.list_issues(&asked, Some(project)),
            ("POST", ["issues"]) => self.create_issue(&asked, None),
            ("POST", ["projects", project, "issues"]) => self.create_issue(&asked, Some(project)),
            ("GET", ["issues", id]) => self.get_issue(&asked, id),
            ("PUT" | "PATCH", ["issues", id]) => self.update_issue(&asked, id),
            ("DELETE", ["issues", id]) => self.delete_issue(id),
            ("PUT" | "PATCH", ["journals", id]) => self.update_journal(&asked, id),
            ("POST", ["uploads"]) => self.upload(&asked),
            ("DELETE", ["attachments", id]) => self.delete_file(&asked, id),
            _ => self.route_places(&asked, rest.as_slice()),
        }
    }

    fn route_places(&self, asked: &Asked<'_>, rest: &[&str]) -> Answer {
        match (asked.call.method.as_str(), rest) {
            ("GET", ["users", "current"]) => Ok(self.current_user(asked)),
            ("GET", ["users"]) => self.list_users(asked),
            ("GET", ["roles", id]) => Self::get_role(id),
            ("GET", ["users", id]) => self.get_user(asked, id),
            ("GET", ["projects"]) => Ok(self.list_projects(asked)),
            ("GET", ["projects", project]) => self.get_project(asked, project),
            ("GET", ["projects", project, "memberships"]) => self.list_memberships(asked, project),
            ("GET", ["trackers"]) => Ok(self.list_trackers()),
            ("GET", ["issue_statuses"]) => Ok(self.list_statuses()),
            ("GET", ["enumerations", "issue_priorities"]) => Ok(self.list_priorities()),
            ("GET", ["custom_fields"]) => self.list_custom_fields(asked),
            _ => Err(Failure::NotFound),
        }
    }

    /// An issue's own page, which answers to an API key as the API does: as much of it as tells the notation of its editor.
    fn page(&self, call: &Call<'_>) -> Answer {
        let path = call.path();
        let ("GET", ["issues", id]) = (call.method.as_str(), path.as_slice()) else {
            return Err(Failure::NotFound);
        };
        if self.caller(call).is_none() {
            let mut to_login = empty(StatusCode::FOUND);
            set(&mut to_login, "location", "/login");
            return Ok(to_login);
        }
        let issue = self.visible(id)?;
        let editor = match self.site.text_formatting {
            TextFormatting::Textile => "textile",
            TextFormatting::Markdown => "markdown",
        };
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>#{}</title>\n\
             <script src=\"/javascripts/jstoolbar/jstoolbar.js\"></script>\n\
             <script src=\"/javascripts/jstoolbar/{editor}.js\"></script>\n</head>\n<body><p>{}</p></body>\n</html>\n",
            issue.id,
            issue.description.replace('&', "&amp;").replace('<', "&lt;")
        );
        let mut response = Response::new(Bytes::from(page));
        set(&mut response, "content-type", "text/html; charset=utf-8");
        Ok(response)
    }

    /// The account of an API key: in the header, in the address, or as the name in Basic authentication.
    fn caller(&self, call: &Call<'_>) -> Option<&User> {
        use base64::Engine;
        let basic = call.header("authorization").and_then(|header| {
            let encoded = header.strip_prefix("Basic ")?;
            let decoded = base64::engine::general_purpose::STANDARD
                .decode(encoded)
                .ok()?;
            let text = String::from_utf8(decoded).ok()?;
            text.split_once(':').map(|(name, _)| name.to_owned())
        });
        let key = call.header("x-redmine-api-key").or(call.param("key"));
        let key = key.map(str::to_owned).or(basic)?;
        self.site
            .users
            .iter()
            .find(|user| user.api_key.as_deref() == Some(key.as_str()))
    }

    /// An issue that the API may show.
    pub(super) fn visible(&self, id: &str) -> Result<&Issue, Failure> {
        let issue = id
            .parse()
            .ok()
            .and_then(|id| self.find(id))
            .ok_or(Failure::NotFound)?;
        match issue.hidden {
            None => Ok(issue),
            Some(404) => Err(Failure::NotFound),
            Some(_) => Err(Failure::Forbidden),
        }
    }
}
