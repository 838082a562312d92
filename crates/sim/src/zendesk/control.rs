//! What a person or a test does past the API, and the dump.

use super::Zendesk;
use super::failure::Failure;
use super::files::FILE_MAX_BYTES;
use super::html;
use super::model::Ticket;
use super::tickets::By;
use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpComment, DumpItem};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Comments that the requester reads.
const PUBLIC: &str = "public";
/// Notes of the team.
pub(super) const INTERNAL: &str = "internal";

fn attributes(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn refused(failure: &Failure) -> Refused {
    Refused::Invalid(failure.sentence())
}

/// What a person calls a ticket.
fn key_of(id: u64) -> String {
    format!("#{id}")
}

/// A comment as a person writes it: HTML, as the editor saves what was formatted, or plain text.
fn comment(text: &str, public: bool) -> Value {
    let form = match text.trim_start().starts_with('<') {
        true => "html_body",
        false => "body",
    };
    json!({form: text, "public": public})
}

fn is_public(channel: &str) -> Result<bool, Refused> {
    match channel {
        PUBLIC => Ok(true),
        INTERNAL => Ok(false),
        other => Err(Refused::unknown("channel", other)),
    }
}

impl Zendesk {
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
                let mut fields = attributes([("subject", json!(title)), ("tags", json!(labels))]);
                // Nobody opens a ticket without a word.
                let text = if body.is_empty() { title } else { body };
                fields.insert("comment".to_owned(), comment(&text, true));
                let group = self.container(container.as_deref())?;
                fields.insert("group_id".to_owned(), json!(group));
                if let Some(login) = assignees.first() {
                    fields.insert("assignee_id".to_owned(), json!(self.id_of_person(login)?));
                }
                let made = self.insert(by, &fields);
                let (id, _) = made.map_err(|failure| refused(&failure))?;
                Ok(Done::Item(key_of(id)))
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let fields = self.edit(&field, &value)?;
                self.changed_by_person(by, id, &fields)
            }
            Command::Delete { key, by } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                self.put_in_bin(by, id);
                Ok(Done::Nothing)
            }
            Command::Move { key, by, to } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let fields = self.place_of(&to)?;
                self.changed_by_person(by, id, &fields)?;
                Ok(Done::Item(key))
            }
            Command::Clone { key, by } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                self.copy(by, id)
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { .. } => Err(Refused::Invalid(
                "Zendesk has no switch for all tickets of a group".to_owned(),
            )),
            Command::Webhook { url, secret } => {
                let adopted = self.adopt(&url, secret);
                adopted.map_err(|failure| refused(&failure))?;
                Ok(Done::Nothing)
            }
            file @ (Command::Attach { .. } | Command::Detach { .. }) => self.act_on_file(now, file),
            comment => self.act_on_comment(now, comment),
        }
    }

    /// What puts a ticket into the group, or else the brand, of a name.
    fn place_of(&self, name: &str) -> Result<Map<String, Value>, Refused> {
        match self.container(Some(name)) {
            Ok(group) => Ok(attributes([("group_id", json!(group))])),
            Err(unknown) => {
                let mut brands = self.site.brands.iter();
                let brand = brands.find(|brand| brand.name == name).ok_or(unknown)?;
                Ok(attributes([("brand_id", json!(brand.id))]))
            }
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
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                if body.len() > FILE_MAX_BYTES {
                    return Err(Refused::Invalid("the file is larger than 50 MB".to_owned()));
                }
                let kind = media_type.unwrap_or_else(|| "text/plain".to_owned());
                let file = self.store_file(by.who, (&name, &kind), body.into());
                let comment = json!({"body": format!("See {name}"), "public": true,
                    "uploads": [Self::token_of(file)]});
                self.changed_by_person(by, id, &attributes([("comment", comment)]))?;
                Ok(Done::Attachment(file.to_string()))
            }
            Command::Detach { .. } => Err(Refused::Invalid(
                "files are redacted and never deleted at Zendesk".to_owned(),
            )),
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
                let public = is_public(channel.as_deref().unwrap_or(PUBLIC))?;
                let comment = comment(&body, public);
                self.changed_by_person(by, id, &attributes([("comment", comment)]))?;
                let written = self.tickets[&id].comments.last();
                Ok(Done::Comment(
                    written.map_or_else(String::new, |one| one.id.to_string()),
                ))
            }
            Command::SetChannel {
                key,
                by,
                comment,
                channel,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let comment = self.known_comment(id, &comment)?;
                let ticket = &self.tickets[&id];
                let public = ticket
                    .comments
                    .iter()
                    .any(|one| one.id == comment && one.public);
                match (is_public(&channel)?, public) {
                    (true, false) => Err(Refused::Invalid(
                        "an internal note stays internal at Zendesk".to_owned(),
                    )),
                    (true, true) => Ok(Done::Nothing),
                    (false, _) => {
                        self.hide_from_customers(by, id, comment);
                        Ok(Done::Nothing)
                    }
                }
            }
            Command::EditComment {
                key,
                by,
                comment,
                body,
            } => {
                let (id, by) = (self.id_of(&key)?, self.by(now, &by)?);
                let comment = self.known_comment(id, &comment)?;
                self.shorten(by, id, comment, &body)
            }
            Command::DeleteComment { .. } => Err(Refused::Invalid(
                "comments cannot be deleted at Zendesk".to_owned(),
            )),
            Command::HideComment { .. } | Command::ShowComment { .. } => Err(Refused::Invalid(
                "an agent who sees a ticket sees all its comments".to_owned(),
            )),
            other => Err(Refused::Invalid(format!(
                "{other:?} is not about a comment"
            ))),
        }
    }

    /// The one edit of a comment that there is: words that are gone from the new text are redacted.
    fn shorten(&mut self, by: By, id: u64, comment: u64, body: &str) -> Result<Done, Refused> {
        let html = self.html_of(id, comment).unwrap_or_default().to_owned();
        let words = html::plain(&html);
        let gone = words.strip_prefix(body).or(words.strip_suffix(body));
        let gone = gone.map(str::trim);
        let gone = gone.filter(|gone| !gone.is_empty() && !body.is_empty());
        let gone = gone.ok_or_else(|| {
            let why = "Zendesk keeps comments as they are; words at their end or beginning can be redacted";
            Refused::Invalid(why.to_owned())
        })?;
        let marked = html.replacen(gone, &format!("<redact>{gone}</redact>"), 1);
        self.blacken(by, id, comment, &marked);
        Ok(Done::Nothing)
    }

    fn changed_by_person(
        &mut self,
        by: By,
        id: u64,
        fields: &Map<String, Value>,
    ) -> Result<Done, Refused> {
        let changed = self.change(by, id, fields);
        changed.map_err(|failure| refused(&failure))?;
        Ok(Done::Nothing)
    }

    /// A copy beside a ticket, as apps that clone make it: its external id included.
    fn copy(&mut self, by: By, id: u64) -> Result<Done, Refused> {
        let old = self.tickets[&id].clone();
        let text = old.comments.first().map_or("", |one| one.html.as_str());
        let custom: Vec<Value> = old
            .custom
            .iter()
            .map(|(id, value)| json!({"id": id, "value": value}))
            .collect();
        let fields = attributes([
            ("subject", json!(old.subject)),
            ("comment", json!({"html_body": text})),
            ("tags", json!(old.tags)),
            ("group_id", json!(old.group)),
            ("brand_id", json!(old.brand)),
            ("priority", json!(old.priority)),
            ("type", json!(old.kind)),
            ("external_id", json!(old.external_id)),
            ("custom_fields", json!(custom)),
        ]);
        let made = self.insert(by, &fields);
        let (id, _) = made.map_err(|failure| refused(&failure))?;
        Ok(Done::Item(key_of(id)))
    }

    fn by(&self, now: Timestamp, login: &str) -> Result<By, Refused> {
        let who = self.id_of_person(login)?;
        Ok(By { now, who })
    }

    fn id_of_person(&self, login: &str) -> Result<u64, Refused> {
        let person = self.site.person(login);
        person
            .map(|person| person.id)
            .ok_or_else(|| Refused::unknown("person", login))
    }

    fn id_of(&self, key: &str) -> Result<u64, Refused> {
        let id = key.trim_start_matches('#').parse().ok();
        let ticket = id.and_then(|id: u64| self.tickets.get(&id));
        ticket
            .filter(|ticket| ticket.deleted.is_none())
            .map(|ticket| ticket.id)
            .ok_or_else(|| Refused::unknown("item", key))
    }

    fn known_comment(&self, id: u64, comment: &str) -> Result<u64, Refused> {
        self.comment_of(id, comment)
            .ok_or_else(|| Refused::unknown("comment", comment))
    }

    fn container(&self, name: Option<&str>) -> Result<u64, Refused> {
        let mut groups = self.site.groups.iter();
        let group = groups.find(|group| name.is_none_or(|name| group.name == name));
        group
            .map(|group| group.id)
            .ok_or_else(|| Refused::unknown("group", name.unwrap_or_default()))
    }

    /// The attributes of the API for one edited field.
    fn edit(&self, field: &str, value: &Value) -> Result<Map<String, Value>, Refused> {
        Ok(match field {
            "title" => attributes([("subject", value.clone())]),
            "body" => {
                return Err(Refused::Invalid(
                    "the description is the first comment, which nobody can edit".to_owned(),
                ));
            }
            "labels" => attributes([("tags", value.clone())]),
            "assignees" => {
                let login = value.as_array().and_then(|logins| logins.first()?.as_str());
                let id = login.map(|login| self.id_of_person(login)).transpose()?;
                attributes([("assignee_id", json!(id))])
            }
            "status" => {
                let name = value.as_str().unwrap_or_default();
                let mut statuses = self.site.statuses.iter();
                let known = statuses.find(|one| one.label == name || one.id.to_string() == name);
                match known {
                    Some(status) => attributes([("custom_status_id", json!(status.id))]),
                    None => attributes([("status", json!(name.to_lowercase()))]),
                }
            }
            "priority" | "type" | "external_id" | "due_at" => attributes([])
                .into_iter()
                .chain([(field.to_owned(), value.clone())])
                .collect(),
            "requester" => {
                let id = self.id_of_person(value.as_str().unwrap_or_default())?;
                attributes([("requester_id", json!(id))])
            }
            _ => match field.parse().ok().and_then(|id| self.site.field(id)) {
                Some(known) => {
                    attributes([("custom_fields", json!([{"id": known.id, "value": value}]))])
                }
                None => return Err(Refused::unknown("field", field)),
            },
        })
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "Zendesk hides tickets with 403 or 404, not {status}"
            )));
        }
        let ids: Vec<u64> = match keys.is_empty() {
            true => self.tickets.keys().copied().collect(),
            false => {
                let ids = keys.iter().map(|key| self.id_of(key));
                ids.collect::<Result<_, _>>()?
            }
        };
        for id in ids {
            if let Some(ticket) = self.tickets.get_mut(&id) {
                ticket.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }

    pub(super) fn dump_all(&self) -> Dump {
        let tickets = self.tickets.values();
        Dump {
            tracker: "zendesk".to_owned(),
            items: tickets.map(|ticket| self.dump_item(ticket)).collect(),
        }
    }

    /// The status in the words of the configuration.
    pub(super) fn status_of(&self, ticket: &Ticket) -> String {
        if ticket.is_closed() {
            return "Closed".to_owned();
        }
        let status = self.site.status(ticket.custom_status);
        status.map_or_else(|| ticket.status.clone(), |status| status.label.clone())
    }

    fn dump_item(&self, ticket: &Ticket) -> DumpItem {
        let login = |id: u64| {
            let user = self.site.user(id);
            user.map_or_else(|| id.to_string(), |user| user.login.clone())
        };
        let mut fields: BTreeMap<String, Value> = [
            ("priority", json!(ticket.priority)),
            ("type", json!(ticket.kind)),
            ("requester", json!(login(ticket.requester))),
            ("external_id", json!(ticket.external_id)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let custom = ticket.custom.iter();
        fields.extend(custom.map(|(id, value)| (id.to_string(), value.clone())));
        let group = ticket.group.and_then(|id| self.site.group(id));
        // The first comment is the description.
        let comments = ticket.comments.iter().skip(1).map(|comment| DumpComment {
            id: comment.id.to_string(),
            author: login(comment.author),
            body: comment.html.clone(),
            channel: if comment.public { PUBLIC } else { INTERNAL }.to_owned(),
            created: comment.created.to_string(),
        });
        DumpItem {
            attachments: self.dump_files(ticket),
            key: key_of(ticket.id),
            id: ticket.id.to_string(),
            container: group.map_or_else(String::new, |group| group.name.clone()),
            title: ticket.subject.clone(),
            body: ticket
                .comments
                .first()
                .map_or_else(String::new, |one| one.html.clone()),
            status: self.status_of(ticket),
            labels: ticket.tags.iter().cloned().collect(),
            assignees: ticket.assignee.map(login).into_iter().collect(),
            fields,
            comments: comments.collect(),
            created: ticket.created.to_string(),
            updated: ticket.updated.to_string(),
            deleted: ticket.deleted.is_some(),
            hidden: ticket.hidden.is_some(),
        }
    }
}
