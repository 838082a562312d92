//! Milestones of a repository.

use super::Github;
use super::failure::{Failure, Reply};
use super::model::Milestone;
use super::parts;
use super::routes::Ask;
use crate::call;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

impl Github {
    pub(super) fn route_milestones(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        let [number] = rest else {
            return match (&ask.call.method, rest) {
                (&Method::GET, []) => Ok(self.list_milestones(ask, repo)),
                (&Method::POST, []) => self.create_milestone(ask, repo),
                _ => Err(Failure::not_found()),
            };
        };
        let number: u64 = number.parse().map_err(|_| Failure::not_found())?;
        if !self.repos[repo].milestones.contains_key(&number) {
            return Err(Failure::not_found());
        }
        match ask.call.method {
            Method::GET => self.shown_milestone(StatusCode::OK, repo, number),
            Method::PATCH | Method::POST => {
                let body = ask.object()?;
                let milestone = self.repos[repo]
                    .milestones
                    .get_mut(&number)
                    .ok_or_else(Failure::not_found)?;
                fill(milestone, &body, ask.now)?;
                self.shown_milestone(StatusCode::OK, repo, number)
            }
            Method::DELETE => {
                self.repos[repo].milestones.remove(&number);
                for issue in self.repos[repo].issues.values_mut() {
                    issue.milestone = issue.milestone.filter(|other| *other != number);
                }
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn list_milestones(&self, ask: &Ask<'_>, repo: usize) -> http::Response<bytes::Bytes> {
        let repo = &self.repos[repo];
        let wanted = ask.call.param("state").unwrap_or("open");
        let takes = |milestone: &&Milestone| match wanted {
            "all" => true,
            "closed" => milestone.closed.is_some(),
            _ => milestone.closed.is_none(),
        };
        let all = repo.milestones.values().filter(takes).collect();
        self.paged(ask, all, |milestone| self.milestone(repo, milestone))
    }

    fn create_milestone(&mut self, ask: &Ask<'_>, repo: usize) -> Reply {
        let body = ask.object()?;
        let Some(title) = parts::text(&body, "title")? else {
            return Err(Failure::invalid_request("\"title\" wasn't supplied."));
        };
        if self.repos[repo]
            .milestones
            .values()
            .any(|other| other.title == title)
        {
            return Err(Failure::validation(
                json!({"resource": "Milestone", "code": "already_exists", "field": "title"}),
            ));
        }
        let number = self.repos[repo]
            .milestones
            .keys()
            .last()
            .map_or(1, |last| last + 1);
        let mut milestone = Milestone {
            id: self.next_id(),
            number,
            title: title.to_owned(),
            description: None,
            creator: ask.token.login.clone(),
            closed: None,
            due: None,
            created: ask.now,
            updated: ask.now,
        };
        fill(&mut milestone, &body, ask.now)?;
        self.repos[repo].milestones.insert(number, milestone);
        self.shown_milestone(StatusCode::CREATED, repo, number)
    }

    fn shown_milestone(&self, status: StatusCode, repo: usize, number: u64) -> Reply {
        let repo = &self.repos[repo];
        let milestone = repo
            .milestones
            .get(&number)
            .ok_or_else(Failure::not_found)?;
        let body = self.milestone(repo, milestone);
        let mut response = call::json(status, &body);
        if status == StatusCode::CREATED {
            call::set(
                &mut response,
                "location",
                body["url"].as_str().unwrap_or_default(),
            );
        }
        Ok(response)
    }
}

fn fill(milestone: &mut Milestone, body: &Value, now: Timestamp) -> Result<(), Box<Failure>> {
    let state = parts::text(body, "state")?;
    let due = match parts::text(body, "due_on")? {
        None => None,
        Some(text) => {
            let at = Timestamp::parse(text)
                .map_err(|_| Failure::invalid_field("Milestone", "due_on", &json!(text)))?;
            Some(at.floor_to_second().to_string())
        }
    };
    if let Some(title) = parts::text(body, "title")? {
        title.clone_into(&mut milestone.title);
    }
    if let Some(description) = parts::text(body, "description")? {
        milestone.description = Some(description.to_owned());
    }
    if body.get("due_on").is_some() {
        milestone.due = due;
    }
    match state {
        Some("closed") => milestone.closed = milestone.closed.or(Some(now)),
        Some("open") => milestone.closed = None,
        _ => {}
    }
    milestone.updated = now;
    Ok(())
}
