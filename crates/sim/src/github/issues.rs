//! Issues: list, get, create, update, assignees.

use super::Github;
use super::changes::{New, State};
use super::failure::{Failure, Reply};
use super::model::{Issue, Place};
use super::routes::Ask;
use super::{labels, parts};
use crate::call;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

impl Github {
    pub(super) fn route_issues(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        match (&ask.call.method, rest) {
            (&Method::GET, []) => self.list_issues(ask, repo),
            (&Method::POST, []) => self.create_issue(ask, repo),
            (&Method::GET, [number]) => {
                let place = self.place(repo, number, false)?;
                Ok(self.shown_issue(StatusCode::OK, place))
            }
            (&Method::PATCH | &Method::POST, [number]) => {
                let place = self.place(repo, number, false)?;
                self.update_issue(ask, place)
            }
            (_, [number, below @ ..]) => {
                let place = self.place(repo, number, true)?;
                self.route_below_issue(ask, place, below)
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn route_below_issue(&mut self, ask: &Ask<'_>, place: Place, below: &[&str]) -> Reply {
        match (&ask.call.method, below) {
            (_, ["comments"]) => self.route_issue_comments(ask, place),
            (_, ["labels", rest @ ..]) => self.route_issue_labels(ask, place, rest),
            (_, ["parent" | "sub_issues" | "sub_issue"]) => {
                self.route_sub_issues(ask, place, below)
            }
            (&Method::GET, ["events"]) => self.issue_events(ask, place),
            (&Method::GET, ["timeline"]) => self.timeline(ask, place),
            (&Method::POST, ["assignees"]) => self.change_assignees(ask, place, true),
            (&Method::DELETE, ["assignees"]) => self.change_assignees(ask, place, false),
            (&Method::GET, ["assignees", login]) => {
                self.find_person(login).ok_or_else(Failure::not_found)?;
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn shown_issue(&self, status: StatusCode, place: Place) -> http::Response<bytes::Bytes> {
        let (repo, issue) = (self.repo(place), self.issue(place));
        let mut response = call::json(status, &self.issue_whole(repo, issue));
        if status == StatusCode::CREATED {
            call::set(
                &mut response,
                "location",
                &self.issue_url(repo, issue.number),
            );
        }
        response
    }

    fn create_issue(&mut self, ask: &Ask<'_>, repo: usize) -> Reply {
        if !self.repos[repo].has_issues {
            return Err(Failure::issues_disabled());
        }
        let body = ask.object()?;
        let title = match &body["title"] {
            Value::Null => return Err(Failure::invalid_request("\"title\" wasn't supplied.")),
            Value::Number(number) => number.to_string(),
            _ => parts::text(&body, "title")?.unwrap_or_default().to_owned(),
        };
        let mut new = New {
            title: parts::title(&title)?,
            body: parts::text(&body, "body")?
                .map(parts::issue_body)
                .transpose()?,
            milestone: self.milestone_number(repo, &body["milestone"])?,
            kind: parts::issue_type(&body["type"])?,
            ..New::default()
        };
        if !body["labels"].is_null() {
            new.labels = labels::once(parts::label_names(&body["labels"])?);
        }
        if let Some(assignees) = self.wanted_assignees(&body)? {
            new.assignees = assignees;
        }
        self.count_creation(ask.now, &ask.token.secret)?;
        let place = self.create(ask.act(), repo, new);
        Ok(self.shown_issue(StatusCode::CREATED, place))
    }

    /// `assignees`, or the old `assignee`; `None` when neither is named.
    fn wanted_assignees(&self, body: &Value) -> Result<Option<Vec<String>>, Box<Failure>> {
        if !body["assignees"].is_null() {
            return self.logins(&body["assignees"], true).map(Some);
        }
        match body.get("assignee") {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Vec::new())),
            Some(Value::String(login)) if login.is_empty() => Ok(Some(Vec::new())),
            Some(login) => self.logins(&json!([login]), true).map(Some),
        }
    }

    fn update_issue(&mut self, ask: &Ask<'_>, place: Place) -> Reply {
        let body = ask.object()?;
        let title = parts::text(&body, "title")?.map(parts::title).transpose()?;
        let text = parts::text(&body, "body")?
            .map(parts::issue_body)
            .transpose()?;
        let state = wanted_state(&body)?;
        let labels = match &body["labels"] {
            Value::Null => None,
            list => Some(parts::label_names(list)?),
        };
        let assignees = self.wanted_assignees(&body)?;
        let milestone = match body.get("milestone") {
            None => None,
            Some(value) => Some(self.milestone_number(place.0, value)?),
        };
        let kind = body.get("type").map(parts::issue_type).transpose()?;
        let act = ask.act();
        let rebodied = body.get("body").is_some().then_some(text);
        self.set_texts(act, place, title, rebodied);
        if let Some(labels) = labels {
            self.set_labels(act, place, &labels);
        }
        if let Some(assignees) = assignees {
            self.set_assignees(act, place, &assignees);
        }
        if let Some(milestone) = milestone {
            self.set_milestone(act, place, milestone);
        }
        if let Some(kind) = kind {
            self.set_kind(act, place, kind);
        }
        if let Some(state) = state {
            self.set_state(act, place, state, false);
        }
        Ok(self.shown_issue(StatusCode::OK, place))
    }

    fn change_assignees(&mut self, ask: &Ask<'_>, place: Place, add: bool) -> Reply {
        let body = ask.object()?;
        let named = self.logins(&body["assignees"], false)?;
        let mut wanted = self.issue(place).assignees.clone();
        wanted.retain(|login| !named.contains(login));
        if add {
            let old = self.issue(place).assignees.clone();
            wanted = old
                .iter()
                .chain(named.iter().filter(|login| !old.contains(login)))
                .cloned()
                .collect();
            wanted.truncate(10);
        }
        self.set_assignees(ask.act(), place, &wanted);
        let status = if add {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok(self.shown_issue(status, place))
    }

    pub(super) fn list_assignees(&self, ask: &Ask<'_>) -> Reply {
        let people = self
            .accounts
            .values()
            .filter(|account| !account.is_organization);
        Ok(self.paged(ask, people.collect(), |account| self.user(&account.login)))
    }

    fn list_issues(&self, ask: &Ask<'_>, repo: usize) -> Reply {
        let filter = Filter::of(ask)?;
        let repo = &self.repos[repo];
        let mut found: Vec<&Issue> = repo
            .issues
            .values()
            .filter(|issue| repo.offers(issue) && filter.takes(issue))
            .collect();
        match ask.call.param("sort").unwrap_or("created") {
            // Whole seconds, then the number: what the API shows is what it sorts by.
            "updated" => found.sort_by_key(|issue| (issue.updated.floor_to_second(), issue.number)),
            "comments" => found.sort_by_key(|issue| (issue.comments.len(), issue.number)),
            _ => found.sort_by_key(|issue| (issue.created, issue.number)),
        }
        if ask.call.param("direction") != Some("asc") {
            found.reverse();
        }
        Ok(self.paged(ask, found, |issue| self.issue_json(repo, issue)))
    }
}

fn wanted_state(body: &Value) -> Result<Option<State>, Box<Failure>> {
    let reason = parts::text(body, "state_reason")?;
    if let Some(reason) = reason
        .filter(|reason| !["completed", "not_planned", "duplicate", "reopened"].contains(reason))
    {
        return Err(Failure::invalid_field(
            "Issue",
            "state_reason",
            &json!(reason),
        ));
    }
    match parts::text(body, "state")? {
        None => Ok(None),
        Some("open") => Ok(Some(State::Open)),
        Some("closed") => {
            let reason = reason
                .filter(|reason| *reason != "reopened")
                .unwrap_or("completed")
                .to_owned();
            Ok(Some(State::Closed { reason }))
        }
        Some(other) => Err(Failure::invalid_field("Issue", "state", &json!(other))),
    }
}

/// The filters of a repository's issue list.
struct Filter<'a> {
    closed: Option<bool>,
    since: Option<Timestamp>,
    labels: Vec<String>,
    assignee: Option<&'a str>,
    creator: Option<&'a str>,
    milestone: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn of(ask: &'a Ask<'_>) -> Result<Self, Box<Failure>> {
        let param = |name| ask.call.param(name).filter(|value| !value.is_empty());
        let closed = match param("state").unwrap_or("open") {
            "open" => Some(false),
            "closed" => Some(true),
            "all" => None,
            other => return Err(Failure::invalid_field("Issue", "state", &json!(other))),
        };
        let labels = param("labels")
            .unwrap_or_default()
            .split(',')
            .map(|name| name.trim().to_lowercase());
        Ok(Self {
            closed,
            since: since(ask)?,
            labels: labels.filter(|name| !name.is_empty()).collect(),
            assignee: param("assignee"),
            creator: param("creator"),
            milestone: param("milestone"),
        })
    }

    fn takes(&self, issue: &Issue) -> bool {
        let assigned = match self.assignee {
            None => true,
            Some("*") => !issue.assignees.is_empty(),
            Some("none") => issue.assignees.is_empty(),
            Some(login) => issue
                .assignees
                .iter()
                .any(|one| one.eq_ignore_ascii_case(login)),
        };
        let milestone = match self.milestone {
            None => true,
            Some("*") => issue.milestone.is_some(),
            Some("none") => issue.milestone.is_none(),
            Some(number) => issue.milestone.is_some_and(|one| one.to_string() == number),
        };
        issue.is_listed()
            && self
                .closed
                .is_none_or(|closed| issue.closed.is_some() == closed)
            && self
                .since
                .is_none_or(|since| issue.updated.floor_to_second() >= since)
            && self.labels.iter().all(|key| issue.labels.contains(key))
            && self
                .creator
                .is_none_or(|login| issue.author.eq_ignore_ascii_case(login))
            && assigned
            && milestone
    }
}

/// The parameter `since`, in whole seconds as GitHub compares.
pub(super) fn since(ask: &Ask<'_>) -> Result<Option<Timestamp>, Box<Failure>> {
    let Some(text) = ask.call.param("since").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // A '+' in an offset reads as a space when the caller did not escape it.
    let at = Timestamp::parse(&text.replace(' ', "+"))
        .map_err(|_| Failure::invalid_field("Issue", "since", &json!(text)))?;
    Ok(Some(at.floor_to_second()))
}
