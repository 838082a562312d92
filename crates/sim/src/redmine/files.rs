//! Files: sent for a token, attached by it with a change of the issue.
//!
//! Source: Redmine's wiki, "Rest api", "Attaching files". A token that is unknown, or was used, is passed without a word.

use super::Redmine;
use super::issues::By;
use super::model::{Detail, Issue};
use super::route::{Answer, Asked, Failure};
use crate::call::{empty, json};
use crate::dump::DumpAttachment;
use crate::file::{self, Content};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use twinline_core::time::Timestamp;

/// The greatest file that a new Redmine takes.
pub(super) const FILE_MAX_BYTES: usize = 5 * 1024 * 1024;
/// What it says of a larger one.
pub(super) const TOO_LARGE: &str =
    "This file cannot be uploaded because it exceeds the maximum allowed file size (5 MB)";

/// A file that was sent.
#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) media_type: String,
    pub(super) description: String,
    pub(super) author: u64,
    pub(super) created: Timestamp,
    /// The issue that it is attached to.
    pub(super) issue: Option<u64>,
}

impl Redmine {
    /// Keeps a file; its id.
    pub(super) fn store_file(&mut self, by: By, name: &str, content: Bytes) -> u64 {
        let id = self.files.last_key_value().map_or(1, |(id, _)| id + 1);
        let stored = StoredFile {
            name: name.to_owned(),
            content: content.into(),
            media_type: "application/octet-stream".to_owned(),
            description: String::new(),
            author: by.who,
            created: by.now,
            issue: None,
        };
        self.files.insert(id, stored);
        id
    }

    pub(super) fn upload(&mut self, asked: &Asked<'_>) -> Answer {
        if asked.call.header("content-type") != Some("application/octet-stream") {
            return Ok(empty(StatusCode::NOT_ACCEPTABLE));
        }
        let content = asked.call.body().clone();
        if content.len() > FILE_MAX_BYTES {
            return Err(Failure::Invalid(vec![TOO_LARGE.to_owned()]));
        }
        let by = By {
            now: asked.now,
            who: asked.caller.id,
        };
        let name = asked.call.param("filename").unwrap_or("file");
        let id = self.store_file(by, name, content);
        let token = self.token_of(id);
        let upload = json!({"upload": {"id": id, "token": token}});
        Ok(json(StatusCode::CREATED, &upload))
    }

    /// What a file is attached by.
    pub(super) fn token_of(&self, id: u64) -> Option<String> {
        let stored = self.files.get(&id)?;
        Some(token(id, &stored.content))
    }

    /// Attaches the files that `uploads` names; what the journal tells of them.
    pub(super) fn attach(&mut self, issue: u64, attributes: &Map<String, Value>) -> Vec<Detail> {
        let uploads = attributes.get("uploads").and_then(Value::as_array);
        let mut details = Vec::new();
        for upload in uploads.into_iter().flatten() {
            let said = |name: &str| upload.get(name).and_then(Value::as_str);
            let free = self.files.iter_mut().find(|(id, stored)| {
                stored.issue.is_none() && said("token") == Some(&token(**id, &stored.content))
            });
            let Some((id, stored)) = free else { continue };
            stored.issue = Some(issue);
            for (name, place) in [
                ("filename", &mut stored.name),
                ("content_type", &mut stored.media_type),
                ("description", &mut stored.description),
            ] {
                if let Some(text) = said(name) {
                    text.clone_into(place);
                }
            }
            details.push(detail(*id, None, Some(stored.name.clone())));
        }
        details
    }

    /// The files of an issue.
    pub(super) fn files_of(&self, issue: u64) -> impl Iterator<Item = (&u64, &StoredFile)> {
        let files = self.files.iter();
        files.filter(move |(_, stored)| stored.issue == Some(issue))
    }

    pub(super) fn show_files(&self, issue: &Issue) -> Vec<Value> {
        let shown = |(id, stored): (&u64, &StoredFile)| {
            json!({"id": id, "filename": stored.name, "filesize": stored.content.len(),
                "content_type": stored.media_type, "description": stored.description,
                "content_url": format!("{}/attachments/download/{id}/{}", self.base_url, stored.name),
                "author": self.user_reference(stored.author), "created_on": stored.created.to_string()})
        };
        self.files_of(issue.id).map(shown).collect()
    }

    /// A file whose issue the API may show.
    fn file(&self, id: &str) -> Result<(u64, &StoredFile), Failure> {
        let id: u64 = id.parse().map_err(|_| Failure::NotFound)?;
        let stored = self.files.get(&id).ok_or(Failure::NotFound)?;
        let issue = stored.issue.ok_or(Failure::NotFound)?;
        self.visible(&issue.to_string())?;
        Ok((id, stored))
    }

    pub(super) fn download(&self, id: &str) -> Answer {
        let (_, stored) = self.file(id)?;
        Ok(file::whole(&stored.content, &stored.media_type))
    }

    pub(super) fn delete_file(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
    ) -> Result<Response<Bytes>, Failure> {
        let (id, _) = self.file(id)?;
        let by = By {
            now: asked.now,
            who: asked.caller.id,
        };
        self.detach(by, id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Deletes a file. The issue's `updated_on` stays.
    pub(super) fn detach(&mut self, by: By, id: u64) {
        let Some(stored) = self.files.remove(&id) else {
            return;
        };
        let gone = detail(id, Some(stored.name), None);
        if let Some(issue) = stored.issue {
            self.note(by, issue, vec![gone]);
        }
    }

    pub(super) fn dump_files(&self, issue: &Issue) -> Vec<DumpAttachment> {
        let dumped = |(id, stored): (&u64, &StoredFile)| {
            let author = self.site.user(stored.author);
            DumpAttachment {
                id: id.to_string(),
                author: author.map_or_else(String::new, |user| user.login.clone()),
                name: stored.name.clone(),
                size: stored.content.len(),
                digest: stored.content.digest().to_owned(),
            }
        };
        self.files_of(issue.id).map(dumped).collect()
    }
}

fn token(id: u64, content: &Content) -> String {
    format!("{id}.{}", content.digest())
}

fn detail(id: u64, old: Option<String>, new: Option<String>) -> Detail {
    Detail {
        property: "attachment",
        name: id.to_string(),
        old,
        new,
    }
}
