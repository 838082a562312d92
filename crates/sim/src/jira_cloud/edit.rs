//! Changes of an issue's fields: planned first, with all errors together, then made.

use super::JiraCloud;
use super::failure::Failure;
use super::fields::{Reader, off_screen};
use super::hooks::Event;
use super::model::{Change, ChangeItem, FieldValue, Shown};
use super::site::Project;
use serde_json::Value;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// What a request changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// By field id; `None` empties a field.
    pub(super) values: BTreeMap<String, Option<FieldValue>>,
    /// A new issue type's id.
    pub(super) kind: Option<String>,
    /// A new status's id.
    pub(super) status: Option<String>,
    /// Bodies of comments to write: `update.comment[].add`.
    pub(super) comments: Vec<Value>,
}

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct By<'a> {
    pub(super) now: Timestamp,
    /// An account id.
    pub(super) who: &'a str,
}

impl JiraCloud {
    /// Reads `fields` and `update` of a body against the fields that may be set. `issue` is the one edited, or
    /// `None` for a new one.
    pub(super) fn plan(
        &self,
        project: &Project,
        issue: Option<u64>,
        body: &Value,
        allowed: &[&str],
    ) -> Result<Plan, Failure> {
        let reader = Reader {
            site: &self.site,
            store: &self.store,
            project,
        };
        let mut plan = Plan::default();
        let mut errors = BTreeMap::new();
        let members = |name: &str| {
            body.get(name)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
        };
        for (id, value) in members("fields") {
            let field = self
                .site
                .field(id)
                .filter(|_| allowed.contains(&id.as_str()));
            match field.map(|field| reader.read(field, value)) {
                None => drop(errors.insert(id.clone(), off_screen(id))),
                Some(Err(message)) => drop(errors.insert(id.clone(), message)),
                Some(Ok(value)) => drop(plan.values.insert(id.clone(), value)),
            }
        }
        let present = |id: &str| issue.and_then(|issue| self.store.issues[&issue].values.get(id));
        for (id, verbs) in members("update") {
            if id == "comment" {
                plan.comments.extend(self.comment_verbs(verbs)?);
                continue;
            }
            if plan.values.contains_key(id) {
                errors.insert(
                    id.clone(),
                    format!("Field '{id}' cannot appear in both 'fields' and 'update'"),
                );
                continue;
            }
            let field = self
                .site
                .field(id)
                .filter(|_| allowed.contains(&id.as_str()));
            match field.map(|field| reader.update(field, present(id), verbs)) {
                None => drop(errors.insert(id.clone(), off_screen(id))),
                Some(Err(message)) => drop(errors.insert(id.clone(), message)),
                Some(Ok(value)) => drop(plan.values.insert(id.clone(), value)),
            }
        }
        match errors.is_empty() {
            true => Ok(plan),
            false => Err(Failure::fields(errors)),
        }
    }

    fn comment_verbs(&self, verbs: &Value) -> Result<Vec<Value>, Failure> {
        let mut bodies = Vec::new();
        for verb in verbs.as_array().into_iter().flatten() {
            let Some(("add", comment)) = super::fields::single(verb) else {
                return Err(Failure::field(
                    "comment",
                    "Only the operation 'add' is supported for comments here.",
                ));
            };
            self.check_comment(comment)?;
            bodies.push(comment.clone());
        }
        Ok(bodies)
    }

    /// Refuses a plan that leaves a required field empty. `always` also looks at fields that the plan does not touch.
    pub(super) fn check_required(
        &self,
        plan: &Plan,
        issue: Option<u64>,
        required: &[&str],
        always: bool,
    ) -> Result<(), Failure> {
        let mut errors = BTreeMap::new();
        for id in required {
            let kept =
                issue.is_some_and(|issue| self.store.issues[&issue].values.contains_key(*id));
            let empty = match plan.values.get(*id) {
                Some(value) => value.is_none(),
                None => always && !kept,
            };
            if empty {
                let name = self.site.field(id).map_or(*id, |field| field.name.as_str());
                let message = match *id {
                    "summary" => "You must specify a summary of the issue.".to_owned(),
                    _ => format!("{name} is required."),
                };
                errors.insert((*id).to_owned(), message);
            }
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Failure::fields(errors)),
        }
    }

    /// Makes a planned change, records it and tells about it. Changes nothing, `updated` included, when everything
    /// already is so. Returns whether something changed.
    pub(super) fn commit(&mut self, by: By<'_>, id: u64, plan: Plan, event: &'static str) -> bool {
        let items = self.differences(id, &plan);
        let comments = plan.comments.clone();
        let changed = !items.is_empty();
        if changed {
            let change = Change {
                id: self.new_id(),
                author: by.who.to_owned(),
                at: by.now,
                items,
            };
            self.apply(by, id, plan);
            self.record(by, id, change, event);
        }
        for comment in comments {
            self.write_comment(by, id, &comment);
        }
        changed
    }

    /// Keeps a changelog entry, brings the issue to the index and sends the webhook.
    pub(super) fn record(&mut self, by: By<'_>, id: u64, change: Change, event: &'static str) {
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.updated = by.now;
            issue.history.push(change.clone());
            self.index.note(by.now, issue.id, issue);
        }
        self.tell_issue(
            by,
            id,
            Event::Updated {
                kind: event,
                change: &change,
            },
        );
    }

    fn apply(&mut self, by: By<'_>, id: u64, plan: Plan) {
        let Some(issue) = self.store.issues.get_mut(&id) else {
            return;
        };
        for (field, value) in plan.values {
            if field == "resolution" {
                issue.resolved = value.is_some().then_some(by.now);
            }
            match value {
                Some(value) => drop(issue.values.insert(field, value)),
                None => drop(issue.values.remove(&field)),
            }
        }
        if let Some(kind) = plan.kind {
            issue.kind = kind;
        }
        if let Some(status) = plan.status.filter(|status| *status != issue.status) {
            let category = |id: &str| self.site.status(id).map(|status| status.category);
            if category(&status) != category(&issue.status) {
                issue.status_changed = by.now;
            }
            issue.status = status;
        }
    }

    fn differences(&self, id: u64, plan: &Plan) -> Vec<ChangeItem> {
        let issue = self.issue(id);
        let Some(project) = self.site.project(&issue.project) else {
            return Vec::new();
        };
        let show = self.show();
        let mut items = Vec::new();
        for (id, value) in &plan.values {
            let Some(field) = self
                .site
                .field(id)
                .filter(|_| issue.values.get(id) != value.as_ref())
            else {
                continue;
            };
            let custom = field.custom_number().is_some();
            items.push(ChangeItem {
                field: if custom {
                    field.name.clone()
                } else {
                    id.clone()
                },
                custom,
                field_id: id.clone(),
                from: show.shown(field, project, issue.values.get(id)),
                to: show.shown(field, project, value.as_ref()),
            });
        }
        let named = |id: &str, name: Option<&str>| Shown {
            id: Some(id.to_owned()),
            text: name.map(str::to_owned),
        };
        if let Some(kind) = plan.kind.as_ref().filter(|kind| **kind != issue.kind) {
            let of = |id: &str| named(id, self.site.issue_type(id).map(|each| each.name.as_str()));
            items.push(system_item("issuetype", of(&issue.kind), of(kind)));
        }
        if let Some(status) = plan
            .status
            .as_ref()
            .filter(|status| **status != issue.status)
        {
            let of = |id: &str| named(id, self.site.status(id).map(|each| each.name.as_str()));
            items.push(system_item("status", of(&issue.status), of(status)));
        }
        items
    }
}

/// A changelog item of a field that Jira itself keeps.
pub(super) fn system_item(field: &str, from: Shown, to: Shown) -> ChangeItem {
    ChangeItem {
        field: field.to_owned(),
        custom: false,
        field_id: field.to_owned(),
        from,
        to,
    }
}
