//! What a person or a test does past the API.

use super::ServiceNow;
use super::failure::Failure;
use super::records::By;
use crate::command::{Command, Done, Refused};
use serde_json::Value;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// What customers see.
const COMMENTS: &str = "comments";
/// ServiceNow has no labels; they are kept in a list of texts.
pub(super) const LABELS: &str = "u_tags";

fn refused(failure: &Failure) -> Refused {
    Refused::Invalid(failure.sentence())
}

fn joined(labels: &[String]) -> String {
    labels.join(",")
}

impl ServiceNow {
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
                let table = self.table_named(container.as_deref().unwrap_or("incident"))?;
                let mut fields = BTreeMap::from([
                    ("short_description".to_owned(), title),
                    ("description".to_owned(), body),
                    (LABELS.to_owned(), joined(&labels)),
                ]);
                if let Some(login) = assignees.first() {
                    fields.insert("assigned_to".to_owned(), self.id_of_person(login)?);
                }
                self.id_of_person(&by)?;
                let made = self.insert(By { now, who: &by }, &table, fields);
                let id = made.map_err(|failure| refused(&failure))?;
                Ok(Done::Item(self.number_of(&id)))
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let id = self.id_of(&key)?;
                self.id_of_person(&by)?;
                let edit = self.edit(&id, &field, &value)?;
                let done = self.update(By { now, who: &by }, &id, BTreeMap::from([edit]));
                done.map(|()| Done::Nothing)
                    .map_err(|failure| refused(&failure))
            }
            Command::Delete { key, by } => {
                let id = self.id_of(&key)?;
                self.remove(By { now, who: &by }, &id);
                Ok(Done::Nothing)
            }
            Command::Move { key, by, to } => {
                let (id, table) = (self.id_of(&key)?, self.table_named(&to)?);
                self.reclass(By { now, who: &by }, &id, &table);
                Ok(Done::Item(key))
            }
            Command::Clone { key, by } => {
                let id = self.id_of(&key)?;
                self.copy(By { now, who: &by }, &id)
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { .. } => Err(Refused::Invalid(
                "ServiceNow has no switch for all records of a table".to_owned(),
            )),
            Command::Webhook { url, secret } => self.install(&url, secret.as_deref()),
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
                let id = self.id_of(&key)?;
                self.id_of_person(&by)?;
                let by = By { now, who: &by };
                Ok(self.attach_by_hand(by, &id, (&name, media_type), body.into()))
            }
            Command::Detach {
                key,
                by,
                attachment,
            } => {
                let id = self.id_of(&key)?;
                self.detach_by_hand(By { now, who: &by }, &id, &attachment)
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
                let id = self.id_of(&key)?;
                self.id_of_person(&by)?;
                let channel = channel.unwrap_or_else(|| COMMENTS.to_owned());
                let class = self.class_of(&id);
                let column = self
                    .site
                    .column(&class, &channel)
                    .filter(|column| column.is_journal());
                if column.is_none() {
                    return Err(Refused::unknown("channel", channel));
                }
                let fields = BTreeMap::from([(channel, body)]);
                let done = self.update(By { now, who: &by }, &id, fields);
                done.map_err(|failure| refused(&failure))?;
                let newest = self.entries(&id).last().map(|entry| entry.sys_id.clone());
                let newest = newest
                    .ok_or_else(|| Refused::Invalid("an entry cannot be empty".to_owned()))?;
                Ok(Done::Comment(newest))
            }
            Command::DeleteComment { key, by, comment } => {
                let entry = self.entry_of(&key, &comment)?;
                self.remove(By { now, who: &by }, &entry);
                Ok(Done::Nothing)
            }
            Command::HideComment { key, comment, .. } => {
                self.set_entry_hidden(&key, &comment, Some(404))
            }
            Command::ShowComment { key, comment, .. } => {
                self.set_entry_hidden(&key, &comment, None)
            }
            _ => Err(Refused::Invalid(
                "the journal's entries stay as they were written".to_owned(),
            )),
        }
    }

    fn set_entry_hidden(
        &mut self,
        key: &str,
        comment: &str,
        hidden: Option<u16>,
    ) -> Result<Done, Refused> {
        let entry = self.entry_of(key, comment)?;
        if let Some(row) = self.store.get_mut(&entry) {
            row.hidden = hidden;
        }
        Ok(Done::Nothing)
    }

    fn entry_of(&self, key: &str, comment: &str) -> Result<String, Refused> {
        let id = self.id_of(key)?;
        let entry = self.entries(&id).find(|entry| entry.sys_id == comment);
        entry
            .map(|entry| entry.sys_id.clone())
            .ok_or_else(|| Refused::unknown("comment", comment))
    }

    fn install(&mut self, url: &str, secret: Option<&str>) -> Result<Done, Refused> {
        let parsed = url
            .parse()
            .map_err(|_| Refused::Invalid(format!("'{url}' is not a URL")))?;
        let secret =
            secret.ok_or_else(|| Refused::Invalid("the script signs with a secret".to_owned()))?;
        self.hooks.register(parsed, secret);
        Ok(Done::Nothing)
    }

    fn table_named(&self, name: &str) -> Result<String, Refused> {
        let table = self
            .site
            .table(name)
            .filter(|table| self.site.is_a(&table.name, "task"));
        table
            .map(|table| table.name.clone())
            .ok_or_else(|| Refused::unknown("table", name))
    }

    fn id_of_person(&self, login: &str) -> Result<String, Refused> {
        let id = self.user_id(login);
        if id.is_empty() {
            return Err(Refused::unknown("person", login));
        }
        Ok(id)
    }

    fn id_of(&self, key: &str) -> Result<String, Refused> {
        let tables = self
            .site
            .tables
            .iter()
            .filter(|table| self.site.is_a(&table.name, "task"));
        let mut rows = tables.flat_map(|table| self.store.of_class(&table.name));
        let found = rows.find(|row| row.get("number") == key || row.sys_id == key);
        found
            .map(|row| row.sys_id.clone())
            .ok_or_else(|| Refused::unknown("item", key))
    }

    fn class_of(&self, id: &str) -> String {
        self.store
            .get(id)
            .map_or_else(String::new, |row| row.class.clone())
    }

    fn number_of(&self, id: &str) -> String {
        self.store
            .get(id)
            .map_or_else(String::new, |row| row.get("number").to_owned())
    }

    /// The column and the value of one edited field.
    fn edit(&self, id: &str, field: &str, value: &Value) -> Result<(String, String), Refused> {
        let texts: Vec<String> = value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let text = if value.is_null() { String::new() } else { text };
        let class = self.class_of(id);
        Ok(match field {
            "title" => ("short_description".to_owned(), text),
            "body" => ("description".to_owned(), text),
            "labels" => (LABELS.to_owned(), joined(&texts)),
            "assignees" => {
                let login = texts.first();
                let id = login.map_or(Ok(String::new()), |login| self.id_of_person(login));
                ("assigned_to".to_owned(), id?)
            }
            "status" => {
                let choices = self
                    .site
                    .column(&class, "state")
                    .into_iter()
                    .flat_map(|state| &state.choices);
                let mut named = choices
                    .filter(|(value, label)| *value == text || label.eq_ignore_ascii_case(&text));
                let (state, _) = named
                    .next()
                    .ok_or_else(|| Refused::unknown("status", &text))?;
                ("state".to_owned(), state.clone())
            }
            other => {
                let column = self.site.column(&class, other);
                let column = column.ok_or_else(|| Refused::unknown("field", other))?;
                (other.to_owned(), self.stored(column, &text))
            }
        })
    }

    /// Copies a record as "Insert and Stay" does: all its fields, but no journal.
    fn copy(&mut self, by: By<'_>, id: &str) -> Result<Done, Refused> {
        let Some(row) = self.store.get(id).cloned() else {
            return Err(Refused::unknown("item", id));
        };
        let own = |name: &str| name.starts_with("sys_") || name == "number";
        let fields = row.values.into_iter().filter(|(name, _)| !own(name));
        let made = self.insert(by, &row.class, fields.collect());
        let copy = made.map_err(|failure| refused(&failure))?;
        Ok(Done::Item(self.number_of(&copy)))
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "ServiceNow hides records with 403 or 404, not {status}"
            )));
        }
        let ids: Vec<String> = match keys.is_empty() {
            true => self
                .dump_all()
                .items
                .into_iter()
                .map(|item| item.id)
                .collect(),
            false => keys
                .iter()
                .map(|key| self.id_of(key))
                .collect::<Result<_, _>>()?,
        };
        for id in ids {
            if let Some(row) = self.store.get_mut(&id) {
                row.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }
}
