//! Comments of issues.

use super::Github;
use super::failure::{Failure, Reply};
use super::issues::since;
use super::model::{Comment, Issue, Place};
use super::parts;
use super::routes::Ask;
use crate::call;
use http::{Method, StatusCode};

impl Github {
    /// `/issues/{number}/comments`.
    pub(super) fn route_issue_comments(&mut self, ask: &Ask<'_>, place: Place) -> Reply {
        match ask.call.method {
            Method::GET => {
                let since = since(ask)?;
                let (repo, issue) = (self.repo(place), self.issue(place));
                let young = |comment: &&Comment| {
                    since.is_none_or(|since| comment.updated.floor_to_second() >= since)
                };
                let found = issue.comments.iter().filter(young).collect();
                Ok(self.paged(ask, found, |comment| self.comment(repo, issue, comment)))
            }
            Method::POST => {
                let body = parts::comment_body(&ask.object()?)?;
                self.count_creation(ask.now, &ask.token.secret)?;
                let id = self.add_comment(ask.act(), place, body);
                self.shown_comment(StatusCode::CREATED, id)
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// `/issues/comments` and `/issues/comments/{id}`.
    pub(super) fn route_comments(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        let [id] = rest else {
            return match (&ask.call.method, rest) {
                (&Method::GET, []) => self.list_comments(ask, repo),
                _ => Err(Failure::not_found()),
            };
        };
        let id: u64 = id.parse().map_err(|_| Failure::not_found())?;
        let (place, index) = self.find_comment(id).ok_or_else(Failure::not_found)?;
        let seen = self.repos[repo].offers(self.issue(place));
        if place.0 != repo || !seen || self.issue(place).hidden.is_some() {
            return Err(Failure::not_found());
        }
        match ask.call.method {
            Method::GET => self.shown_comment(StatusCode::OK, id),
            Method::PATCH | Method::POST => {
                let body = parts::comment_body(&ask.object()?)?;
                self.edit_comment(ask.act(), place, index, body);
                self.shown_comment(StatusCode::OK, id)
            }
            Method::DELETE => {
                self.delete_comment(ask.act(), place, index);
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// Where a comment is: its issue, and its index there.
    pub(super) fn find_comment(&self, id: u64) -> Option<(Place, usize)> {
        let place = *self.comment_places.get(&id)?;
        let comments = &self.issue(place).comments;
        let index = comments
            .binary_search_by_key(&id, |comment| comment.id)
            .ok()?;
        Some((place, index))
    }

    fn shown_comment(&self, status: StatusCode, id: u64) -> Reply {
        let (place, index) = self.find_comment(id).ok_or_else(Failure::not_found)?;
        let (repo, issue) = (self.repo(place), self.issue(place));
        let body = self.comment(repo, issue, &issue.comments[index]);
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

    fn list_comments(&self, ask: &Ask<'_>, repo: usize) -> Reply {
        let since = since(ask)?;
        let repo = &self.repos[repo];
        let issues = repo.issues.values();
        let issues = issues.filter(|issue| repo.offers(issue) && issue.is_listed());
        let each =
            issues.flat_map(|issue| issue.comments.iter().map(move |comment| (issue, comment)));
        let young = |(_, comment): &(&Issue, &Comment)| {
            since.is_none_or(|since| comment.updated.floor_to_second() >= since)
        };
        let mut found: Vec<(&Issue, &Comment)> = each.filter(young).collect();
        match ask.call.param("sort") {
            Some("updated") => {
                found.sort_by_key(|(_, comment)| (comment.updated.floor_to_second(), comment.id));
            }
            _ => found.sort_by_key(|(_, comment)| comment.id),
        }
        // Without `sort` the direction is ignored, and the oldest come first.
        if ask.call.param("sort").is_some() && ask.call.param("direction") != Some("asc") {
            found.reverse();
        }
        Ok(self.paged(ask, found, |(issue, comment)| {
            self.comment(repo, issue, comment)
        }))
    }
}
