//! Issues: list, get, create, update, delete.

use super::Redmine;
use super::model::{Detail, Issue, Journal};
use super::route::{Answer, Asked, Failure};
use super::show::sees;
use crate::call::{empty, json, set};
use http::StatusCode;
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    /// Whole seconds.
    pub(super) now: Timestamp,
    /// A user's id.
    pub(super) who: u64,
}

/// The notes of an update.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) text: String,
    pub(super) private: bool,
}

impl Redmine {
    pub(super) fn list_issues(&self, asked: &Asked<'_>, project: Option<&str>) -> Answer {
        let project = project.map(|name| self.known_project(name)).transpose()?;
        let mut found = self.filtered(asked)?;
        if let Some(project) = project {
            found.retain(|issue| issue.project == project.id);
        }
        let (offset, limit) = asked.page();
        let part: Vec<Value> = found
            .iter()
            .skip(offset)
            .take(limit)
            .map(|issue| self.issue(issue))
            .collect();
        Ok(json(
            StatusCode::OK,
            &json!({"issues": part, "total_count": found.len(), "offset": offset, "limit": limit}),
        ))
    }

    pub(super) fn get_issue(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let issue = self.visible(id)?;
        let mut out = self.issue(issue);
        out["total_estimated_hours"] = json!(issue.estimated_hours);
        out["spent_hours"] = json!(0.0);
        out["total_spent_hours"] = json!(0.0);
        if asked.includes("children") {
            let children = self.children(issue.id);
            if !children.is_empty() {
                out["children"] = children.into();
            }
        }
        if asked.includes("attachments") {
            out["attachments"] = self.show_files(issue).into();
        }
        for nothing in ["relations", "watchers"] {
            if asked.includes(nothing) {
                out[nothing] = json!([]);
            }
        }
        if asked.includes("allowed_statuses") {
            let allowed = self.site.allowed(issue.status);
            out["allowed_statuses"] = allowed.iter()
                .map(|status| json!({"id": status.id, "name": status.name, "is_closed": status.closed}))
                .collect();
        }
        if asked.includes("journals") {
            // Private notes are left out as a whole for those who may not see them.
            let seen = issue
                .journals
                .iter()
                .filter(|journal| sees(&asked.caller, journal));
            out["journals"] = seen.map(|journal| self.journal(journal)).collect();
        }
        Ok(json(StatusCode::OK, &json!({"issue": out})))
    }

    pub(super) fn create_issue(&mut self, asked: &Asked<'_>, project: Option<&str>) -> Answer {
        let mut attributes = asked.object("issue")?;
        if let Some(project) = project {
            attributes.insert(
                "project_id".to_owned(),
                json!(self.known_project(project)?.id),
            );
        }
        let by = By {
            now: asked.now,
            who: asked.caller.id,
        };
        let id = self.insert(by, &attributes).map_err(Failure::Invalid)?;
        self.attach(id, &attributes);
        let issue = self.issues.get(&id).ok_or(Failure::NotFound)?;
        let mut response = json(StatusCode::CREATED, &json!({"issue": self.issue(issue)}));
        set(
            &mut response,
            "location",
            &format!("{}/issues/{id}", self.base_url),
        );
        Ok(response)
    }

    /// Puts a new issue in, or says what is wrong with it.
    pub(super) fn insert(
        &mut self,
        by: By,
        attributes: &Map<String, Value>,
    ) -> Result<u64, Vec<String>> {
        let today = by.now.to_string().chars().take(10).collect();
        let mut issue = Issue {
            author: by.who,
            priority: self
                .site
                .priorities
                .iter()
                .find(|each| each.default)
                .map_or(0, |each| each.id),
            start_date: Some(today),
            created: by.now,
            updated: by.now,
            ..Issue::default()
        };
        let place: Map<String, Value> = attributes
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "project_id" | "tracker_id"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.assign(&mut issue, &place);
        // The first tracker of the project when none is named, and its status.
        if issue.tracker == 0 {
            let project = self.site.project_by_id(issue.project);
            issue.tracker = project
                .and_then(|project| project.trackers.first().copied())
                .unwrap_or(0);
        }
        issue.status = self
            .site
            .tracker(issue.tracker)
            .map_or(0, |tracker| tracker.default_status);
        self.assign(&mut issue, attributes);
        let errors = self.errors(&issue, None);
        if !errors.is_empty() {
            return Err(errors);
        }
        issue.id = self.issues.last_key_value().map_or(1, |(id, _)| id + 1);
        self.set_closed(&mut issue, by.now);
        let id = issue.id;
        self.issues.insert(id, issue);
        Ok(id)
    }

    fn set_closed(&self, issue: &mut Issue, now: Timestamp) {
        let closed = self
            .site
            .status(issue.status)
            .is_some_and(|status| status.closed);
        // Reopening keeps the time of the last closing.
        if closed && issue.closed.is_none() {
            issue.closed = Some(now);
        }
    }

    pub(super) fn update_issue(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = self.visible(id)?.id;
        let attributes = asked.object("issue")?;
        let truth = |value: &Value| {
            matches!(value, Value::Bool(true)) || value == "1" || value == "true" || value == 1
        };
        let notes = Notes {
            text: attributes
                .get("notes")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            // Dropped without a word where the permission is missing: the note is public then.
            private: asked.may_hide_notes() && attributes.get("private_notes").is_some_and(truth),
        };
        let by = By {
            now: asked.now,
            who: asked.caller.id,
        };
        self.change(by, id, &attributes, notes)
            .map_err(Failure::Invalid)?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Changes an issue and writes a journal; the answer is the journal's id. Changes nothing, `updated_on` included,
    /// when everything already is so and there are no notes.
    pub(super) fn change(
        &mut self,
        by: By,
        id: u64,
        attributes: &Map<String, Value>,
        notes: Notes,
    ) -> Result<Option<u64>, Vec<String>> {
        let Some(before) = self.issues.get(&id).cloned() else {
            return Ok(None);
        };
        let mut issue = before.clone();
        self.assign(&mut issue, attributes);
        let errors = self.errors(&issue, Some(&before));
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut details = before.differences(&issue);
        details.extend(self.attach(id, attributes));
        if details.is_empty() && notes.text.trim().is_empty() {
            return Ok(None);
        }
        issue.updated = by.now;
        if issue.status != before.status {
            let was_closed = self
                .site
                .status(before.status)
                .is_some_and(|status| status.closed);
            issue.closed = issue.closed.filter(|_| was_closed);
            self.set_closed(&mut issue, by.now);
        }
        self.newest_journal += 1;
        let journal = self.newest_journal;
        issue.journals.push(Journal {
            id: journal,
            user: by.who,
            notes: notes.text,
            private: notes.private,
            created: by.now,
            details,
        });
        self.issues.insert(id, issue);
        Ok(Some(journal))
    }

    /// Writes a journal of changes that leave the issue itself alone.
    pub(super) fn note(&mut self, by: By, id: u64, details: Vec<Detail>) {
        self.newest_journal += 1;
        let journal = Journal {
            id: self.newest_journal,
            user: by.who,
            notes: String::new(),
            private: false,
            created: by.now,
            details,
        };
        if let Some(issue) = self.issues.get_mut(&id) {
            issue.journals.push(journal);
        }
    }

    pub(super) fn delete_issue(&mut self, id: &str) -> Answer {
        let id = self.visible(id)?.id;
        self.remove(id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Deletes an issue and those below it.
    pub(super) fn remove(&mut self, id: u64) {
        let mut doomed = vec![id];
        while let Some(id) = doomed.pop() {
            if let Some(issue) = self.issues.get_mut(&id) {
                issue.deleted = true;
            }
            let below = self
                .issues
                .values()
                .filter(|issue| issue.parent == Some(id) && !issue.deleted);
            doomed.extend(below.map(|issue| issue.id));
        }
    }
}
