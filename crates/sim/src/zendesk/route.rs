//! Who asks, and which operation answers.

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::seed::{API_TOKEN, OAUTH_TOKEN};
use super::site::{Role, User};
use crate::call::Call;
use crate::seeds::ROBOT;
use base64::Engine;
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use twinline_core::time::Timestamp;

/// A request and who makes it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    /// Whole seconds.
    pub(super) now: Timestamp,
    pub(super) caller: User,
    base_url: String,
}

impl Asked<'_> {
    /// The body as JSON; none is `null`.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        let unreadable = |_| {
            Failure::bad(
                "Unprocessable",
                "Server could not parse JSON. Please see our API documentation.",
            )
        };
        self.call.json().map_err(unreadable)
    }

    /// The object under a key of the body.
    pub(super) fn object(&self, name: &str) -> Result<Map<String, Value>, Failure> {
        let body = self.body()?;
        let object = body.get(name).and_then(Value::as_object).cloned();
        object.ok_or_else(|| Failure::bad("InvalidRequest", format!("{name}: is missing")))
    }

    /// The address that was asked, with other parameters of paging.
    pub(super) fn url(&self, paging: &[(&str, &str)]) -> String {
        const PAGING: [&str; 5] = ["page", "per_page", "page[size]", "page[after]", "cursor"];
        let kept = self.call.query.iter();
        let kept = kept.filter(|(name, _)| !PAGING.contains(&name.as_str()));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).extend_pairs(paging);
        let path = self.call.path().join("/");
        format!("{}/{path}?{}", self.base_url, query.finish())
    }

    /// Whether a list asks for something beside it.
    pub(super) fn includes(&self, what: &str) -> bool {
        let include = self.call.param("include").unwrap_or_default();
        include.split(',').any(|each| each.trim() == what)
    }

    /// Refuses all but administrators.
    pub(super) fn admin(&self) -> Result<(), Failure> {
        match self.caller.role {
            Role::Admin => Ok(()),
            Role::Agent | Role::EndUser => Err(Failure::Forbidden),
        }
    }
}

impl Zendesk {
    /// Answers a request, with the headers of every answer.
    pub(super) fn answer(&mut self, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
        let limits = self.site.limits;
        let counted = self.usage.count(now, limits);
        let answer = counted.and_then(|()| self.route(now, call));
        let mut response = answer.unwrap_or_else(Failure::into_response);
        self.usage.show(now, limits, &mut response);
        crate::call::set(&mut response, "date", &crate::call::http_date(now));
        response
    }

    fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let path = call.path();
        if let ["attachments", "token", secret, ..] = path.as_slice() {
            return self.file_content(call, secret);
        }
        let ["api", "v2", rest @ ..] = path.as_slice() else {
            return Err(Failure::NotFound);
        };
        let caller = self.caller(call).ok_or(Failure::Unauthorized)?.clone();
        if caller.role == Role::EndUser {
            return Err(Failure::Forbidden);
        }
        let asked = Asked {
            call,
            now,
            caller,
            base_url: self.base_url.clone(),
        };
        // Addresses may end in `.json`.
        let rest: Vec<&str> = rest
            .iter()
            .map(|part| part.strip_suffix(".json").unwrap_or(part))
            .collect();
        match rest.as_slice() {
            ["tickets", below @ ..] => self.route_tickets(&asked, below),
            ["uploads"] if call.method == http::Method::POST => self.upload(&asked),
            ["attachments", id] if call.method == http::Method::GET => self.get_file(id),
            ["incremental", "tickets", "cursor"] => self.export(&asked),
            ["deleted_tickets", below @ ..] => self.route_deleted(&asked, below),
            ["comment_redactions", id] => self.redact(&asked, id),
            ["search", below @ ..] => self.route_search(&asked, below),
            ["webhooks", below @ ..] => self.route_webhooks(&asked, below),
            places => self.route_places(&asked, places),
        }
    }

    fn route_tickets(&mut self, asked: &Asked<'_>, below: &[&str]) -> Answer {
        match (asked.call.method.as_str(), below) {
            ("GET", []) => self.list_tickets(asked),
            ("POST", []) => self.create_ticket(asked),
            ("GET", ["show_many"]) => Ok(self.show_many(asked)),
            ("GET", [id]) => self.get_ticket(asked, id),
            ("PUT", [id]) => self.update_ticket(asked, id),
            ("DELETE", [id]) => self.delete_ticket(asked, id),
            ("PUT" | "DELETE" | "POST", [id, "tags"]) => self.change_tags(asked, id),
            ("GET", [id, "tags"]) => self.get_tags(id),
            ("GET", [id, "comments"]) => self.list_comments(asked, id),
            ("PUT", [id, "comments", comment, "make_private"]) => {
                self.make_private(asked, id, comment)
            }
            ("GET", [id, "audits"]) => self.list_audits(asked, id),
            ("POST", [id, "merge"]) => self.merge(asked, id),
            _ => Err(Failure::NotFound),
        }
    }

    /// The account of an API token, sent as `{email}/token:{token}`, or of an OAuth token.
    fn caller(&self, call: &Call<'_>) -> Option<&User> {
        let header = call.header("authorization")?;
        if let Some(token) = header.strip_prefix("Bearer ") {
            return (token == OAUTH_TOKEN)
                .then(|| self.site.person(ROBOT))
                .flatten();
        }
        let encoded = header.strip_prefix("Basic ")?;
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (user, token) = text.split_once(':')?;
        let email = user.strip_suffix("/token")?;
        let mut users = self.site.users.iter();
        users.find(|user| user.email.eq_ignore_ascii_case(email) && token == API_TOKEN)
    }
}
