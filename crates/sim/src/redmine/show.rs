//! How issues and journals look in the API.

use super::Redmine;
use super::model::{Issue, Journal};
use super::site::{CustomField, User};
use serde_json::{Map, Value, json};

/// Whether a user may see a journal's notes.
pub(super) fn sees(user: &User, journal: &Journal) -> bool {
    !journal.private || user.admin || user.sees_private_notes || journal.user == user.id
}

impl Redmine {
    pub(super) fn user_reference(&self, id: u64) -> Value {
        let user = self.site.user(id);
        json!({"id": id, "name": user.map_or_else(|| "Anonymous".to_owned(), User::name)})
    }

    /// An issue as lists have it; single ones have more.
    pub(super) fn issue(&self, issue: &Issue) -> Value {
        let named = |id: u64, name: Option<&str>| json!({"id": id, "name": name});
        let site = &self.site;
        let status = site.status(issue.status);
        let mut out = json!({
            "id": issue.id,
            "project": named(issue.project, site.project_by_id(issue.project).map(|each| each.name.as_str())),
            "tracker": named(issue.tracker, site.tracker(issue.tracker).map(|each| each.name.as_str())),
            "status": named(issue.status, status.map(|each| each.name.as_str())),
            "priority": named(issue.priority, site.priority(issue.priority).map(|each| each.name.as_str())),
            "author": self.user_reference(issue.author),
            "subject": issue.subject,
            "description": issue.description,
            "start_date": issue.start_date,
            "due_date": issue.due_date,
            "done_ratio": issue.done_ratio,
            "is_private": issue.is_private,
            "estimated_hours": issue.estimated_hours,
            "custom_fields": site.custom_fields.iter().map(|field| custom_value(field, issue)).collect::<Vec<_>>(),
            "created_on": issue.created.to_string(),
            "updated_on": issue.updated.to_string(),
            "closed_on": issue.closed.map(|at| at.to_string()),
        });
        out["status"]["is_closed"] = json!(status.is_some_and(|each| each.closed));
        // Absent, not null, when there is none.
        if let Some(user) = issue.assigned_to {
            out["assigned_to"] = self.user_reference(user);
        }
        if let Some(parent) = issue.parent {
            out["parent"] = json!({"id": parent});
        }
        out
    }

    /// A journal, for one who may see its notes.
    pub(super) fn journal(&self, journal: &Journal) -> Value {
        let details: Vec<Value> = journal
            .details
            .iter()
            .map(|detail| {
                json!({"property": detail.property, "name": detail.name,
                "old_value": detail.old, "new_value": detail.new})
            })
            .collect();
        json!({"id": journal.id, "user": self.user_reference(journal.user), "notes": journal.notes,
            "created_on": journal.created.to_string(), "private_notes": journal.private, "details": details})
    }

    /// The issues below one, as `include=children` has them.
    pub(super) fn children(&self, id: u64) -> Vec<Value> {
        let below = self
            .issues
            .values()
            .filter(|issue| issue.parent == Some(id) && !issue.deleted);
        below
            .map(|issue| {
                let mut out = Map::new();
                let shown = self.issue(issue);
                for name in ["id", "tracker", "subject"] {
                    out.insert(name.to_owned(), shown[name].clone());
                }
                Value::from(out)
            })
            .collect()
    }
}

fn custom_value(field: &CustomField, issue: &Issue) -> Value {
    let values = issue.custom.get(&field.id).cloned().unwrap_or_default();
    let mut out = json!({"id": field.id, "name": field.name});
    if field.multiple {
        out["multiple"] = json!(true);
        out["value"] = json!(values);
    } else {
        out["value"] = json!(values.first().cloned().unwrap_or_default());
    }
    out
}
