//! How things look in the API's answers.

use super::adf;
use super::model::{ChangeItem, Comment, FieldValue, Issue, Shown};
use super::site::{Field, FieldKind, IssueType, Named, Project, Site, Status, User};
use super::store::Store;
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

/// An instant as Jira writes it: `2026-01-31T09:30:00.000+0000`.
pub(super) fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.trim_end_matches('Z');
    match text.contains('.') {
        true => format!("{text}+0000"),
        false => format!("{text}.000+0000"),
    }
}

/// What things look like on this site.
#[derive(Clone, Copy)]
pub(super) struct Show<'a> {
    pub(super) site: &'a Site,
    pub(super) store: &'a Store,
}

impl Show<'_> {
    /// An account; the address shows for the caller and where the profile allows it.
    pub(super) fn user(&self, user: &User, caller: &str) -> Value {
        let zone = match user.utc_offset_hours {
            0 => "Etc/UTC".to_owned(),
            // POSIX signs: Etc/GMT-2 is two hours east.
            hours => format!("Etc/GMT{:+}", -hours),
        };
        let mut out = json!({
            "self": self.site.url(&format!("user?accountId={}", user.account_id)),
            "accountId": user.account_id,
            "accountType": "atlassian",
            "active": user.active,
            "displayName": user.display_name,
            "timeZone": zone,
            "avatarUrls": self.avatars(&format!("avatar/{}", user.account_id)),
        });
        if self.site.switches.emails_visible || user.account_id == caller {
            out["emailAddress"] = json!(user.email);
        }
        out
    }

    /// An account by id; one that is gone shows as Jira shows former users.
    pub(super) fn account(&self, account_id: &str, caller: &str) -> Value {
        match self.site.user(account_id) {
            Some(user) => self.user(user, caller),
            None => json!({"accountId": account_id, "accountType": "unknown", "active": false,
                "displayName": "Former user"}),
        }
    }

    fn avatars(&self, what: &str) -> Value {
        let url = |size: u8| format!("{}/{what}?size={size}", self.site.base_url);
        json!({"16x16": url(16), "24x24": url(24), "32x32": url(32), "48x48": url(48)})
    }

    /// A status.
    pub(super) fn status(&self, status: &Status) -> Value {
        let (id, key, colour, name) = status.category.facts();
        json!({
            "self": self.site.url(&format!("status/{}", status.id)),
            "description": "",
            "iconUrl": format!("{}/images/icons/statuses/generic.png", self.site.base_url),
            "id": status.id,
            "name": status.name,
            "statusCategory": {
                "self": self.site.url(&format!("statuscategory/{id}")),
                "id": id, "key": key, "colorName": colour, "name": name,
            },
        })
    }

    /// An issue type.
    pub(super) fn issue_type(&self, kind: &IssueType) -> Value {
        json!({
            "self": self.site.url(&format!("issuetype/{}", kind.id)),
            "id": kind.id,
            "description": "",
            "iconUrl": format!("{}/images/icons/issuetypes/{}.svg", self.site.base_url, kind.id),
            "name": kind.name,
            "subtask": kind.subtask,
            "hierarchyLevel": if kind.subtask { -1 } else { 0 },
        })
    }

    /// A priority.
    pub(super) fn priority(&self, priority: &Named) -> Value {
        let icon = format!(
            "{}/images/icons/priorities/{}.svg",
            self.site.base_url, priority.id
        );
        json!({"self": self.site.url(&format!("priority/{}", priority.id)), "iconUrl": icon,
            "name": priority.name, "id": priority.id})
    }

    /// A resolution.
    pub(super) fn resolution(&self, resolution: &Named) -> Value {
        json!({"self": self.site.url(&format!("resolution/{}", resolution.id)),
            "id": resolution.id, "description": "", "name": resolution.name})
    }

    /// A component, as issues have it.
    pub(super) fn component(&self, component: &Named) -> Value {
        json!({"self": self.site.url(&format!("component/{}", component.id)),
            "id": component.id, "name": component.name})
    }

    /// A project, as issues have it.
    pub(super) fn project(&self, project: &Project) -> Value {
        json!({
            "self": self.site.url(&format!("project/{}", project.id)),
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": if project.service_desk { "service_desk" } else { "software" },
            "simplified": false,
            "avatarUrls": self.avatars(&format!("projectavatar/{}", project.id)),
        })
    }

    /// A comment. `wiki` is the older form with plain text in place of ADF, which webhooks carry.
    pub(super) fn comment(
        &self,
        issue: &Issue,
        comment: &Comment,
        caller: &str,
        wiki: bool,
    ) -> Value {
        let desk = self.site.project(&issue.project);
        let desk = desk.is_some_and(|project| project.service_desk);
        let mut out = json!({
            "self": self.site.url(&format!("issue/{}/comment/{}", issue.id, comment.id)),
            "id": comment.id.to_string(),
            "author": self.account(&comment.author, caller),
            "body": if wiki { Value::from(adf::plain(&comment.body)) } else { comment.body.clone() },
            "updateAuthor": self.account(&comment.update_author, caller),
            "created": instant(comment.created),
            "updated": instant(comment.updated),
            "jsdPublic": !(desk && comment.internal()),
        });
        if let Some(visibility) = &comment.visibility {
            out["visibility"] = visibility.clone();
        }
        out
    }

    /// A field's value.
    pub(super) fn value(
        &self,
        field: &Field,
        project: &Project,
        value: &FieldValue,
        caller: &str,
    ) -> Value {
        let option = |id: &String| -> Value {
            let found = field.options.iter().find(|option| option.id == *id);
            json!({"self": self.site.url(&format!("customFieldOption/{id}")), "id": id,
                "value": found.map_or("", |option| option.value.as_str())})
        };
        match (field.kind, value) {
            (FieldKind::User, FieldValue::One(id)) => self.account(id, caller),
            (FieldKind::Priority, FieldValue::One(id)) => {
                by_id(&self.site.priorities, id).map_or(Value::Null, |each| self.priority(each))
            }
            (FieldKind::Resolution, FieldValue::One(id)) => {
                by_id(&self.site.resolutions, id).map_or(Value::Null, |each| self.resolution(each))
            }
            (FieldKind::Components, FieldValue::Many(ids)) => ids
                .iter()
                .filter_map(|id| by_id(&project.components, id))
                .map(|each| self.component(each))
                .collect(),
            (FieldKind::Labels, FieldValue::Many(labels)) => {
                // Jira answers labels sorted, not in the order in which they were set.
                let mut labels = labels.clone();
                labels.sort();
                json!(labels)
            }
            (_, FieldValue::One(id)) => option(id),
            (_, FieldValue::Many(ids)) => ids.iter().map(option).collect(),
            (_, FieldValue::Cascade { parent, child }) => {
                let mut out = option(parent);
                if let Some(child) = child {
                    let children = field.options.iter().flat_map(|option| &option.children);
                    let name = children.clone().find(|each| each.id == *child);
                    out["child"] = json!({"self": self.site.url(&format!("customFieldOption/{child}")),
                        "id": child, "value": name.map_or("", |each| each.name.as_str())});
                }
                out
            }
            (_, FieldValue::Issue(id)) => {
                let issue = self.store.issues.get(id);
                issue.map_or(Value::Null, |issue| self.reference(issue, caller))
            }
            (_, FieldValue::Text(text) | FieldValue::Date(text)) => json!(text),
            (_, FieldValue::Rich(document)) => document.clone(),
            (_, FieldValue::Number(number)) => json!(number),
            (_, FieldValue::DateTime(at)) => json!(instant(*at)),
        }
    }

    /// An issue as others refer to it: parent, sub-task, linked issue.
    pub(super) fn reference(&self, issue: &Issue, caller: &str) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            fields.insert(name.to_owned(), value.unwrap_or(Value::Null));
        };
        put("summary", Some(json!(issue.text("summary"))));
        put(
            "status",
            self.site
                .status(&issue.status)
                .map(|each| self.status(each)),
        );
        put(
            "issuetype",
            self.site
                .issue_type(&issue.kind)
                .map(|each| self.issue_type(each)),
        );
        let priority = self
            .site
            .field("priority")
            .zip(issue.values.get("priority"));
        let project = self.site.project(&issue.project);
        put(
            "priority",
            priority
                .zip(project)
                .map(|((field, value), project)| self.value(field, project, value, caller)),
        );
        json!({"id": issue.id.to_string(), "key": issue.key,
            "self": self.site.url(&format!("issue/{}", issue.id)), "fields": fields})
    }

    /// A value as the changelog shows it.
    pub(super) fn shown(
        &self,
        field: &Field,
        project: &Project,
        value: Option<&FieldValue>,
    ) -> Shown {
        let Some(value) = value else {
            return Shown::default();
        };
        let text = |text: &str| Shown {
            id: None,
            text: Some(text.to_owned()),
        };
        let shown = self.value(field, project, value, "");
        let name = |value: &Value| {
            let name = ["displayName", "name", "value", "key"]
                .iter()
                .find_map(|key| value.get(key));
            name.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match value {
            FieldValue::Text(line) => text(line),
            FieldValue::Date(day) => Shown {
                id: Some(day.clone()),
                text: Some(format!("{day} 00:00:00.0")),
            },
            FieldValue::Rich(document) => text(&adf::plain(document)),
            FieldValue::Number(number) => text(&number.to_string()),
            FieldValue::DateTime(at) => text(&instant(*at)),
            FieldValue::One(id) => Shown {
                id: Some(id.clone()),
                text: Some(name(&shown)),
            },
            FieldValue::Issue(id) => Shown {
                id: Some(id.to_string()),
                text: Some(name(&shown)),
            },
            FieldValue::Many(labels) if field.kind == FieldKind::Labels => text(&labels.join(" ")),
            FieldValue::Many(ids) => {
                let names: Vec<String> = shown.as_array().into_iter().flatten().map(name).collect();
                Shown {
                    id: Some(format!("[{}]", ids.join(", "))),
                    text: Some(names.join(",")),
                }
            }
            FieldValue::Cascade { parent, .. } => {
                let child = shown.get("child").map(name);
                let level = child.map(|child| format!("; Level 1 values: {child}"));
                let line = format!(
                    "Parent values: {}{}",
                    name(&shown),
                    level.unwrap_or_default()
                );
                Shown {
                    id: Some(parent.clone()),
                    text: Some(line),
                }
            }
        }
    }

    /// An item of the changelog.
    pub(super) fn change_item(&self, item: &ChangeItem) -> Value {
        json!({
            "field": item.field,
            "fieldtype": if item.custom { "custom" } else { "jira" },
            "fieldId": item.field_id,
            "from": item.from.id, "fromString": item.from.text,
            "to": item.to.id, "toString": item.to.text,
        })
    }
}

/// The named thing with an id.
pub(super) fn by_id<'a>(all: &'a [Named], id: &str) -> Option<&'a Named> {
    all.iter().find(|each| each.id == id)
}
