//! Labels of repositories and of issues.

use super::Github;
use super::failure::{Failure, Reply};
use super::model::{Label, Place};
use super::parts;
use super::routes::Ask;
use crate::call;
use http::{Method, StatusCode};
use serde_json::{Value, json};

impl Github {
    /// `/labels` and `/labels/{name}` of a repository.
    pub(super) fn route_labels(&mut self, ask: &Ask<'_>, repo: usize, rest: &[&str]) -> Reply {
        let joined = joined(rest);
        match (&ask.call.method, joined.as_slice()) {
            (&Method::GET, []) => {
                let repo = &self.repos[repo];
                let all = repo.labels.values().collect();
                Ok(self.paged(ask, all, |label| self.label(repo, label)))
            }
            (&Method::POST, []) => self.create_label(ask, repo),
            (&Method::GET, [name]) => {
                let repo = &self.repos[repo];
                let label = repo
                    .labels
                    .get(&name.to_lowercase())
                    .ok_or_else(Failure::not_found)?;
                Ok(call::json(StatusCode::OK, &self.label(repo, label)))
            }
            (&Method::PATCH, [name]) => self.update_label(ask, repo, &name.to_lowercase()),
            (&Method::DELETE, [name]) => {
                let key = name.to_lowercase();
                self.repos[repo]
                    .labels
                    .remove(&key)
                    .ok_or_else(Failure::not_found)?;
                for issue in self.repos[repo].issues.values_mut() {
                    issue.labels.retain(|label| *label != key);
                }
                Ok(call::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn create_label(&mut self, ask: &Ask<'_>, repo: usize) -> Reply {
        let body = ask.object()?;
        let Some(name) = parts::text(&body, "name")? else {
            return Err(Failure::invalid_request("\"name\" wasn't supplied."));
        };
        let name = name.trim().to_owned();
        if self.repos[repo].labels.contains_key(&name.to_lowercase()) {
            return Err(Failure::validation(
                json!({"resource": "Label", "code": "already_exists", "field": "name"}),
            ));
        }
        parts::label_names(&json!([name]))?;
        let label = Label {
            id: self.next_id(),
            name: name.clone(),
            color: color(&body)?.unwrap_or_else(|| "ededed".to_owned()),
            description: parts::text(&body, "description")?.map(str::to_owned),
            default: false,
        };
        let shown = self.label(&self.repos[repo], &label);
        self.repos[repo].labels.insert(name.to_lowercase(), label);
        let mut response = call::json(StatusCode::CREATED, &shown);
        call::set(
            &mut response,
            "location",
            shown["url"].as_str().unwrap_or_default(),
        );
        Ok(response)
    }

    fn update_label(&mut self, ask: &Ask<'_>, repo: usize, key: &str) -> Reply {
        let body = ask.object()?;
        let (color, description) = (color(&body)?, parts::text(&body, "description")?);
        let renamed = parts::text(&body, "new_name")?.map(|name| name.trim().to_owned());
        if let Some(name) = &renamed {
            parts::label_names(&json!([name]))?;
        }
        let mut label = self.repos[repo]
            .labels
            .remove(key)
            .ok_or_else(Failure::not_found)?;
        if let Some(color) = color {
            label.color = color;
        }
        if let Some(description) = description {
            label.description = Some(description.to_owned());
        }
        if let Some(name) = renamed {
            label.name = name;
        }
        let new_key = label.name.to_lowercase();
        for issue in self.repos[repo].issues.values_mut() {
            for slot in issue.labels.iter_mut().filter(|slot| *slot == key) {
                slot.clone_from(&new_key);
            }
        }
        let shown = self.label(&self.repos[repo], &label);
        self.repos[repo].labels.insert(new_key, label);
        Ok(call::json(StatusCode::OK, &shown))
    }

    /// `/issues/{number}/labels` and `/issues/{number}/labels/{name}`.
    pub(super) fn route_issue_labels(
        &mut self,
        ask: &Ask<'_>,
        place: Place,
        rest: &[&str],
    ) -> Reply {
        let (old, joined) = (self.names_of(place), joined(rest));
        match (&ask.call.method, joined.as_slice()) {
            (&Method::GET, []) => {
                let repo = self.repo(place);
                let keys = self.issue(place).labels.iter();
                let all = keys.filter_map(|key| repo.labels.get(key)).collect();
                return Ok(self.paged(ask, all, |label| self.label(repo, label)));
            }
            (&Method::POST, []) => {
                let added = named(ask)?;
                let all: Vec<String> = old.into_iter().chain(added).collect();
                self.set_labels(ask.act(), place, &all);
            }
            (&Method::PUT, []) => {
                let wanted = named(ask)?;
                self.set_labels(ask.act(), place, &wanted);
            }
            (&Method::DELETE, []) => {
                self.set_labels(ask.act(), place, &[]);
                return Ok(call::empty(StatusCode::NO_CONTENT));
            }
            (&Method::DELETE, [name]) => {
                let kept: Vec<String> = old
                    .iter()
                    .filter(|label| label.to_lowercase() != name.to_lowercase())
                    .cloned()
                    .collect();
                if kept.len() == old.len() {
                    return Err(Failure::new(StatusCode::NOT_FOUND, "Label does not exist"));
                }
                self.set_labels(ask.act(), place, &kept);
            }
            _ => return Err(Failure::not_found()),
        }
        let shown = self.labels_of(self.repo(place), self.issue(place));
        Ok(call::json(StatusCode::OK, &shown))
    }

    /// The names of an issue's labels.
    pub(super) fn names_of(&self, place: Place) -> Vec<String> {
        let labels = &self.repo(place).labels;
        let keys = self.issue(place).labels.iter();
        keys.filter_map(|key| labels.get(key))
            .map(|label| label.name.clone())
            .collect()
    }
}

/// The label's name in an address. Clients leave a slash inside a name as it is, and GitHub takes it so.
fn joined(rest: &[&str]) -> Vec<String> {
    if rest.is_empty() {
        Vec::new()
    } else {
        vec![rest.join("/")]
    }
}

/// The labels that a body names: an array, or an object with `labels`.
fn named(ask: &Ask<'_>) -> Result<Vec<String>, Box<Failure>> {
    match ask.call.json() {
        Ok(list @ Value::Array(_)) => parts::label_names(&list),
        Ok(body) if body["labels"].is_array() => parts::label_names(&body["labels"]),
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(_) => Err(Failure::invalid_request("\"labels\" wasn't supplied.")),
        Err(_) => Err(Failure::bad_request("Problems parsing JSON")),
    }
}

/// Six hexadecimal digits, in lower case.
fn color(body: &Value) -> Result<Option<String>, Box<Failure>> {
    let Some(text) = parts::text(body, "color")? else {
        return Ok(None);
    };
    if text.len() != 6 || !text.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Failure::invalid_field("Label", "color", &json!(text)));
    }
    Ok(Some(text.to_lowercase()))
}

/// Names without repetition, compared without case.
pub(super) fn once(names: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !kept
            .iter()
            .any(|other| other.trim().to_lowercase() == name.trim().to_lowercase())
        {
            kept.push(name);
        }
    }
    kept
}
