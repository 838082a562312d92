//! What a person or a test does past the APIs.

use super::fields::{self, Wrong};
use super::store::{Comment, Item, PLACES, Store};
use crate::command::{Command, Done, Refused};
use crate::seeds::PEOPLE;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// What differs between the two.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// What people call an item.
    pub(super) key: fn(u64) -> String,
    /// A person's text as it is stored.
    pub(super) text: fn(&str) -> String,
    /// Whether a comment can be for the team only, or out of the account's sight.
    pub(super) internal: bool,
    /// Whether an edited or deleted comment changes its item's stamp.
    pub(super) comments_touch: bool,
}

/// A person's act at an instant.
pub(super) struct Act<'a> {
    pub(super) store: &'a mut Store,
    pub(super) now: Timestamp,
    pub(super) manner: Manner,
}

fn refused(wrong: Wrong) -> Refused {
    Refused::Invalid(wrong.why)
}

fn person(login: &str) -> Result<(), Refused> {
    match PEOPLE.iter().any(|person| person.login == login) {
        true => Ok(()),
        false => Err(Refused::unknown("person", login)),
    }
}

fn place(name: &str) -> Result<&str, Refused> {
    match PLACES.contains(&name) {
        true => Ok(name),
        false => Err(Refused::unknown("project", name)),
    }
}

impl Act<'_> {
    pub(super) fn make(&mut self, command: Command) -> Result<Done, Refused> {
        match command {
            Command::Create {
                container,
                by,
                title,
                body,
                labels,
                assignees,
            } => {
                person(&by)?;
                let place = place(container.as_deref().unwrap_or(PLACES[0]))?.to_owned();
                let text = (self.manner.text)(&body);
                let mut item = Item::new(self.now, &place, &by);
                let fields = [
                    ("title", json!(title)),
                    ("text", json!(text)),
                    ("labels", json!(labels)),
                    ("owner", json!(assignees.first())),
                ];
                for (name, value) in fields {
                    fields::set(&mut item, name, &value).map_err(refused)?;
                }
                Ok(Done::Item((self.manner.key)(self.store.push(item))))
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                person(&by)?;
                self.edit(&key, &field, &value)
            }
            Command::Delete { key, .. } => {
                let now = self.now;
                let item = self.item(&key)?;
                item.touch(now);
                item.deleted = true;
                Ok(Done::Nothing)
            }
            Command::Move { key, to, .. } => {
                let to = place(&to)?.to_owned();
                let now = self.now;
                let item = self.item(&key)?;
                item.place = to;
                item.touch(now);
                Ok(Done::Item(key))
            }
            Command::Clone { key, by } => {
                let now = self.now;
                let copy = Item {
                    author: by,
                    created: now,
                    changed: now,
                    revision: 1,
                    comments: Vec::new(),
                    ..self.item(&key)?.clone()
                };
                Ok(Done::Item((self.manner.key)(self.store.push(copy))))
            }
            Command::Hide { keys, status } => self.hide(&keys, Some(status)),
            Command::Show { keys } => self.hide(&keys, None),
            comment => self.on_comment(comment),
        }
    }

    fn edit(&mut self, key: &str, field: &str, value: &Value) -> Result<Done, Refused> {
        let (manner, now) = (self.manner, self.now);
        let item = self.item(key)?;
        let done = match field {
            "body" => fields::set(
                item,
                "text",
                &json!((manner.text)(value.as_str().unwrap_or_default())),
            ),
            "status" => fields::set(item, "state", value),
            "assignees" => fields::set(item, "owner", value.get(0).unwrap_or(&Value::Null)),
            other => fields::set(item, other, value),
        };
        done.map_err(refused)?;
        item.touch(now);
        Ok(Done::Nothing)
    }

    fn on_comment(&mut self, command: Command) -> Result<Done, Refused> {
        let no_channels =
            || Refused::Invalid("comments are for everyone who sees the item".to_owned());
        match command {
            Command::AddComment {
                key,
                by,
                body,
                channel,
            } => {
                person(&by)?;
                let internal = channel.as_deref() == Some("team");
                if internal && !self.manner.internal {
                    return Err(no_channels());
                }
                let number = self.item(&key)?.number;
                let text = (self.manner.text)(&body);
                let comment = Comment {
                    internal,
                    ..Comment::new(self.now, &by, text)
                };
                let made = self.store.comment(number, comment);
                let made = made.ok_or_else(|| Refused::unknown("item", key))?;
                Ok(Done::Comment(made.to_string()))
            }
            Command::EditComment {
                key, comment, body, ..
            } => {
                let (text, now) = ((self.manner.text)(&body), self.now);
                self.change_comment(&key, &comment, |comment| {
                    comment.text = text;
                    comment.edited = Some(now);
                })
            }
            Command::DeleteComment { key, comment, .. } => {
                self.change_comment(&key, &comment, |comment| comment.deleted = true)
            }
            _ if !self.manner.internal => Err(no_channels()),
            Command::SetChannel {
                key,
                comment,
                channel,
                ..
            } => self.change_comment(&key, &comment, |comment| {
                comment.internal = channel == "team"
            }),
            Command::HideComment { key, comment, .. } => {
                self.change_comment(&key, &comment, |comment| comment.hidden = true)
            }
            Command::ShowComment { key, comment, .. } => {
                self.change_comment(&key, &comment, |comment| comment.hidden = false)
            }
            other => Err(Refused::Invalid(format!(
                "this API has nothing for {other:?}"
            ))),
        }
    }

    fn change_comment(
        &mut self,
        key: &str,
        comment: &str,
        change: impl FnOnce(&mut Comment),
    ) -> Result<Done, Refused> {
        let (now, touches) = (self.now, self.manner.comments_touch);
        let item = self.item(key)?;
        let mut comments = item.comments.iter_mut().filter(|found| !found.deleted);
        let found = comments.find(|found| found.id.to_string() == comment);
        change(found.ok_or_else(|| Refused::unknown("comment", comment))?);
        if touches {
            item.touch(now);
        }
        Ok(Done::Nothing)
    }

    fn hide(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "items are hidden with 403 or 404, not with {status}"
            )));
        }
        if keys.is_empty() {
            for item in &mut self.store.items {
                item.hidden = status;
            }
        }
        for key in keys {
            self.item(key)?.hidden = status;
        }
        Ok(Done::Nothing)
    }

    fn item(&mut self, key: &str) -> Result<&mut Item, Refused> {
        let digits = key.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number = digits
            .parse()
            .ok()
            .filter(|number| (self.manner.key)(*number) == key);
        let item = number.and_then(|number| self.store.get_mut(number));
        item.ok_or_else(|| Refused::unknown("item", key))
    }
}
