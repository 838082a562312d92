//! What a person does to comments past the API.

use super::JiraCloud;
use super::control::{document, refused};
use super::edit::By;
use super::model::{Comment, PUBLIC_COMMENT};
use crate::command::{Command, Done, Refused};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// The channel of comments that customers see.
pub(super) const PUBLIC: &str = "public";
/// The channel of comments that only agents see.
pub(super) const INTERNAL: &str = "internal";
/// A group that the account of the API's token does not belong to.
pub(super) const MANAGEMENT: &str = "management";

/// The channel of a comment, as the control side names it: `public`, `internal`, `role:Administrators`, `group:staff`.
pub(super) fn channel_of(comment: &Comment, service_desk: bool) -> String {
    let text = |name: &str| comment.visibility.as_ref()?.get(name)?.as_str();
    match (text("type"), text("value").or_else(|| text("identifier"))) {
        (Some(kind), Some(named)) => format!("{kind}:{named}"),
        _ if service_desk && comment.internal() => INTERNAL.to_owned(),
        _ => PUBLIC.to_owned(),
    }
}

/// What the API is told of a comment's channel.
fn put_channel(body: &mut Value, channel: &str, service_desk: bool) -> Result<(), Refused> {
    let (internal, visibility) = match channel.split_once(':') {
        None if channel == INTERNAL && !service_desk => {
            let why = "only a service desk has internal comments".to_owned();
            return Err(Refused::Invalid(why));
        }
        None if channel == PUBLIC => (false, Value::Null),
        None if channel == INTERNAL => (true, Value::Null),
        Some((kind @ ("role" | "group"), named)) => {
            let visibility = json!({"type": kind, "value": named, "identifier": named});
            (false, visibility)
        }
        _ => return Err(Refused::unknown("channel", channel)),
    };
    body["visibility"] = visibility;
    body["properties"] = json!([{"key": PUBLIC_COMMENT, "value": {"internal": internal}}]);
    Ok(())
}

impl JiraCloud {
    pub(super) fn act_on_comment(
        &mut self,
        now: Timestamp,
        command: Command,
    ) -> Result<Done, Refused> {
        match command {
            Command::AddComment {
                key,
                by,
                body,
                channel,
            } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                self.person_comments(By { now, who: &who }, id, &body, channel.as_deref())
            }
            Command::EditComment {
                key,
                by,
                comment,
                body,
            } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                self.person_recomments(By { now, who: &who }, id, &comment, &body)
            }
            Command::SetChannel {
                key,
                by,
                comment,
                channel,
            } => self.person_sets_channel(now, (&key, &by, &comment), &channel),
            Command::HideComment { key, by, comment } => {
                let group = format!("group:{MANAGEMENT}");
                self.person_sets_channel(now, (&key, &by, &comment), &group)
            }
            Command::ShowComment { key, by, comment } => {
                self.person_sets_channel(now, (&key, &by, &comment), PUBLIC)
            }
            Command::DeleteComment { key, by, comment } => {
                let (id, who) = (self.id_of(&key)?, self.account_of(&by)?);
                let comment = self.comment_of(id, &comment)?;
                self.remove_comment(By { now, who: &who }, id, comment);
                Ok(Done::Nothing)
            }
            other => Err(Refused::Invalid(format!(
                "{other:?} is not about a comment"
            ))),
        }
    }

    fn person_comments(
        &mut self,
        by: By<'_>,
        id: u64,
        text: &str,
        channel: Option<&str>,
    ) -> Result<Done, Refused> {
        let mut body = json!({"body": document(text)});
        if let Some(channel) = channel.filter(|channel| *channel != PUBLIC) {
            put_channel(&mut body, channel, self.is_desk(id))?;
        }
        self.check_comment(&body)
            .map_err(|failure| refused(&failure))?;
        Ok(Done::Comment(self.write_comment(by, id, &body).to_string()))
    }

    fn person_recomments(
        &mut self,
        by: By<'_>,
        id: u64,
        comment: &str,
        text: &str,
    ) -> Result<Done, Refused> {
        let comment = self.comment_of(id, comment)?;
        let body = json!({"body": document(text)});
        self.check_comment(&body)
            .map_err(|failure| refused(&failure))?;
        self.rewrite_comment(by, id, comment, &body);
        Ok(Done::Nothing)
    }

    /// An edit that leaves the text as it is.
    fn person_sets_channel(
        &mut self,
        now: Timestamp,
        (key, by, comment): (&str, &str, &str),
        channel: &str,
    ) -> Result<Done, Refused> {
        let (id, who) = (self.id_of(key)?, self.account_of(by)?);
        let comment = self.comment_of(id, comment)?;
        let comments = &self.issue(id).comments;
        let there = comments.iter().find(|each| each.id == comment);
        let mut body = json!({"body": there.map(|there| there.body.clone())});
        put_channel(&mut body, channel, self.is_desk(id))?;
        self.rewrite_comment(By { now, who: &who }, id, comment, &body);
        Ok(Done::Nothing)
    }

    fn is_desk(&self, id: u64) -> bool {
        let project = self.site.project(&self.issue(id).project);
        project.is_some_and(|project| project.service_desk)
    }

    fn comment_of(&self, id: u64, comment: &str) -> Result<u64, Refused> {
        let mut comments = self.issue(id).comments.iter();
        let found = comments.find(|each| each.id.to_string() == comment);
        found
            .map(|comment| comment.id)
            .ok_or_else(|| Refused::unknown("comment", comment))
    }
}
