//! What a person or a test does past the API, and the dump.

use super::Redmine;
use super::files::{FILE_MAX_BYTES, TOO_LARGE};
use super::issues::{By, Notes};
use super::model::Issue;
use super::site::User;
use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpComment, DumpItem};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Notes that everybody sees.
const PUBLIC: &str = "public";
/// Notes for those with the permission.
pub(super) const PRIVATE: &str = "private";
/// Redmine has no labels; they are kept in a custom field with this name, with commas between them.
const LABELS: &str = "Labels";

fn attributes(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn is_private(channel: &str) -> Result<bool, Refused> {
    match channel {
        PUBLIC => Ok(false),
        PRIVATE => Ok(true),
        other => Err(Refused::unknown("channel", other)),
    }
}

fn joined(labels: &[String]) -> String {
    labels.join(", ")
}

fn invalid(errors: Vec<String>) -> Refused {
    Refused::Invalid(errors.join("; "))
}

impl Redmine {
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
                let by = self.by(now, &by)?;
                let mut fields =
                    attributes([("subject", json!(title)), ("description", json!(body))]);
                fields.insert(
                    "project_id".to_owned(),
                    json!(self.container(container.as_deref())?),
                );
                self.add_people_and_labels(&mut fields, &assignees, &labels)?;
                let id = self.insert(by, &fields).map_err(invalid)?;
                Ok(Done::Item(key_of(id)))
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let fields = self.edit(id, &field, &value)?;
                self.change(by, id, &fields, Notes::default())
                    .map_err(invalid)?;
                Ok(Done::Nothing)
            }
            Command::Delete { key, .. } => {
                self.remove(self.id_of(&key)?);
                Ok(Done::Nothing)
            }
            Command::Move { key, by, to } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let fields = attributes([("project_id", json!(self.container(Some(&to))?))]);
                self.change(by, id, &fields, Notes::default())
                    .map_err(invalid)?;
                Ok(Done::Item(key_of(id)))
            }
            Command::Clone { key, by } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                Ok(Done::Item(key_of(self.copy(by, id))))
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { .. } => Err(Refused::Invalid(
                "a project's module of issues is always on here".to_owned(),
            )),
            Command::Webhook { .. } => {
                Err(Refused::Invalid("Redmine sends no webhooks".to_owned()))
            }
            file @ (Command::Attach { .. } | Command::Detach { .. }) => self.act_on_file(now, file),
            comment => self.act_on_comment(now, comment),
        }
    }

    fn attach_by_hand(
        &mut self,
        by: By,
        issue: u64,
        name: &str,
        (media_type, body): (Option<String>, String),
    ) -> Result<Done, Refused> {
        if body.len() > FILE_MAX_BYTES {
            return Err(Refused::Invalid(TOO_LARGE.to_owned()));
        }
        let file = self.store_file(by, name, body.into());
        if let Some(stored) = self.files.get_mut(&file) {
            stored.media_type = media_type.unwrap_or_else(|| "text/plain".to_owned());
        }
        let token = self.token_of(file);
        let uploads = attributes([("uploads", json!([{ "token": token }]))]);
        self.change(by, issue, &uploads, Notes::default())
            .map_err(invalid)?;
        Ok(Done::Attachment(file.to_string()))
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
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                self.attach_by_hand(by, id, &name, (media_type, body))
            }
            Command::Detach {
                key,
                by,
                attachment,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let mut ids = self.files_of(id).map(|(file, _)| *file);
                let file = ids.find(|file| file.to_string() == attachment);
                drop(ids);
                let file = file.ok_or_else(|| Refused::unknown("attachment", attachment))?;
                self.detach(by, file);
                Ok(Done::Nothing)
            }
            other => self.act_on_comment(now, other),
        }
    }

    fn act_on_comment(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::AddComment {
                key,
                by,
                body,
                channel,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                self.add_notes(by, id, body, channel.as_deref())
            }
            Command::EditComment {
                key, comment, body, ..
            } => self.edit_notes(&key, &comment, body),
            Command::SetChannel {
                key,
                comment,
                channel,
                ..
            } => self.set_private(&key, &comment, is_private(&channel)?),
            Command::HideComment { key, comment, .. } => {
                self.kept_from_robot = true;
                self.set_private(&key, &comment, true)
            }
            Command::ShowComment { key, comment, .. } => {
                self.kept_from_robot = false;
                self.set_private(&key, &comment, false)
            }
            Command::DeleteComment { key, comment, .. } => {
                self.edit_notes(&key, &comment, String::new())
            }
            other => Err(Refused::Invalid(format!(
                "{other:?} is not about a comment"
            ))),
        }
    }

    fn by(&self, now: Timestamp, login: &str) -> Result<By, Refused> {
        let who = self.person(login)?.id;
        Ok(By { now, who })
    }

    fn add_people_and_labels(
        &self,
        fields: &mut Map<String, Value>,
        assignees: &[String],
        labels: &[String],
    ) -> Result<(), Refused> {
        if let Some(login) = assignees.first() {
            fields.insert("assigned_to_id".to_owned(), json!(self.person(login)?.id));
        }
        if !labels.is_empty() {
            fields.insert("custom_fields".to_owned(), self.labels_value(labels)?);
        }
        Ok(())
    }

    fn add_notes(
        &mut self,
        by: By,
        id: u64,
        text: String,
        channel: Option<&str>,
    ) -> Result<Done, Refused> {
        let private = is_private(channel.unwrap_or(PUBLIC))?;
        let notes = Notes { text, private };
        let made = self.change(by, id, &Map::new(), notes).map_err(invalid)?;
        let journal = made.ok_or_else(|| Refused::Invalid("notes cannot be empty".to_owned()))?;
        Ok(Done::Comment(journal.to_string()))
    }

    fn person(&self, login: &str) -> Result<&User, Refused> {
        let mut users = self.site.users.iter();
        users
            .find(|user| user.login == login)
            .ok_or_else(|| Refused::unknown("person", login))
    }

    fn id_of(&self, key: &str) -> Result<u64, Refused> {
        let found = key
            .trim_start_matches('#')
            .parse()
            .ok()
            .and_then(|id| self.find(id));
        found
            .map(|issue| issue.id)
            .ok_or_else(|| Refused::unknown("item", key))
    }

    fn container(&self, name: Option<&str>) -> Result<u64, Refused> {
        let found = match name {
            Some(name) => self.site.project(name),
            None => self.site.projects.first(),
        };
        found
            .map(|project| project.id)
            .ok_or_else(|| Refused::unknown("project", name.unwrap_or_default()))
    }

    fn labels_value(&self, labels: &[String]) -> Result<Value, Refused> {
        let field = self
            .site
            .custom_fields
            .iter()
            .find(|field| field.name == LABELS);
        let field = field.ok_or_else(|| Refused::unknown("field", LABELS))?;
        Ok(json!([{"id": field.id, "value": joined(labels)}]))
    }

    /// The attributes of the API for one edited field.
    fn edit(&self, id: u64, field: &str, value: &Value) -> Result<Map<String, Value>, Refused> {
        let texts = || -> Vec<String> {
            let values = value.as_array().into_iter().flatten();
            values
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        Ok(match field {
            "title" => attributes([("subject", value.clone())]),
            "body" => attributes([("description", value.clone())]),
            "status" => {
                let name = value.as_str().unwrap_or_default();
                let mut statuses = self.site.statuses.iter();
                let wanted =
                    statuses.find(|status| status.name == name || status.id.to_string() == name);
                let wanted = wanted.ok_or_else(|| Refused::unknown("status", name))?.id;
                let from = self.issues[&id].status;
                if !self
                    .site
                    .allowed(from)
                    .iter()
                    .any(|status| status.id == wanted)
                {
                    return Err(Refused::Invalid(format!(
                        "the workflow does not allow '{name}' from here"
                    )));
                }
                attributes([("status_id", json!(wanted))])
            }
            "labels" => attributes([("custom_fields", self.labels_value(&texts())?)]),
            "assignees" => {
                let user = texts()
                    .first()
                    .map(|login| self.person(login).map(|user| user.id))
                    .transpose()?;
                attributes([("assigned_to_id", user.into())])
            }
            _ => match field
                .strip_prefix("cf_")
                .and_then(|number| number.parse().ok())
            {
                Some(number) if self.site.custom_field(number).is_some() => {
                    attributes([("custom_fields", json!([{"id": number, "value": value}]))])
                }
                _ => {
                    let known = [
                        "priority_id",
                        "tracker_id",
                        "start_date",
                        "due_date",
                        "done_ratio",
                        "estimated_hours",
                        "is_private",
                    ];
                    let name = known.iter().find(|name| **name == field);
                    attributes([(
                        *name.ok_or_else(|| Refused::unknown("field", field))?,
                        value.clone(),
                    )])
                }
            },
        })
    }

    /// An issue and one of its journals.
    fn journal_of(&self, key: &str, comment: &str) -> Result<(u64, u64), Refused> {
        let id = self.id_of(key)?;
        let journal = comment
            .parse()
            .ok()
            .filter(|journal| self.issue_of_journal(*journal) == Some(id));
        let journal = journal.ok_or_else(|| Refused::unknown("comment", comment))?;
        Ok((id, journal))
    }

    fn edit_notes(&mut self, key: &str, comment: &str, text: String) -> Result<Done, Refused> {
        let (id, journal) = self.journal_of(key, comment)?;
        self.rewrite(id, journal, Some(text), None);
        Ok(Done::Nothing)
    }

    fn set_private(&mut self, key: &str, comment: &str, private: bool) -> Result<Done, Refused> {
        let (id, journal) = self.journal_of(key, comment)?;
        self.rewrite(id, journal, None, Some(private));
        Ok(Done::Nothing)
    }

    /// Copies an issue as Redmine's "Copy" does: attributes and custom fields, but no journals.
    fn copy(&mut self, by: By, id: u64) -> u64 {
        let copy = self.issues.last_key_value().map_or(1, |(id, _)| id + 1);
        let mut issue = self.issues[&id].clone();
        issue.id = copy;
        issue.author = by.who;
        issue.created = by.now;
        issue.updated = by.now;
        issue.closed = issue.closed.map(|_| by.now);
        issue.journals.clear();
        issue.hidden = None;
        self.issues.insert(copy, issue);
        copy
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "Redmine hides issues with 403 or 404, not {status}"
            )));
        }
        let ids: Vec<u64> = match keys.is_empty() {
            true => self.issues.keys().copied().collect(),
            false => keys
                .iter()
                .map(|key| self.id_of(key))
                .collect::<Result<_, _>>()?,
        };
        for id in ids {
            if let Some(issue) = self.issues.get_mut(&id) {
                issue.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }

    pub(super) fn dump_all(&self) -> Dump {
        Dump {
            tracker: "redmine".to_owned(),
            items: self
                .issues
                .values()
                .map(|issue| self.dump_item(issue))
                .collect(),
        }
    }

    fn dump_item(&self, issue: &Issue) -> DumpItem {
        let login = |id: u64| {
            self.site
                .user(id)
                .map_or_else(|| id.to_string(), |user| user.login.clone())
        };
        let field = self
            .site
            .custom_fields
            .iter()
            .find(|field| field.name == LABELS);
        let held = field.and_then(|field| issue.custom.get(&field.id)?.first());
        let mut labels: Vec<String> = held
            .map(|text| text.split(", ").map(str::to_owned).collect())
            .unwrap_or_default();
        labels.sort();
        let shown = self.issue(issue);
        let mut fields: BTreeMap<String, Value> = [
            "tracker",
            "priority",
            "start_date",
            "due_date",
            "done_ratio",
        ]
        .iter()
        .map(|name| ((*name).to_owned(), shown[*name].clone()))
        .collect();
        fields.extend(
            issue
                .custom
                .iter()
                .map(|(id, values)| (format!("cf_{id}"), json!(values))),
        );
        // A journal with changes only is history, not a comment.
        let comments = issue
            .journals
            .iter()
            .filter(|journal| !journal.notes.trim().is_empty());
        DumpItem {
            key: key_of(issue.id),
            id: issue.id.to_string(),
            container: self
                .site
                .project_by_id(issue.project)
                .map_or_else(String::new, |each| each.identifier.clone()),
            title: issue.subject.clone(),
            body: issue.description.clone(),
            status: self
                .site
                .status(issue.status)
                .map_or_else(String::new, |each| each.name.clone()),
            labels,
            assignees: issue.assigned_to.map(login).into_iter().collect(),
            fields,
            comments: comments
                .map(|journal| DumpComment {
                    id: journal.id.to_string(),
                    author: login(journal.user),
                    body: journal.notes.clone(),
                    channel: if journal.private { PRIVATE } else { PUBLIC }.to_owned(),
                    created: journal.created.to_string(),
                })
                .collect(),
            attachments: self.dump_files(issue),
            created: issue.created.to_string(),
            updated: issue.updated.to_string(),
            deleted: issue.deleted,
            hidden: issue.hidden.is_some(),
        }
    }
}

/// What a person calls an issue.
fn key_of(id: u64) -> String {
    format!("#{id}")
}
