//! What people do on GitHub's web pages, and the dump.

use super::Github;
use super::changes::{Act, New, State};
use super::failure::Failure;
use super::model::{Hook, Issue, Place, Repo};
use super::parts;
use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpComment, DumpItem};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

impl Github {
    pub(super) fn obey(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::Create {
                container,
                by,
                title,
                body,
                labels,
                assignees,
            } => {
                let repo = self.repo_named(container.as_deref())?;
                let by = self.person(&by)?;
                let new = New {
                    title: parts::title(&title).map_err(|failure| invalid(*failure))?,
                    body: Some(parts::issue_body(&body).map_err(|failure| invalid(*failure))?),
                    labels: super::labels::once(labels),
                    assignees: self.people(&assignees)?,
                    ..New::default()
                };
                let place = self.create(Act { now, by: &by }, repo, new);
                Ok(Done::Item(self.key(place)))
            }
            Command::Edit {
                key,
                by,
                field,
                value,
            } => {
                let (place, by) = (self.place_of(&key)?, self.person(&by)?);
                self.edit_field(Act { now, by: &by }, place, &field, &value)?;
                Ok(Done::Nothing)
            }
            Command::Delete { key, by } => {
                let (place, by) = (self.place_of(&key)?, self.person(&by)?);
                self.delete_issue(Act { now, by: &by }, place);
                Ok(Done::Nothing)
            }
            Command::Move { key, by, to } => {
                let (place, by) = (self.place_of(&key)?, self.person(&by)?);
                let target = self.repo_named(Some(&to))?;
                if target == place.0 {
                    return Err(Refused::Invalid(format!("{key} is in {to} already")));
                }
                let place = self.transfer(Act { now, by: &by }, place, target);
                Ok(Done::Item(self.key(place)))
            }
            Command::Clone { key, by } => {
                let (place, by) = (self.place_of(&key)?, self.person(&by)?);
                let issue = self.issue(place).clone();
                let new = New {
                    title: issue.title,
                    body: issue.body,
                    labels: self.names_of(place),
                    assignees: issue.assignees,
                    milestone: issue.milestone,
                    kind: issue.kind,
                    is_pull_request: false,
                };
                let copy = self.create(Act { now, by: &by }, place.0, new);
                Ok(Done::Item(self.key(copy)))
            }
            Command::Hide { keys, status } => self.set_hidden(&keys, Some(status)),
            Command::Show { keys } => self.set_hidden(&keys, None),
            Command::SwitchItems { container, on } => {
                let repo = self.repo_named(Some(&container))?;
                self.repos[repo].has_issues = on;
                Ok(Done::Nothing)
            }
            Command::Webhook { url, secret } => self.register(now, &url, secret),
            comment => self.obey_comment(now, comment),
        }
    }

    fn obey_comment(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        match command {
            Command::AddComment {
                key,
                by,
                body,
                channel,
            } => {
                let (place, by) = (self.place_of(&key)?, self.person(&by)?);
                if let Some(channel) = channel.filter(|channel| channel != "public") {
                    return Err(Refused::Invalid(format!(
                        "GitHub has no comments that are '{channel}'"
                    )));
                }
                let body = comment_text(&body)?;
                let id = self.add_comment(Act { now, by: &by }, place, body);
                Ok(Done::Comment(id.to_string()))
            }
            Command::SetChannel { .. }
            | Command::HideComment { .. }
            | Command::ShowComment { .. } => Err(Refused::Invalid(
                "GitHub shows a comment to everyone who sees its issue".to_owned(),
            )),
            Command::EditComment {
                key,
                by,
                comment,
                body,
            } => {
                let (place, index) = self.comment_of(&key, &comment)?;
                let (by, body) = (self.person(&by)?, comment_text(&body)?);
                self.edit_comment(Act { now, by: &by }, place, index, body);
                Ok(Done::Nothing)
            }
            Command::DeleteComment { key, by, comment } => {
                let (place, index) = self.comment_of(&key, &comment)?;
                let by = self.person(&by)?;
                self.delete_comment(Act { now, by: &by }, place, index);
                Ok(Done::Nothing)
            }
            Command::Attach { .. } | Command::Detach { .. } => Err(Refused::Invalid(
                "GitHub has no interface for files".to_owned(),
            )),
            other => Err(Refused::Invalid(format!(
                "{other:?} is not about a comment"
            ))),
        }
    }

    fn edit_field(
        &mut self,
        act: Act<'_>,
        place: Place,
        field: &str,
        value: &Value,
    ) -> Result<(), Refused> {
        let text = || {
            value
                .as_str()
                .map(str::to_owned)
                .or_else(|| value.is_null().then(String::new))
                .ok_or_else(|| Refused::Invalid(format!("{field} is a text, not {value}")))
        };
        match field {
            "title" => {
                let title = parts::title(&text()?).map_err(|failure| invalid(*failure))?;
                self.set_texts(act, place, Some(title), None);
            }
            "body" => {
                let body = parts::issue_body(&text()?).map_err(|failure| invalid(*failure))?;
                self.set_texts(act, place, None, Some(Some(body)));
            }
            "status" => {
                let status = text()?;
                let state = match status.split_once(':') {
                    None if status == "open" => State::Open,
                    None if status == "closed" => State::Closed {
                        reason: "completed".to_owned(),
                    },
                    Some(("closed", reason @ ("completed" | "not_planned" | "duplicate"))) => {
                        State::Closed {
                            reason: reason.to_owned(),
                        }
                    }
                    _ => return Err(Refused::unknown("status", status)),
                };
                self.set_state(act, place, state, true);
            }
            "labels" => self.set_labels(act, place, &texts(field, value)?),
            "assignees" => {
                let logins = self.people(&texts(field, value)?)?;
                self.set_assignees(act, place, &logins);
            }
            "milestone" => {
                let number = self
                    .milestone_number(place.0, value)
                    .map_err(|failure| invalid(*failure))?;
                self.set_milestone(act, place, number);
            }
            "type" => {
                let kind = parts::issue_type(value).map_err(|failure| invalid(*failure))?;
                self.set_kind(act, place, kind);
            }
            "parent" => {
                let key = text()?;
                let parent = match key.as_str() {
                    "" => None,
                    key => Some(self.place_of(key)?),
                };
                self.set_parent(act, place, parent);
            }
            other => return Err(Refused::unknown("field", other)),
        }
        Ok(())
    }

    fn set_hidden(&mut self, keys: &[String], status: Option<u16>) -> Result<Done, Refused> {
        if let Some(status) = status.filter(|status| ![403, 404].contains(status)) {
            return Err(Refused::Invalid(format!(
                "a hidden item answers 403 or 404, not {status}"
            )));
        }
        let places: Vec<Place> = keys
            .iter()
            .map(|key| self.place_of(key))
            .collect::<Result<_, _>>()?;
        for place in &places {
            self.issue_mut(*place).hidden = status;
        }
        if places.is_empty() {
            for issue in self
                .repos
                .iter_mut()
                .flat_map(|repo| repo.issues.values_mut())
            {
                issue.hidden = status;
            }
        }
        Ok(Done::Nothing)
    }

    fn register(
        &mut self,
        now: Timestamp,
        url: &str,
        secret: Option<String>,
    ) -> Result<Done, Refused> {
        if url
            .parse::<http::Uri>()
            .ok()
            .is_none_or(|uri| uri.authority().is_none())
        {
            return Err(Refused::Invalid(format!("'{url}' is not a web address")));
        }
        for repo in 0..self.repos.len() {
            let hook = Hook {
                id: self.next_id(),
                url: url.to_owned(),
                secret: secret.clone(),
                content_type: "json".to_owned(),
                insecure_ssl: "0".to_owned(),
                events: ["issues", "issue_comment", "sub_issues"]
                    .map(str::to_owned)
                    .into(),
                active: true,
                created: now,
                updated: now,
                last: None,
            };
            self.add_hook(repo, hook);
        }
        Ok(Done::Nothing)
    }

    fn repo_named(&self, name: Option<&str>) -> Result<usize, Refused> {
        let Some(name) = name else {
            return if self.repos.is_empty() {
                Err(Refused::unknown("repository", ""))
            } else {
                Ok(0)
            };
        };
        let parts = name.split_once('/');
        parts
            .and_then(|(owner, name)| self.find_repo(owner, name))
            .ok_or_else(|| Refused::unknown("repository", name))
    }

    fn person(&self, login: &str) -> Result<String, Refused> {
        self.find_person(login)
            .ok_or_else(|| Refused::unknown("person", login))
    }

    fn people(&self, logins: &[String]) -> Result<Vec<String>, Refused> {
        logins.iter().map(|login| self.person(login)).collect()
    }

    /// The issue that is called so now; one that was deleted or moved away is not.
    fn place_of(&self, key: &str) -> Result<Place, Refused> {
        let unknown = || Refused::unknown("item", key);
        let (name, number) = key.split_once('#').ok_or_else(unknown)?;
        let repo = self.repo_named(Some(name)).map_err(|_| unknown())?;
        let number: u64 = number.parse().map_err(|_| unknown())?;
        let issue = self.repos[repo].issues.get(&number).ok_or_else(unknown)?;
        if issue.deleted || issue.moved_to.is_some() {
            return Err(unknown());
        }
        Ok((repo, number))
    }

    fn comment_of(&self, key: &str, id: &str) -> Result<(Place, usize), Refused> {
        let place = self.place_of(key)?;
        let found = id.parse().ok().and_then(|id| self.find_comment(id));
        found
            .filter(|(there, _)| *there == place)
            .ok_or_else(|| Refused::unknown("comment", id))
    }

    fn key(&self, place: Place) -> String {
        let repo = self.repo(place);
        format!("{}/{}#{}", repo.owner, repo.name, place.1)
    }

    pub(super) fn dump_all(&self) -> Dump {
        let mut items: Vec<(u64, DumpItem)> = Vec::new();
        for (index, repo) in self.repos.iter().enumerate() {
            let there = repo
                .issues
                .iter()
                .filter(|(_, issue)| issue.moved_to.is_none());
            items.extend(
                there.map(|(number, issue)| {
                    (issue.id, self.dump_issue((index, *number), repo, issue))
                }),
            );
        }
        items.sort_by_key(|(id, _)| *id);
        Dump {
            tracker: "github".to_owned(),
            items: items.into_iter().map(|(_, item)| item).collect(),
        }
    }

    pub(super) fn dump_issue_of(&self, key: &str) -> Option<DumpItem> {
        let place = self.place_of(key).ok()?;
        let repo = self.repos.get(place.0)?;
        let issue = repo.issues.get(&place.1)?;
        Some(self.dump_issue(place, repo, issue))
    }

    fn dump_issue(&self, place: Place, repo: &Repo, issue: &Issue) -> DumpItem {
        let status = issue.closed.as_ref().map_or_else(
            || "open".to_owned(),
            |closed| format!("closed:{}", closed.reason),
        );
        let mut labels = self.names_of(place);
        labels.sort();
        let mut assignees = issue.assignees.clone();
        assignees.sort();
        let milestone = issue
            .milestone
            .and_then(|number| repo.milestones.get(&number));
        let milestone = milestone.map(|milestone| ("milestone".to_owned(), json!(milestone.title)));
        let kind = issue.kind.as_ref();
        let kind = kind.map(|kind| ("type".to_owned(), json!(kind)));
        let comments = issue.comments.iter().map(|comment| DumpComment {
            id: comment.id.to_string(),
            author: comment.author.clone(),
            body: comment.body.clone(),
            channel: "public".to_owned(),
            created: comment.created.to_string(),
        });
        DumpItem {
            attachments: Vec::new(),
            key: self.key(place),
            id: issue.id.to_string(),
            container: format!("{}/{}", repo.owner, repo.name),
            title: issue.title.clone(),
            body: issue.body.clone().unwrap_or_default(),
            status,
            labels,
            assignees,
            fields: milestone.into_iter().chain(kind).collect(),
            comments: comments.collect(),
            created: issue.created.to_string(),
            updated: issue.updated.to_string(),
            deleted: issue.deleted,
            hidden: issue.hidden.is_some(),
        }
    }
}

fn texts(field: &str, value: &Value) -> Result<Vec<String>, Refused> {
    let wrong = || Refused::Invalid(format!("{field} is an array of texts, not {value}"));
    if value.is_null() {
        return Ok(Vec::new());
    }
    let entries = value.as_array().ok_or_else(wrong)?;
    entries
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn comment_text(body: &str) -> Result<String, Refused> {
    parts::comment_body(&json!({"body": body})).map_err(|failure| invalid(*failure))
}

fn invalid(failure: Failure) -> Refused {
    Refused::Invalid(failure.sentence())
}
