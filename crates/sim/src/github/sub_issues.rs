//! Sub-issues: an issue below another one of the same owner.
//!
//! Source: `issues/add-sub-issue`, `issues/remove-sub-issue`, `issues/list-sub-issues` and `issues/get-parent` of GitHub's REST
//! description; "Adding sub-issues" in its documentation for the limits. That both issues' time of change moves is said nowhere;
//! it does with every other entry of an issue's timeline.

use super::Github;
use super::changes::Act;
use super::failure::{Failure, Reply};
use super::model::{Issue, Place};
use super::routes::Ask;
use crate::call;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Issues below one, at most.
const BELOW_MAX: usize = 100;
/// Issues below each other, at most.
const DEPTH_MAX: usize = 8;

impl Github {
    pub(super) fn route_sub_issues(
        &mut self,
        ask: &Ask<'_>,
        place: Place,
        below: &[&str],
    ) -> Reply {
        match (&ask.call.method, below) {
            (&Method::GET, ["parent"]) => {
                let parent = self.issue(place).parent.ok_or_else(Failure::not_found)?;
                Ok(call::json(StatusCode::OK, &self.whole(parent)))
            }
            (&Method::GET, ["sub_issues"]) => {
                let below = self.issue(place).below.iter().copied();
                let below: Vec<Place> = below.filter(|one| self.issue(*one).is_listed()).collect();
                Ok(self.paged(ask, below, |one| self.whole(one)))
            }
            (&Method::POST, ["sub_issues"]) => {
                let body = ask.object()?;
                let child = self.named(&body)?;
                self.may_lie_below(place, child, body["replace_parent"] == json!(true))?;
                self.set_parent(ask.act(), child, Some(place));
                Ok(call::json(StatusCode::CREATED, &self.whole(place)))
            }
            (&Method::DELETE, ["sub_issue"]) => {
                let child = self.named(&ask.object()?)?;
                if self.issue(child).parent != Some(place) {
                    return Err(Failure::not_found());
                }
                self.set_parent(ask.act(), child, None);
                Ok(call::json(StatusCode::OK, &self.whole(place)))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn whole(&self, place: Place) -> Value {
        self.issue_whole(self.repo(place), self.issue(place))
    }

    /// The issue whose id a body names.
    fn named(&self, body: &Value) -> Result<Place, Box<Failure>> {
        let id = body["sub_issue_id"]
            .as_u64()
            .ok_or_else(|| Failure::invalid_request("\"sub_issue_id\" wasn't supplied."))?;
        let places = self.repos.iter().enumerate().flat_map(|(at, repo)| {
            let issues = repo.issues.values();
            issues.map(move |issue| ((at, issue.number), issue))
        });
        let is_it = |issue: &Issue| issue.id == id && !issue.is_pull_request && issue.is_listed();
        let mut found = places.filter(|(_, issue)| is_it(issue));
        found.next().map(|(place, _)| place).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "The provided sub-issue does not exist",
            )
        })
    }

    fn may_lie_below(
        &self,
        parent: Place,
        child: Place,
        replace: bool,
    ) -> Result<(), Box<Failure>> {
        let refused = |why: &str| {
            let message =
                format!("An error occurred while adding the sub-issue to the parent issue. {why}");
            Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, &message))
        };
        let held = self.issue(child).parent;
        if held == Some(parent) {
            return refused("Issue may not contain duplicate sub-issues");
        }
        if held.is_some() && !replace {
            return refused("Sub issue may only have one parent");
        }
        if self.repo(parent).owner != self.repo(child).owner {
            return refused("Sub issue must belong to the same owner");
        }
        let mut above = vec![parent];
        while let Some(next) = above.last().and_then(|one| self.issue(*one).parent) {
            above.push(next);
        }
        if above.contains(&child) {
            return refused("Sub issue may not be a parent of this issue");
        }
        if above.len() + self.depth(child) > DEPTH_MAX {
            return refused("Parent cannot have more than 7 layers of sub-issues");
        }
        if self.issue(parent).below.len() >= BELOW_MAX {
            return refused("Parent cannot have more than 100 sub-issues");
        }
        Ok(())
    }

    /// How many issues lie below each other from here on, this one included.
    fn depth(&self, place: Place) -> usize {
        let below = self.issue(place).below.iter();
        1 + below.map(|one| self.depth(*one)).max().unwrap_or(0)
    }

    /// Puts an issue below another one, or below none.
    pub(super) fn set_parent(&mut self, act: Act<'_>, child: Place, parent: Option<Place>) {
        let held = self.issue(child).parent;
        if held == parent {
            return;
        }
        self.touch(act.now, child);
        self.issue_mut(child).parent = parent;
        if let Some(held) = held {
            self.touch(act.now, held);
            self.issue_mut(held).below.remove(&child);
            self.emit_family(act, (held, child), "removed");
        }
        if let Some(parent) = parent {
            self.touch(act.now, parent);
            self.issue_mut(parent).below.insert(child);
            self.emit_family(act, (parent, child), "added");
        }
    }

    /// Tells both repositories of it, each from its own side.
    fn emit_family(&mut self, act: Act<'_>, (parent, child): (Place, Place), what: &str) {
        for (place, side) in [(child, "parent_issue"), (parent, "sub_issue")] {
            if !self.is_heard(place, "sub_issues") {
                continue;
            }
            let shown = |one: Place| self.issue_json(self.repo(one), self.issue(one));
            let body = json!({
                "parent_issue_id": self.issue(parent).id,
                "parent_issue": shown(parent),
                "parent_issue_repo": self.repository(self.repo(parent)),
                "sub_issue_id": self.issue(child).id,
                "sub_issue": shown(child),
                "sub_issue_repo": self.repository(self.repo(child)),
            });
            let action = format!("{side}_{what}");
            self.emit(act, place.0, "sub_issues", Some(&action), body);
        }
    }

    /// What an issue says of those below it.
    pub(super) fn summary(&self, issue: &Issue) -> Value {
        let below = issue.below.iter().map(|one| self.issue(*one));
        let (total, completed) = below.fold((0_usize, 0_usize), |(total, completed), one| {
            (total + 1, completed + usize::from(one.closed.is_some()))
        });
        let percent = (completed * 100).checked_div(total).unwrap_or(0);
        json!({"total": total, "completed": completed, "percent_completed": percent})
    }

    /// The address of the issue above one.
    pub(super) fn parent_url(&self, issue: &Issue) -> Option<String> {
        let parent = issue.parent?;
        Some(self.issue_url(self.repo(parent), parent.1))
    }
}
