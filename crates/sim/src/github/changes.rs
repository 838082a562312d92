//! Every change of an issue, whoever makes it: the state, the events and the webhooks that follow.

use super::Github;
use super::model::{Closed, Comment, Detail, Event, Issue, Label, Place, Repo};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

/// The colour of a label that came into being by being used.
const NEW_LABEL_COLOR: &str = "ededed";

/// Who does something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    pub(super) now: Timestamp,
    pub(super) by: &'a str,
}

/// An issue to create, already validated.
#[derive(Clone, Debug, Default)]
pub(super) struct New {
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) milestone: Option<u64>,
    pub(super) kind: Option<String>,
    pub(super) is_pull_request: bool,
}

/// A state to have.
#[derive(Clone, Debug)]
pub(super) enum State {
    Open,
    Closed { reason: String },
}

impl Github {
    pub(super) fn repo(&self, place: Place) -> &Repo {
        &self.repos[place.0]
    }

    pub(super) fn issue(&self, place: Place) -> &Issue {
        &self.repos[place.0].issues[&place.1]
    }

    pub(super) fn issue_mut(&mut self, place: Place) -> &mut Issue {
        let issue = self.repos[place.0].issues.get_mut(&place.1);
        issue.expect("a place is made from an issue that exists, and none is ever removed")
    }

    pub(super) fn create(&mut self, act: Act<'_>, repo: usize, new: New) -> Place {
        let id = self.next_id();
        let number = self.repos[repo].next_number;
        self.repos[repo].next_number += 1;
        let issue = Issue {
            id,
            number,
            title: new.title,
            body: new.body,
            author: act.by.to_owned(),
            closed: None,
            reopened: false,
            labels: Vec::new(),
            assignees: new.assignees,
            milestone: new.milestone,
            kind: new.kind,
            comments: Vec::new(),
            events: Vec::new(),
            created: act.now,
            updated: act.now,
            is_pull_request: new.is_pull_request,
            deleted: false,
            moved_to: None,
            parent: None,
            below: BTreeSet::new(),
            hidden: None,
        };
        let place = (repo, number);
        self.index_before(act.now, place, None);
        self.repos[repo].issues.insert(number, issue);
        let labels: Vec<String> = new
            .labels
            .iter()
            .map(|name| self.label_key(repo, name))
            .collect();
        self.issue_mut(place).labels.clone_from(&labels);
        self.emit_issue(act, place, "opened", json!({}));
        for key in labels {
            self.label_changed(act, place, "labeled", &key);
        }
        for login in self.issue(place).assignees.clone() {
            self.assignee_changed(act, place, "assigned", &login);
        }
        if let Some(milestone) = new.milestone {
            self.milestone_changed(act, place, "milestoned", milestone);
        }
        place
    }

    /// Sets title and body where given; equal texts change nothing.
    pub(super) fn set_texts(
        &mut self,
        act: Act<'_>,
        place: Place,
        title: Option<String>,
        body: Option<Option<String>>,
    ) {
        let issue = self.issue(place);
        let title = title.filter(|title| *title != issue.title);
        let body = body.filter(|body| *body != issue.body);
        let mut changes = json!({});
        if title.is_none() && body.is_none() {
            return;
        }
        self.touch(act.now, place);
        if let Some(title) = title {
            let from = std::mem::replace(&mut self.issue_mut(place).title, title.clone());
            changes["title"] = json!({"from": from});
            self.record(act, place, "renamed", Detail::Rename { from, to: title });
        }
        if let Some(body) = body {
            let from = std::mem::replace(&mut self.issue_mut(place).body, body);
            changes["body"] = json!({"from": from.unwrap_or_default()});
        }
        self.emit_issue(act, place, "edited", json!({"changes": changes}));
    }

    /// Opens or closes. The reason of an issue that is closed already changes only when `change_reason` is set:
    /// the API ignores it then, the web page does not.
    pub(super) fn set_state(
        &mut self,
        act: Act<'_>,
        place: Place,
        state: State,
        change_reason: bool,
    ) {
        let old = self
            .issue(place)
            .closed
            .as_ref()
            .map(|closed| closed.reason.clone());
        match (state, old) {
            (State::Open, Some(_)) => {
                self.touch(act.now, place);
                let issue = self.issue_mut(place);
                issue.closed = None;
                issue.reopened = true;
                self.record(
                    act,
                    place,
                    "reopened",
                    Detail::Reason("reopened".to_owned()),
                );
                self.emit_issue(act, place, "reopened", json!({}));
            }
            (State::Closed { reason }, None) => self.close(act, place, reason),
            (State::Closed { reason }, Some(old)) if change_reason && old != reason => {
                self.close(act, place, reason);
            }
            _ => {}
        }
    }

    fn close(&mut self, act: Act<'_>, place: Place, reason: String) {
        self.touch(act.now, place);
        let issue = self.issue_mut(place);
        issue.reopened = false;
        issue.closed = Some(Closed {
            at: act.now,
            by: act.by.to_owned(),
            reason: reason.clone(),
        });
        self.record(act, place, "closed", Detail::Reason(reason));
        self.emit_issue(act, place, "closed", json!({}));
    }

    /// Replaces the set of labels; names that the repository does not have become labels.
    pub(super) fn set_labels(&mut self, act: Act<'_>, place: Place, names: &[String]) {
        let mut wanted: Vec<String> = Vec::new();
        for name in names {
            let key = self.label_key(place.0, name);
            if !wanted.contains(&key) {
                wanted.push(key);
            }
        }
        let old = self.issue(place).labels.clone();
        let gone: Vec<String> = old
            .iter()
            .filter(|key| !wanted.contains(key))
            .cloned()
            .collect();
        let new: Vec<String> = wanted
            .iter()
            .filter(|key| !old.contains(key))
            .cloned()
            .collect();
        if gone.is_empty() && new.is_empty() {
            return;
        }
        self.touch(act.now, place);
        self.issue_mut(place).labels = wanted;
        for key in gone {
            self.label_changed(act, place, "unlabeled", &key);
        }
        for key in new {
            self.label_changed(act, place, "labeled", &key);
        }
    }

    pub(super) fn set_assignees(&mut self, act: Act<'_>, place: Place, wanted: &[String]) {
        let old = self.issue(place).assignees.clone();
        let gone: Vec<String> = old
            .iter()
            .filter(|login| !wanted.contains(login))
            .cloned()
            .collect();
        let new: Vec<String> = wanted
            .iter()
            .filter(|login| !old.contains(login))
            .cloned()
            .collect();
        if gone.is_empty() && new.is_empty() {
            return;
        }
        self.touch(act.now, place);
        self.issue_mut(place).assignees = wanted.to_vec();
        for login in gone {
            self.assignee_changed(act, place, "unassigned", &login);
        }
        for login in new {
            self.assignee_changed(act, place, "assigned", &login);
        }
    }

    pub(super) fn set_milestone(&mut self, act: Act<'_>, place: Place, wanted: Option<u64>) {
        let old = self.issue(place).milestone;
        if old == wanted {
            return;
        }
        self.touch(act.now, place);
        self.issue_mut(place).milestone = wanted;
        if let Some(number) = old {
            self.milestone_changed(act, place, "demilestoned", number);
        }
        if let Some(number) = wanted {
            self.milestone_changed(act, place, "milestoned", number);
        }
    }

    pub(super) fn set_kind(&mut self, act: Act<'_>, place: Place, wanted: Option<String>) {
        if self.issue(place).kind == wanted {
            return;
        }
        self.touch(act.now, place);
        let old = std::mem::replace(&mut self.issue_mut(place).kind, wanted);
        let new = self.issue(place).kind.clone();
        let changes = [(old, "untyped"), (new, "typed")];
        for (name, action) in changes {
            if let Some(name) = name {
                let kind = super::render::issue_type(Some(&name));
                self.emit_issue(act, place, action, json!({"type": kind}));
            }
        }
    }

    pub(super) fn add_comment(&mut self, act: Act<'_>, place: Place, body: String) -> u64 {
        self.touch(act.now, place);
        let id = self.next_id();
        let comment = Comment {
            id,
            author: act.by.to_owned(),
            body,
            created: act.now,
            updated: act.now,
        };
        self.issue_mut(place).comments.push(comment);
        self.comment_places.insert(id, place);
        self.emit_comment(act, place, id, "created", json!({}));
        id
    }

    pub(super) fn edit_comment(&mut self, act: Act<'_>, place: Place, index: usize, body: String) {
        self.touch(act.now, place);
        let comment = &mut self.issue_mut(place).comments[index];
        comment.updated = act.now;
        let id = comment.id;
        let from = std::mem::replace(&mut comment.body, body);
        let changes = json!({"changes": {"body": {"from": from}}});
        self.emit_comment(act, place, id, "edited", changes);
    }

    /// Deletes a comment. The issue's time of change stays: that GitHub's change feed does not show it is a trap.
    pub(super) fn delete_comment(&mut self, act: Act<'_>, place: Place, index: usize) {
        let id = self.issue(place).comments[index].id;
        self.emit_comment(act, place, id, "deleted", json!({}));
        self.issue_mut(place).comments.remove(index);
        self.comment_places.remove(&id);
    }

    pub(super) fn delete_issue(&mut self, act: Act<'_>, place: Place) {
        self.touch(act.now, place);
        self.emit_issue(act, place, "deleted", json!({}));
        self.issue_mut(place).deleted = true;
        for comment in self.issue(place).comments.clone() {
            self.comment_places.remove(&comment.id);
        }
    }

    /// Moves an issue to another repository, under a new id and number. Labels and milestones stay when the target
    /// has one of the same name (docs.github.com, "Transferring an issue to another repository").
    pub(super) fn transfer(&mut self, act: Act<'_>, place: Place, target: usize) -> Place {
        self.touch(act.now, place);
        let number = self.repos[target].next_number;
        self.repos[target].next_number += 1;
        let to = (target, number);
        let mut issue = self.issue(place).clone();
        let milestone = issue
            .milestone
            .and_then(|old| self.repo(place).milestones.get(&old));
        let title = milestone.map(|milestone| milestone.title.clone());
        // What hangs together stays behind.
        (issue.parent, issue.below) = (None, BTreeSet::new());
        issue.id = self.next_id();
        issue.number = number;
        issue.updated = act.now;
        issue
            .labels
            .retain(|key| self.repos[target].labels.contains_key(key));
        let mut there = self.repos[target].milestones.values();
        issue.milestone = title
            .and_then(|title| there.find(|other| other.title == title))
            .map(|other| other.number);
        for comment in &issue.comments {
            self.comment_places.insert(comment.id, to);
        }
        self.index_before(act.now, to, None);
        let old_issue = self.issue_json(self.repo(place), self.issue(place));
        self.repos[target].issues.insert(number, issue);
        self.record(act, to, "transferred", Detail::None);
        let new_issue = self.issue_json(self.repo(to), self.issue(to));
        let (old_repository, new_repository) = (
            self.repository(self.repo(place)),
            self.repository(self.repo(to)),
        );
        let changes =
            json!({"changes": {"new_issue": new_issue, "new_repository": new_repository}});
        self.emit_issue(act, place, "transferred", changes);
        self.issue_mut(place).moved_to = Some(to);
        let changes =
            json!({"changes": {"old_issue": old_issue, "old_repository": old_repository}});
        self.emit_issue(act, to, "opened", changes);
        to
    }

    /// The key of a label in a repository; the label comes into being if it is missing.
    pub(super) fn label_key(&mut self, repo: usize, name: &str) -> String {
        let key = name.trim().to_lowercase();
        if !self.repos[repo].labels.contains_key(&key) {
            let label = Label {
                id: self.next_id(),
                name: name.trim().to_owned(),
                color: NEW_LABEL_COLOR.to_owned(),
                description: None,
                default: false,
            };
            self.repos[repo].labels.insert(key.clone(), label);
        }
        key
    }

    fn label_changed(&mut self, act: Act<'_>, place: Place, action: &'static str, key: &str) {
        let repo = self.repo(place);
        let Some(label) = repo.labels.get(key) else {
            return;
        };
        let detail = Detail::Label {
            name: label.name.clone(),
            color: label.color.clone(),
        };
        let body = json!({"label": self.label(repo, label)});
        self.record(act, place, action, detail);
        self.emit_issue(act, place, action, body);
    }

    fn assignee_changed(&mut self, act: Act<'_>, place: Place, action: &'static str, login: &str) {
        self.record(act, place, action, Detail::Person(login.to_owned()));
        let body = json!({"assignee": self.user(login)});
        self.emit_issue(act, place, action, body);
    }

    fn milestone_changed(&mut self, act: Act<'_>, place: Place, action: &'static str, number: u64) {
        let repo = self.repo(place);
        let Some(milestone) = repo.milestones.get(&number) else {
            return;
        };
        let detail = Detail::Milestone(milestone.title.clone());
        let body = json!({"milestone": self.milestone(repo, milestone)});
        self.record(act, place, action, detail);
        self.emit_issue(act, place, action, body);
    }

    fn record(&mut self, act: Act<'_>, place: Place, name: &'static str, detail: Detail) {
        let id = self.next_id();
        let event = Event {
            id,
            actor: act.by.to_owned(),
            name,
            at: act.now,
            detail,
        };
        self.issue_mut(place).events.push(event);
    }

    /// Before every change that moves the issue's time.
    pub(super) fn touch(&mut self, now: Timestamp, place: Place) {
        if !self.index_lag.is_zero() {
            let before = self.issue(place).clone();
            self.index_before(now, place, Some(before));
        }
        self.issue_mut(place).updated = now;
    }

    fn emit_issue(&mut self, act: Act<'_>, place: Place, action: &str, more: Value) {
        if self.is_heard(place, "issues") {
            let mut body = json!({"issue": self.issue_json(self.repo(place), self.issue(place))});
            super::render_repo::extend(&mut body, more);
            self.emit(act, place.0, "issues", Some(action), body);
        }
    }

    fn emit_comment(&mut self, act: Act<'_>, place: Place, id: u64, action: &str, more: Value) {
        if !self.is_heard(place, "issue_comment") {
            return;
        }
        let (repo, issue) = (self.repo(place), self.issue(place));
        let Some(comment) = issue.comments.iter().find(|comment| comment.id == id) else {
            return;
        };
        let mut body = json!({
            "issue": self.issue_json(repo, issue),
            "comment": self.comment(repo, issue, comment),
        });
        super::render_repo::extend(&mut body, more);
        self.emit(act, place.0, "issue_comment", Some(action), body);
    }

    /// Whether anybody hears of a change: a hook wants it, and the permission is there. Pull requests' changes are
    /// `pull_request` events, which are not simulated; their comments are `issue_comment` events.
    pub(super) fn is_heard(&self, place: Place, event: &str) -> bool {
        let issue = self.issue(place);
        let told = issue.hidden.is_none() && !(issue.is_pull_request && event == "issues");
        told && self
            .repo(place)
            .hooks
            .values()
            .any(|hook| hook.wants(event))
    }
}
