//! From a request to a route and back: who calls, how often, which address, which headers.

use super::changes::Act;
use super::failure::{Failure, Reply};
use super::model::Place;
use super::{Github, Token};
use crate::call::{self, Call};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use twinline_core::time::Timestamp;

const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// A request with who makes it and when.
pub(super) struct Ask<'a> {
    pub(super) now: Timestamp,
    pub(super) call: &'a Call<'a>,
    pub(super) token: &'a Token,
}

impl Ask<'_> {
    pub(super) fn act(&self) -> Act<'_> {
        Act {
            now: self.now,
            by: &self.token.login,
        }
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Value, Box<Failure>> {
        match self.call.json() {
            Ok(body @ Value::Object(_)) => Ok(body),
            Ok(_) => Err(Failure::bad_request("Body should be a JSON object")),
            Err(_) => Err(Failure::bad_request("Problems parsing JSON")),
        }
    }

    pub(super) fn must_write(&self) -> Result<(), Box<Failure>> {
        if self.token.may_write {
            return Ok(());
        }
        Err(Failure::forbidden())
    }
}

impl Github {
    pub(super) fn answer(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        self.requests += 1;
        let call = Call::new(request);
        if let Some(page) = self.web_page(&call) {
            return page;
        }
        let first = call.segments.first().map(String::as_str);
        let (search, by_app) = (first == Some("search"), first == Some("app"));
        let token = self.authenticate(now, &call);
        let secret = token
            .as_ref()
            .map_or_else(|_| String::new(), |token| token.secret.clone());
        let reply = match by_app {
            true => self.route_app(now, &call),
            false => token.and_then(|token| self.admit(now, &call, &token, search)),
        };
        let mut response = match reply {
            Ok(response) => self.tagged(&call, &secret, response),
            Err(failure) => failure.into_response(),
        };
        self.set_rate_headers(now, &secret, search, &mut response);
        let id = format!("51AA:{:04X}:{:08X}", self.requests >> 16, self.requests);
        call::set(&mut response, "x-github-request-id", &id);
        call::set(&mut response, "x-github-api-version-selected", VERSIONS[0]);
        call::set(
            &mut response,
            "x-github-media-type",
            "github.v3; format=json",
        );
        call::set(&mut response, "server", "github.com");
        call::set(&mut response, "date", &call::http_date(now));
        response
    }

    fn admit(&mut self, now: Timestamp, call: &Call<'_>, token: &Token, search: bool) -> Reply {
        if let Some(version) = call.header("x-github-api-version")
            && !VERSIONS.contains(&version)
        {
            let message = format!("The API version '{version}' is not supported");
            return Err(Failure::bad_request(&message));
        }
        let accept = call.header("accept").unwrap_or("*/*");
        if !["json", "*/*", "application/vnd.github"]
            .iter()
            .any(|part| accept.contains(part))
        {
            return Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported 'Accept' header: Must accept 'application/json'.",
            ));
        }
        if call
            .segments
            .first()
            .is_some_and(|part| part == "rate_limit")
        {
            return Ok(call::json(
                StatusCode::OK,
                &self.rate_limit(now, &token.secret),
            ));
        }
        self.count_request(now, &token.secret, search)?;
        self.route(&Ask { now, call, token })
    }

    fn authenticate(&self, now: Timestamp, call: &Call<'_>) -> Result<Token, Box<Failure>> {
        let unauthorized = |message| Err(Failure::new(StatusCode::UNAUTHORIZED, message));
        let Some(header) = call.header("authorization") else {
            return unauthorized("Requires authentication");
        };
        let sent = header.split_once(' ').filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        });
        let found = self
            .tokens
            .iter()
            .find(|token| sent.is_some_and(|(_, secret)| secret == token.secret));
        let given = sent.and_then(|(_, secret)| self.apps.token(now, secret));
        found
            .cloned()
            .or(given)
            .map_or_else(|| unauthorized("Bad credentials"), Ok)
    }

    fn route(&mut self, ask: &Ask<'_>) -> Reply {
        let path = ask.call.path();
        match (&ask.call.method, path.as_slice()) {
            // An installation is nobody.
            (&Method::GET, ["user"]) if self.apps.is_given(&ask.token.secret) => Err(Failure::new(
                StatusCode::FORBIDDEN,
                "Resource not accessible by integration",
            )),
            (&Method::GET, ["installation", "repositories"])
                if self.apps.is_given(&ask.token.secret) =>
            {
                Ok(call::json(StatusCode::OK, &self.reachable()))
            }
            (&Method::GET, ["user"]) => {
                let account = self
                    .accounts
                    .get(&ask.token.login)
                    .ok_or_else(Failure::not_found)?;
                Ok(call::json(StatusCode::OK, &self.account(account, true)))
            }
            (&Method::GET, ["users", login]) => {
                let login = self.find_person(login).ok_or_else(Failure::not_found)?;
                let account = self.accounts.get(&login).ok_or_else(Failure::not_found)?;
                Ok(call::json(StatusCode::OK, &self.account(account, false)))
            }
            (&Method::GET, ["search", "issues"]) => self.search(ask),
            (_, ["repos", owner, name, rest @ ..]) => {
                let repo = self.find_repo(owner, name).ok_or_else(Failure::not_found)?;
                if !matches!(ask.call.method, Method::GET | Method::HEAD)
                    && rest.first() != Some(&"hooks")
                {
                    ask.must_write()?;
                }
                self.route_repo(ask, repo, rest)
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn route_repo(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        match (&ask.call.method, rest) {
            (&Method::GET, []) => {
                let (write, admin) = (ask.token.may_write, ask.token.may_manage_hooks);
                let body = self.repository_whole(&self.repos[repo], write, admin);
                Ok(call::json(StatusCode::OK, &body))
            }
            (_, ["hooks", rest @ ..]) => self.route_hooks(ask, repo, rest),
            (_, ["labels", rest @ ..]) => self.route_labels(ask, repo, rest),
            (_, ["milestones", rest @ ..]) => self.route_milestones(ask, repo, rest),
            (_, ["issues", "comments", rest @ ..]) => self.route_comments(ask, repo, rest),
            (&Method::GET, ["issues", "events", rest @ ..]) => self.repo_events(ask, repo, rest),
            (_, ["issues", rest @ ..]) => self.route_issues(ask, repo, rest),
            (&Method::GET, ["issue-types"]) => {
                let names = super::ISSUE_TYPES.iter().map(|(name, _, _)| *name);
                let types = names.map(|name| super::render::issue_type(Some(name)));
                Ok(call::json(StatusCode::OK, &types.collect()))
            }
            (&Method::GET, ["assignees"]) => self.list_assignees(ask),
            (&Method::GET, ["assignees", login]) => {
                self.find_person(login).ok_or_else(Failure::not_found)?;
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// The issue that an address names, or the answer for one that is not there: 301 after a transfer, 410 after a
    /// deletion. What lies below a transferred issue is not redirected but gone.
    pub(super) fn place(
        &self,
        repo: usize,
        number: &str,
        below: bool,
    ) -> Result<Place, Box<Failure>> {
        let number: u64 = number.parse().map_err(|_| Failure::not_found())?;
        let issue = self.repos[repo]
            .issues
            .get(&number)
            .ok_or_else(Failure::not_found)?;
        if !self.repos[repo].offers(issue) {
            return Err(Failure::issues_disabled());
        }
        if issue.deleted {
            return Err(Failure::new(StatusCode::GONE, "This issue was deleted"));
        }
        if let Some(to) = issue.moved_to {
            if below || self.final_place(to).is_none() {
                return Err(Failure::not_found());
            }
            return Err(Failure::moved(self.issue_url(self.repo(to), to.1)));
        }
        match issue.hidden {
            None => Ok((repo, number)),
            Some(403) => Err(Failure::forbidden()),
            Some(_) => Err(Failure::not_found()),
        }
    }

    /// Where a chain of transfers ends, if the issue can be seen there.
    pub(super) fn final_place(&self, mut place: Place) -> Option<Place> {
        while let Some(next) = self.issue(place).moved_to {
            place = next;
        }
        self.issue(place).hidden.is_none().then_some(place)
    }

    /// Adds the ETag of a read; answers 304 to a caller who has that state already.
    fn tagged(
        &mut self,
        call: &Call<'_>,
        token: &str,
        mut response: Response<Bytes>,
    ) -> Response<Bytes> {
        if call.method != Method::GET || response.status() != StatusCode::OK {
            return response;
        }
        let tag = format!("W/\"{}\"", hex::encode(Sha256::digest(response.body())));
        let known = call
            .header("if-none-match")
            .is_some_and(|tags| tags.contains(&tag));
        if known {
            self.uncount_request(token);
            response = call::empty(StatusCode::NOT_MODIFIED);
        }
        call::set(&mut response, "etag", &tag);
        call::set(
            &mut response,
            "cache-control",
            "private, max-age=60, s-maxage=60",
        );
        response
    }

    /// An issue's web address leads to the simulator's page.
    fn web_page(&self, call: &Call<'_>) -> Option<Response<Bytes>> {
        let path = call.path();
        let (&Method::GET, [owner, name, "issues" | "pull", number]) =
            (&call.method, path.as_slice())
        else {
            return None;
        };
        if *owner == "repos" {
            return None;
        }
        self.find_repo(owner, name)?;
        let key = format!("{owner}/{name}#{number}");
        let key = percent_encoding::utf8_percent_encode(&key, percent_encoding::NON_ALPHANUMERIC);
        let mut response = call::empty(StatusCode::FOUND);
        call::set(&mut response, "location", &format!("/_sim/item?key={key}"));
        Some(response)
    }
}
