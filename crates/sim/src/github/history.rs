//! Issue events and the timeline.

use super::Github;
use super::failure::{Failure, Reply};
use super::model::{Event, Issue, Place};
use super::render_repo::extend;
use super::routes::Ask;
use crate::call;
use http::StatusCode;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

impl Github {
    /// `/issues/events` and `/issues/events/{id}`: the youngest first, each with its issue.
    pub(super) fn repo_events(&self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        let repo = &self.repos[repo];
        let issues = repo.issues.values().filter(|issue| issue.is_listed());
        let each = issues.flat_map(|issue| issue.events.iter().map(move |event| (issue, event)));
        let show = |(issue, event): (&Issue, &Event)| {
            let mut body = self.event(repo, event);
            body["issue"] = self.issue_json(repo, issue);
            body
        };
        match rest {
            [] => {
                let mut all: Vec<(&Issue, &Event)> = each.collect();
                all.sort_by_key(|(_, event)| std::cmp::Reverse(event.id));
                Ok(self.paged(ask, all, show))
            }
            [id] => {
                let id: u64 = id.parse().map_err(|_| Failure::not_found())?;
                let found = each.into_iter().find(|(_, event)| event.id == id);
                let found = found.ok_or_else(Failure::not_found)?;
                Ok(call::json(StatusCode::OK, &show(found)))
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// `/issues/{number}/events`: the oldest first.
    pub(super) fn issue_events(&self, ask: &Ask<'_>, place: Place) -> Reply {
        let (repo, issue) = (self.repo(place), self.issue(place));
        let all = issue.events.iter().collect();
        Ok(self.paged(ask, all, |event| self.event(repo, event)))
    }

    /// `/issues/{number}/timeline`: events and comments, the oldest first.
    pub(super) fn timeline(&self, ask: &Ask<'_>, place: Place) -> Reply {
        let (repo, issue) = (self.repo(place), self.issue(place));
        let events = issue
            .events
            .iter()
            .map(|event| (event.at, event.id, self.event(repo, event)));
        let comments = issue.comments.iter().map(|comment| {
            let mut body = self.comment(repo, issue, comment);
            let more = json!({"event": "commented", "actor": self.user(&comment.author)});
            extend(&mut body, more);
            (comment.created, comment.id, body)
        });
        let mut all: Vec<(Timestamp, u64, Value)> = events.chain(comments).collect();
        all.sort_by_key(|(at, id, _)| (*at, *id));
        Ok(self.paged(ask, all, |(_, _, body)| body))
    }
}
