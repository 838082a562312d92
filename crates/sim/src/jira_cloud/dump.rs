//! The state in the form that all simulators share.

use super::JiraCloud;
use super::model::{FieldValue, Issue};
use super::talk::channel_of;
use crate::dump::{Dump, DumpComment, DumpItem};
use std::collections::BTreeMap;

/// Fields that have a place of their own in the dump.
const PLACED: [&str; 4] = ["summary", "description", "labels", "assignee"];

impl JiraCloud {
    pub(super) fn dump_all(&self) -> Dump {
        Dump {
            tracker: "jira-cloud".to_owned(),
            items: self
                .store
                .issues
                .values()
                .map(|issue| self.dump_item(issue))
                .collect(),
        }
    }

    pub(super) fn dump_item(&self, issue: &Issue) -> DumpItem {
        let project = self.site.project(&issue.project);
        let sorted = |field: &str| {
            let mut ids = issue.ids(field);
            ids.sort();
            ids
        };
        let body = match issue.values.get("description") {
            Some(FieldValue::Rich(document)) => document.to_string(),
            _ => String::new(),
        };
        let mut fields = BTreeMap::new();
        for (id, value) in issue
            .values
            .iter()
            .filter(|(id, _)| !PLACED.contains(&id.as_str()))
        {
            if let (Some(field), Some(project)) = (self.site.field(id), project) {
                fields.insert(id.clone(), self.show().value(field, project, value, ""));
            }
        }
        let comments = issue.comments.iter().map(|comment| DumpComment {
            id: comment.id.to_string(),
            author: self.login(&comment.author),
            body: comment.body.to_string(),
            channel: channel_of(comment, project.is_some_and(|project| project.service_desk)),
            created: comment.created.to_string(),
        });
        DumpItem {
            key: issue.key.clone(),
            id: issue.id.to_string(),
            container: project.map_or_else(String::new, |project| project.key.clone()),
            title: issue.text("summary").to_owned(),
            body,
            status: self.status_name(issue).to_owned(),
            labels: sorted("labels"),
            assignees: sorted("assignee").iter().map(|id| self.login(id)).collect(),
            fields,
            comments: comments.collect(),
            attachments: self.dump_files(issue),
            created: issue.created.to_string(),
            updated: issue.updated.to_string(),
            deleted: issue.deleted,
            hidden: issue.hidden.is_some(),
        }
    }

    pub(super) fn login(&self, account_id: &str) -> String {
        let user = self.site.user(account_id);
        user.map_or_else(|| account_id.to_owned(), |user| user.login.clone())
    }
}
