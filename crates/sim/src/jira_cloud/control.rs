//! What a person or a test does past the API.

use super::JiraCloud;
use super::adf;
use super::edit::{By, Plan, system_item};
use super::failure::Failure;
use super::fields::Reader;
use super::model::{Change, FieldValue, File, Issue, Shown};
use super::site::{FieldKind, Project};
use crate::command::{Command, Done, Refused};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

pub(super) fn refused(failure: &Failure) -> Refused {
    Refused::Invalid(failure.sentence())
}

/// ADF from what a person types: ADF as JSON text, or plain text.
pub(super) fn document(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.get("type") == Some(&json!("doc")) => value,
        _ => adf::from_plain(text),
    }
}

impl JiraCloud {
    pub(super) fn act(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::Create {
                container,
                by,
                title,
                body,
                labels,
                assignees,
            } => {
                let who = self.account_of(&by)?;
                let issue = NewIssue {
                    container,
                    title,
                    body,
                    labels,
                    assignees,
                };
                self.person_creates(By { now, who: &who }, issue)
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                self.person_edits(By { now, who: &who }, id, &field, &value)?;
                Ok(Done::Nothing)
            }
            Command::Delete { key, by } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                Ok(self.person_deletes(By { now, who: &who }, id))
            }
            Command::Move { key, by, to } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                self.move_issue(By { now, who: &who }, id, &to)
            }
            Command::Clone { key, by } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                self.clone_issue(By { now, who: &who }, id)
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { .. } => Err(Refused::Invalid(
                "Jira has no switch for all issues of a project".to_owned(),
            )),
            Command::Webhook { url, secret } => self.register(&url, secret),
            file @ (Command::Attach { .. } | Command::Detach { .. }) => self.act_on_file(now, file),
            comment => self.act_on_comment(now, comment),
        }
    }

    fn act_on_file(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::Attach {
                key,
                by,
                name,
                media_type,
                body,
            } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                let file = File {
                    id: 0,
                    name,
                    media_type: media_type.unwrap_or_else(|| "text/plain".to_owned()),
                    content: Bytes::from(body).into(),
                    author: who.clone(),
                    created: now,
                };
                let made = self.attach(By { now, who: &who }, id, file);
                Ok(Done::Attachment(made.to_string()))
            }
            Command::Detach {
                key,
                by,
                attachment,
            } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                let file = attachment.parse().unwrap_or_default();
                if !self.detach(By { now, who: &who }, id, file) {
                    return Err(Refused::unknown("attachment", attachment));
                }
                Ok(Done::Nothing)
            }
            other => self.act_on_comment(now, other),
        }
    }

    fn register(&mut self, url: &str, secret: Option<String>) -> Result<Done, Refused> {
        let parsed = url
            .parse()
            .map_err(|_| Refused::Invalid(format!("'{url}' is not a URL")))?;
        self.hooks.register(parsed, secret);
        Ok(Done::Nothing)
    }

    fn person_deletes(&mut self, by: By<'_>, id: u64) -> Done {
        let children: Vec<u64> = self.store.children(id).map(|child| child.id).collect();
        for id in children.into_iter().chain([id]) {
            self.remove(by, id);
        }
        Done::Nothing
    }

    pub(super) fn account_of(&self, login: &str) -> Result<String, Refused> {
        let user = self
            .site
            .person(login)
            .ok_or_else(|| Refused::unknown("person", login))?;
        Ok(user.account_id.clone())
    }

    pub(super) fn id_of(&self, key: &str) -> Result<u64, Refused> {
        self.store
            .find(key)
            .map(|issue| issue.id)
            .ok_or_else(|| Refused::unknown("item", key))
    }

    fn project_named(&self, name: Option<&str>) -> Result<Project, Refused> {
        let project = match name {
            Some(name) => self.site.project(name),
            None => self.site.projects.first(),
        };
        project
            .cloned()
            .ok_or_else(|| Refused::unknown("project", name.unwrap_or_default()))
    }

    fn person_creates(&mut self, by: By<'_>, new: NewIssue) -> Result<Done, Refused> {
        let project = self.project_named(new.container.as_deref())?;
        let kind = project
            .types
            .iter()
            .find(|id| self.site.issue_type(id).is_some_and(|kind| !kind.subtask));
        let kind = kind
            .cloned()
            .ok_or_else(|| Refused::Invalid("the project has no issue types".to_owned()))?;
        let mut fields = json!({"summary": new.title, "labels": new.labels});
        if !new.body.is_empty() {
            fields["description"] = document(&new.body);
        }
        if let Some(login) = new.assignees.first() {
            fields["assignee"] = json!({"accountId": self.account_of(login)?});
        }
        let mut allowed: Vec<&str> = project.screen.iter().map(String::as_str).collect();
        allowed.push("summary");
        let body = json!({"fields": fields});
        let mut plan = self
            .plan(&project, None, &body, &allowed)
            .map_err(|failure| refused(&failure))?;
        plan.values.insert(
            "reporter".to_owned(),
            Some(FieldValue::One(by.who.to_owned())),
        );
        self.check_required(&plan, None, &["summary"], true)
            .map_err(|failure| refused(&failure))?;
        let id = self.insert(by, &project, kind, plan, BTreeMap::new());
        Ok(Done::Item(self.issue(id).key.clone()))
    }

    fn person_edits(
        &mut self,
        by: By<'_>,
        id: u64,
        field: &str,
        value: &Value,
    ) -> Result<(), Refused> {
        let project = self.project_named(Some(&self.issue(id).project))?;
        let field = match field {
            "status" => {
                let name = value.as_str().unwrap_or_default();
                return self.person_moves_to(by, &project, id, name);
            }
            "title" => "summary",
            "body" => "description",
            "assignees" => "assignee",
            other => other,
        };
        let known = self
            .site
            .field(field)
            .filter(|each| each.kind != FieldKind::System);
        let known = known.ok_or_else(|| Refused::unknown("field", field))?;
        let value = match (known.kind, value) {
            (FieldKind::Rich, Value::String(text)) if text.is_empty() => Value::Null,
            (FieldKind::Rich, Value::String(text)) => document(text),
            (FieldKind::User, Value::Array(logins)) => match logins.first().and_then(Value::as_str)
            {
                Some(login) => json!({"accountId": self.account_of(login)?}),
                None => Value::Null,
            },
            (FieldKind::User, Value::String(login)) => {
                json!({"accountId": self.account_of(login)?})
            }
            (FieldKind::Priority | FieldKind::Resolution, Value::String(name)) => {
                json!({"name": name})
            }
            (FieldKind::Option, Value::String(name)) => json!({"value": name}),
            (_, other) => other.clone(),
        };
        let reader = Reader {
            site: &self.site,
            store: &self.store,
            project: &project,
        };
        let read = reader.read(known, &value).map_err(Refused::Invalid)?;
        if read.is_none()
            && (field == "summary" || project.required.iter().any(|each| each == field))
        {
            return Err(Refused::Invalid(format!("{} is required.", known.name)));
        }
        let plan = Plan {
            values: BTreeMap::from([(field.to_owned(), read)]),
            ..Plan::default()
        };
        self.commit(by, id, plan, "issue_updated");
        Ok(())
    }

    /// Takes the transition that leads to a status. For fields that its screen demands, a person picks the first
    /// resolution; what else it demands, the issue must have.
    fn person_moves_to(
        &mut self,
        by: By<'_>,
        project: &Project,
        id: u64,
        status: &str,
    ) -> Result<(), Refused> {
        let wanted = self
            .site
            .statuses
            .iter()
            .find(|each| each.name.eq_ignore_ascii_case(status) || each.id == status);
        let wanted = wanted
            .ok_or_else(|| Refused::unknown("status", status))?
            .id
            .clone();
        if self.issue(id).status == wanted {
            return Ok(());
        }
        let way = Self::ways(project, self.issue(id))
            .find(|way| way.to == wanted)
            .cloned();
        let Some(way) = way else {
            return Err(Refused::Invalid(format!(
                "the workflow has no transition from here to '{status}'"
            )));
        };
        let mut plan = Plan::default();
        if way.screen.iter().any(|field| field == "resolution")
            && let Some(first) = self.site.resolutions.first()
        {
            plan.values.insert(
                "resolution".to_owned(),
                Some(FieldValue::One(first.id.clone())),
            );
        }
        let required: Vec<&str> = way.required.iter().map(String::as_str).collect();
        self.check_required(&plan, Some(id), &required, true)
            .map_err(|failure| refused(&failure))?;
        self.go(by, id, &way, plan);
        Ok(())
    }

    fn move_issue(&mut self, by: By<'_>, id: u64, to: &str) -> Result<Done, Refused> {
        let project = self.project_named(Some(to))?;
        let old = self.issue(id).clone();
        if old.project == project.id {
            return Err(Refused::Invalid(format!("the item is in '{to}' already")));
        }
        let key = self.store.new_key(&project.id, &project.key);
        self.store.keys.insert(key.to_ascii_uppercase(), id);
        let statuses: Vec<String> = self
            .statuses_of(&project)
            .iter()
            .map(|status| status.id.clone())
            .collect();
        let text = |id: Option<&str>, text: &str| Shown {
            id: id.map(str::to_owned),
            text: Some(text.to_owned()),
        };
        let from = self
            .site
            .project(&old.project)
            .map_or("", |project| project.name.as_str());
        let mut items = vec![
            system_item("Key", text(None, &old.key), text(None, &key)),
            system_item(
                "project",
                text(Some(&old.project), from),
                text(Some(&project.id), &project.name),
            ),
        ];
        let status = if statuses.contains(&old.status) {
            old.status.clone()
        } else {
            project.workflow.initial.clone()
        };
        if status != old.status {
            let name = |id: &str| {
                self.site
                    .status(id)
                    .map_or("", |status| status.name.as_str())
            };
            items.push(system_item(
                "status",
                text(Some(&old.status), name(&old.status)),
                text(Some(&status), name(&status)),
            ));
        }
        let kind = if project.types.contains(&old.kind) {
            Some(&old.kind)
        } else {
            project.types.first()
        };
        if let (Some(issue), Some(kind)) = (self.store.issues.get_mut(&id), kind) {
            issue.key = key.clone();
            issue.project.clone_from(&project.id);
            issue.kind.clone_from(kind);
            issue.status = status;
            // Components belong to a project, and a parent must be in the same one.
            issue.values.remove("components");
            issue.values.remove("parent");
        }
        let change = Change {
            id: self.new_id(),
            author: by.who.to_owned(),
            at: by.now,
            items,
        };
        self.record(by, id, change, "issue_moved");
        Ok(Done::Item(key))
    }

    /// Clones an issue as Jira's "Clone" does: fields and entity properties, but no comments and no history.
    fn clone_issue(&mut self, by: By<'_>, id: u64) -> Result<Done, Refused> {
        let old = self.issue(id).clone();
        let project = self.project_named(Some(&old.project))?;
        let mut values: BTreeMap<String, Option<FieldValue>> = old
            .values
            .iter()
            .map(|(field, value)| (field.clone(), Some(value.clone())))
            .collect();
        let title: String = format!("CLONE - {}", old.text("summary"))
            .chars()
            .take(255)
            .collect();
        values.insert("summary".to_owned(), Some(FieldValue::Text(title)));
        values.remove("resolution");
        let plan = Plan {
            values,
            ..Plan::default()
        };
        let copy = self.insert(by, &project, old.kind.clone(), plan, old.properties.clone());
        if let Some(kind) = self
            .site
            .link_types
            .iter()
            .find(|kind| kind.name == "Cloners")
        {
            self.link(by, kind.id.clone(), id, copy);
        }
        Ok(Done::Item(self.issue(copy).key.clone()))
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "Jira hides issues with 403 or 404, not {status}"
            )));
        }
        let ids: Vec<u64> = match keys.is_empty() {
            true => self.store.issues.keys().copied().collect(),
            false => keys
                .iter()
                .map(|key| self.id_of(key))
                .collect::<Result<_, _>>()?,
        };
        for id in ids {
            if let Some(issue) = self.store.issues.get_mut(&id) {
                issue.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }

    /// The name of an issue's status.
    pub(super) fn status_name(&self, issue: &Issue) -> &str {
        self.site
            .status(&issue.status)
            .map_or("", |status| status.name.as_str())
    }
}

struct NewIssue {
    container: Option<String>,
    title: String,
    body: String,
    labels: Vec<String>,
    assignees: Vec<String>,
}
