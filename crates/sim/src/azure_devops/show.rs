//! How things look in the API's answers.

use super::AzureDevOps;
use super::model::{Comment, Fields, Relation, Revision, WorkItem};
use super::site::FieldKind;
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

/// An instant as the service writes it: `2026-01-31T09:30:00Z`, with a fraction where there is one.
pub(super) fn instant(at: Timestamp) -> String {
    at.to_string()
}

/// What a request wants of each work item.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Only these fields, by reference name; none: all.
    pub(super) fields: Vec<String>,
    pub(super) relations: bool,
    pub(super) links: bool,
}

impl AzureDevOps {
    /// A person as items, comments and subscriptions show them.
    pub(super) fn identity(&self, unique_name: &str) -> Value {
        let Some(user) = self.site.account(unique_name) else {
            return json!({"displayName": unique_name, "uniqueName": unique_name});
        };
        let url = self.site.url();
        json!({
            "displayName": user.display_name,
            "url": format!("{url}/_apis/Identities/{}", user.id),
            "_links": {"avatar": {"href": format!("{url}/_apis/GraphProfile/MemberAvatars/{}", user.descriptor())}},
            "id": user.id,
            "uniqueName": user.unique_name,
            "imageUrl": format!("{url}/_apis/GraphProfile/MemberAvatars/{}", user.descriptor()),
            "descriptor": user.descriptor(),
        })
    }

    /// Fields as an answer has them.
    pub(super) fn fields(&self, fields: &Fields) -> Map<String, Value> {
        let shown = fields.iter().map(|(reference, value)| {
            let field = self.site.field(reference);
            let value = match (field.map(|field| field.kind), value) {
                (Some(FieldKind::Identity), Value::String(name)) => self.identity(name),
                (_, value) => value.clone(),
            };
            (reference.clone(), value)
        });
        shown.collect()
    }

    /// The address of a work item.
    pub(super) fn item_url(&self, id: u64) -> String {
        format!("{}/_apis/wit/workItems/{id}", self.site.url())
    }

    /// A work item as it is.
    pub(super) fn shown(&self, item: &WorkItem, wanted: &Wanted) -> Value {
        match item.revisions.last() {
            Some(last) => self.at_revision(item, last, wanted),
            None => Value::Null,
        }
    }

    /// A work item as it was.
    pub(super) fn at_revision(&self, item: &WorkItem, at: &Revision, wanted: &Wanted) -> Value {
        let mut fields = self.fields(&at.fields);
        if !wanted.fields.is_empty() {
            fields.insert("System.Id".to_owned(), json!(item.id));
            fields.insert("System.Rev".to_owned(), json!(at.rev));
            let asked = |name: &String| {
                wanted
                    .fields
                    .iter()
                    .any(|field| field.eq_ignore_ascii_case(name))
            };
            fields.retain(|name, _| asked(name));
        }
        let url = self.item_url(item.id);
        let mut out = json!({"id": item.id, "rev": at.rev, "fields": fields, "url": url});
        if wanted.relations && !at.relations.is_empty() {
            out["relations"] = at.relations.iter().map(relation).collect();
        }
        if wanted.links {
            out["_links"] = json!({"self": {"href": url},
                "html": {"href": format!("{}/_workitems/edit/{}", self.site.url(), item.id)}});
        }
        if let Some((comment, version, deleted)) = at.comment {
            out["commentVersionRef"] = json!({"commentId": comment, "version": version, "isDeleted": deleted,
                "url": format!("{url}/comments/{comment}/versions/{version}")});
        }
        if !item.markdown.is_empty() {
            let formats = item
                .markdown
                .iter()
                .map(|field| (field.clone(), json!("markdown")));
            out["multilineFieldsFormat"] = Value::Object(formats.collect());
        }
        out
    }

    /// A comment.
    pub(super) fn comment(&self, item: &WorkItem, comment: &Comment) -> Value {
        let project = item.text("System.TeamProject");
        let project = self
            .site
            .project(project)
            .map_or("", |project| project.id.as_str());
        let mut out = json!({
            "workItemId": item.id,
            "id": comment.id,
            "version": comment.version,
            "text": comment.text,
            "format": if comment.markdown { "markdown" } else { "html" },
            "createdBy": self.identity(&comment.author),
            "createdDate": instant(comment.created),
            "modifiedBy": self.identity(&comment.modified_by),
            "modifiedDate": instant(comment.modified),
            "url": format!("{}/{project}/_apis/wit/workItems/{}/comments/{}", self.site.url(), item.id, comment.id),
        });
        if comment.deleted {
            out["isDeleted"] = json!(true);
        }
        out
    }
}

/// A link.
pub(super) fn relation(relation: &Relation) -> Value {
    json!({"rel": relation.rel, "url": relation.url, "attributes": relation.attributes})
}
