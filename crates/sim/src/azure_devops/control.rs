//! What a person or a test does past the API.

use super::AzureDevOps;
use super::change::Plan;
use super::failure::Failure;
use super::hooks::{Event, Subscription};
use super::request::By;
use super::seed::guid;
use crate::command::{Command, Done, Refused};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// What people call an item.
pub(super) fn key_of(id: u64) -> String {
    format!("#{id}")
}

/// HTML from what a person types: HTML, or plain text.
pub(super) fn html(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let lines = escaped.split('\n').map(|line| match line.trim_end() {
        "" => "<div><br></div>".to_owned(),
        line => format!("<div>{line}</div>"),
    });
    if escaped.is_empty() {
        String::new()
    } else {
        lines.collect()
    }
}

fn refused(failure: Failure) -> Refused {
    Refused::Invalid(failure.message)
}

impl AzureDevOps {
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
                let who = self.name_of(&by)?;
                let by = By { now, who: &who };
                let mut fields = vec![
                    ("System.Title", json!(title)),
                    ("System.Description", json!(html(&body))),
                    ("System.Tags", json!(labels.join("; "))),
                ];
                if let Some(login) = assignees.first() {
                    fields.push(("System.AssignedTo", json!(self.name_of(login)?)));
                }
                self.person_creates(by, container.as_deref(), &fields)
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                self.person_edits(By { now, who: &who }, id, &field, &value)
            }
            Command::Delete { key, by } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                self.remove(By { now, who: &who }, id);
                Ok(Done::Nothing)
            }
            Command::Move { key, by, to } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                let mut plan = Plan::of(self.item(id));
                self.move_to(&mut plan, &to).map_err(refused)?;
                self.commit(By { now, who: &who }, id, plan, Event::Updated);
                Ok(Done::Item(key_of(id)))
            }
            Command::Clone { key, by } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                Ok(Done::Item(key_of(self.copy(By { now, who: &who }, id))))
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { .. } => Err(Refused::Invalid(
                "Azure DevOps' service Boards is always on here".to_owned(),
            )),
            Command::Webhook { url, secret } => self.person_subscribes(now, &url, secret),
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
                body,
                ..
            } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                self.attach_by_hand(By { now, who: &who }, id, &name, body.into())
            }
            Command::Detach {
                key,
                by,
                attachment,
            } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                self.detach_by_hand(By { now, who: &who }, id, &attachment)
            }
            other => self.act_on_comment(now, other),
        }
    }

    fn act_on_comment(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::AddComment { key, by, body, .. } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                let markdown = self.site.switches.markdown_comments;
                let text = if markdown { body } else { html(&body) };
                let comment = self.say(By { now, who: &who }, id, &text, markdown);
                Ok(Done::Comment(format!("{id}/{comment}")))
            }
            Command::EditComment {
                key,
                by,
                comment,
                body,
            } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                let comment = self.comment_of(id, &comment)?;
                self.reword(By { now, who: &who }, id, comment, (&html(&body), false));
                Ok(Done::Nothing)
            }
            Command::DeleteComment { key, by, comment } => {
                let (id, who) = (self.id_of(&key)?, self.name_of(&by)?);
                let comment = self.comment_of(id, &comment)?;
                self.unsay(By { now, who: &who }, id, comment);
                Ok(Done::Nothing)
            }
            _ => Err(Refused::Invalid(
                "comments of Azure DevOps are for all who see the item".to_owned(),
            )),
        }
    }

    pub(super) fn name_of(&self, login: &str) -> Result<String, Refused> {
        let user = self.site.person(login);
        let user = user.ok_or_else(|| Refused::unknown("person", login))?;
        Ok(user.unique_name.clone())
    }

    fn id_of(&self, key: &str) -> Result<u64, Refused> {
        let id: Option<u64> = key.trim_start_matches('#').parse().ok();
        let item = id
            .and_then(|id| self.items.get(&id))
            .filter(|item| item.is_alive());
        item.map(|item| item.id)
            .ok_or_else(|| Refused::unknown("item", key))
    }

    fn comment_of(&self, id: u64, comment: &str) -> Result<u64, Refused> {
        let mut comments = self.item(id).comments.iter().filter(|one| !one.deleted);
        let number = comment.rsplit('/').next().unwrap_or_default();
        let found = comments.find(|one| one.id.to_string() == number);
        found
            .map(|one| one.id)
            .ok_or_else(|| Refused::unknown("comment", comment))
    }

    /// Creates an item of a project's first type; the container is a project or one of its areas.
    fn person_creates(
        &mut self,
        by: By<'_>,
        container: Option<&str>,
        fields: &[(&str, Value)],
    ) -> Result<Done, Refused> {
        let named = container.and_then(|named| named.split('\\').next());
        let project = match named {
            Some(named) => self.site.project(named),
            None => self.site.projects.first(),
        };
        let project =
            project.ok_or_else(|| Refused::unknown("project", named.unwrap_or_default()))?;
        let kind = project.types.first();
        let kind = kind.ok_or_else(|| Refused::Invalid("the project has no types".to_owned()))?;
        let mut plan = Self::new_plan(project, kind);
        if let Some(area) = container.filter(|area| area.contains('\\')) {
            self.put(&mut plan, "System.AreaPath", &json!(area))?;
        }
        for (name, value) in fields {
            self.put(&mut plan, name, value)?;
        }
        self.check(&plan).map_err(refused)?;
        Ok(Done::Item(key_of(self.insert(by, plan))))
    }

    fn put(&self, plan: &mut Plan, name: &str, value: &Value) -> Result<(), Refused> {
        let document = json!([{"op": "add", "path": format!("/fields/{name}"), "value": value}]);
        let operations = super::patch::read(&document).map_err(refused)?;
        self.apply(plan, (0, 0), &operations).map_err(refused)
    }

    fn person_edits(
        &mut self,
        by: By<'_>,
        id: u64,
        field: &str,
        value: &Value,
    ) -> Result<Done, Refused> {
        let joined = |list: &Vec<Value>| {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            json!(texts.join("; "))
        };
        let (name, value) = match (field, value) {
            ("title", value) => ("System.Title", value.clone()),
            ("body", Value::String(text)) => ("System.Description", json!(html(text))),
            ("body", value) => ("System.Description", value.clone()),
            ("status", value) => ("System.State", value.clone()),
            ("labels", Value::Array(labels)) => ("System.Tags", joined(labels)),
            ("assignees", Value::Array(logins)) => match logins.first().and_then(Value::as_str) {
                Some(login) => ("System.AssignedTo", json!(self.name_of(login)?)),
                None => ("System.AssignedTo", Value::Null),
            },
            (other, value) => (other, value.clone()),
        };
        let mut plan = Plan::of(self.item(id));
        self.put(&mut plan, name, &value)?;
        self.check(&plan).map_err(refused)?;
        self.commit(by, id, plan, Event::Updated);
        Ok(Done::Nothing)
    }

    /// Copies an item as "Create copy of work item" does, links included.
    fn copy(&mut self, by: By<'_>, id: u64) -> u64 {
        let mut plan = Plan::of(self.item(id));
        let kept = ["System.CommentCount", "System.HyperLinkCount"];
        plan.fields.retain(|name, _| !kept.contains(&name.as_str()));
        plan.relations
            .retain(|relation| super::model::target(&relation.url).is_none());
        self.insert(by, plan)
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| !matches!(status, 403 | 404)) {
            return Err(Refused::Invalid(format!(
                "Azure DevOps hides items with 403 or 404, not {status}"
            )));
        }
        let ids: Vec<u64> = match keys.is_empty() {
            true => self.items.keys().copied().collect(),
            false => keys
                .iter()
                .map(|key| self.id_of(key))
                .collect::<Result<_, _>>()?,
        };
        for id in ids {
            if let Some(item) = self.items.get_mut(&id) {
                item.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }

    /// Subscribes every event of the whole organization.
    fn person_subscribes(
        &mut self,
        now: Timestamp,
        url: &str,
        secret: Option<String>,
    ) -> Result<Done, Refused> {
        if url.parse::<http::Uri>().is_err() {
            return Err(Refused::Invalid(format!("'{url}' is not a URL")));
        }
        for event in ["created", "updated", "commented", "deleted", "restored"] {
            self.hooks.newest_subscription += 1;
            let id = guid(6, self.hooks.newest_subscription);
            let mut inputs = BTreeMap::from([("url".to_owned(), url.to_owned())]);
            if let Some(secret) = &secret {
                inputs.insert(
                    "httpHeaders".to_owned(),
                    format!("X-Twinline-Secret: {secret}"),
                );
            }
            let subscription = Subscription {
                id: id.clone(),
                event: format!("workitem.{event}"),
                publisher_inputs: BTreeMap::new(),
                consumer_inputs: inputs,
                status: "enabled",
                by: String::new(),
                created: now,
                modified: now,
                lost: 0,
                sent: 0,
            };
            self.hooks.subscriptions.insert(id, subscription);
        }
        Ok(Done::Nothing)
    }
}
