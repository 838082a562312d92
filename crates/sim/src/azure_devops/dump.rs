//! The state in the form that all simulators share.

use super::AzureDevOps;
use super::control::key_of;
use super::model::WorkItem;
use crate::dump::{Dump, DumpComment, DumpItem};

/// Fields that have a place of their own in the dump, or that every change moves.
const PLACED: [&str; 12] = [
    "System.Title",
    "System.Description",
    "System.State",
    "System.Tags",
    "System.AssignedTo",
    "System.TeamProject",
    "System.CreatedDate",
    "System.ChangedDate",
    "System.ChangedBy",
    "System.CommentCount",
    "System.IsDeleted",
    "Microsoft.VSTS.Common.StateChangeDate",
];

impl AzureDevOps {
    pub(super) fn dump_all(&self) -> Dump {
        Dump {
            tracker: "azure-devops".to_owned(),
            items: self
                .items
                .values()
                .map(|item| self.dump_item(item))
                .collect(),
        }
    }

    fn dump_item(&self, item: &WorkItem) -> DumpItem {
        let comments = item.comments.iter().filter(|comment| !comment.deleted);
        let comments = comments.map(|comment| DumpComment {
            id: format!("{}/{}", item.id, comment.id),
            author: self.login(&comment.author),
            body: comment.text.clone(),
            channel: "public".to_owned(),
            created: comment.created.to_string(),
        });
        let fields = item
            .fields
            .iter()
            .filter(|(name, _)| !PLACED.contains(&name.as_str()));
        let tags = item
            .text("System.Tags")
            .split("; ")
            .filter(|tag| !tag.is_empty());
        let mut labels: Vec<String> = tags.map(str::to_owned).collect();
        labels.sort();
        let assigned = Some(item.text("System.AssignedTo")).filter(|name| !name.is_empty());
        DumpItem {
            attachments: self.dump_files(item),
            key: key_of(item.id),
            id: item.id.to_string(),
            container: item.text("System.TeamProject").to_owned(),
            title: item.text("System.Title").to_owned(),
            body: item.text("System.Description").to_owned(),
            status: item.text("System.State").to_owned(),
            labels,
            assignees: assigned.map(|name| self.login(name)).into_iter().collect(),
            fields: fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            comments: comments.collect(),
            created: item.text("System.CreatedDate").to_owned(),
            updated: item.text("System.ChangedDate").to_owned(),
            deleted: !item.is_alive(),
            hidden: item.hidden.is_some(),
        }
    }

    fn login(&self, unique_name: &str) -> String {
        let user = self.site.account(unique_name);
        user.map_or_else(|| unique_name.to_owned(), |user| user.login.clone())
    }
}
