//! Files of issues. Source: Atlassian's description of the API, group "Issue attachments".

use super::JiraCloud;
use super::edit::{By, system_item};
use super::failure::{Answer, Failure};
use super::model::{Change, File, Issue, Shown};
use super::request::Asked;
use super::show::instant;
use crate::call::{empty, json};
use crate::dump::DumpAttachment;
use crate::file;
use http::StatusCode;
use serde_json::{Value, json};

/// The greatest file that a site takes at first: 1 GB.
const UPLOAD_MAX_BYTES: usize = 1_000_000_000;

impl JiraCloud {
    pub(super) fn file_settings() -> Answer {
        let settings = json!({"enabled": true, "uploadLimit": UPLOAD_MAX_BYTES});
        Ok(json(StatusCode::OK, &settings))
    }

    pub(super) fn add_file(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        if asked.call.header("x-atlassian-token") != Some("no-check") {
            return Err(Failure::message(StatusCode::FORBIDDEN, "XSRF check failed"));
        }
        let Some((name, media_type, content)) = file::part_of_form(asked.call, "file") else {
            return Err(Failure::invalid("No files were found in the form."));
        };
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let file = File {
            id: 0,
            name,
            media_type,
            content: content.into(),
            author: asked.caller.clone(),
            created: asked.now,
        };
        let made = self.attach(by, id, file);
        let shown: Vec<Value> = self
            .issue(id)
            .files
            .iter()
            .filter(|file| file.id == made)
            .map(|file| self.show_file(file, &asked.caller))
            .collect();
        Ok(json(StatusCode::OK, &shown.into()))
    }

    /// Attaches a file; its id.
    pub(super) fn attach(&mut self, by: By<'_>, id: u64, file: File) -> u64 {
        let made = self.new_id();
        let to = Shown {
            id: Some(made.to_string()),
            text: Some(file.name.clone()),
        };
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.files.push(File { id: made, ..file });
        }
        self.record_file(by, id, Shown::default(), to);
        made
    }

    /// Deletes a file; whether there was one.
    pub(super) fn detach(&mut self, by: By<'_>, id: u64, file: u64) -> bool {
        let Some(issue) = self.store.issues.get_mut(&id) else {
            return false;
        };
        let Some(at) = issue.files.iter().position(|each| each.id == file) else {
            return false;
        };
        let gone = issue.files.remove(at);
        let from = Shown {
            id: Some(gone.id.to_string()),
            text: Some(gone.name),
        };
        self.record_file(by, id, from, Shown::default());
        true
    }

    fn record_file(&mut self, by: By<'_>, id: u64, from: Shown, to: Shown) {
        let mut item = system_item("Attachment", from, to);
        item.field_id = "attachment".to_owned();
        let change = Change {
            id: self.new_id(),
            author: by.who.to_owned(),
            at: by.now,
            items: vec![item],
        };
        self.record(by, id, change, "issue_updated");
    }

    /// A file and its issue, which the API may show.
    fn file(&self, id: &str) -> Result<(u64, &File), Failure> {
        let none = || Failure::not_found(format!("The attachment with id '{id}' does not exist"));
        let wanted: u64 = id.parse().map_err(|_| none())?;
        let mut issues = self.store.issues.values().filter(|issue| !issue.deleted);
        let found = issues.find_map(|issue| {
            let file = issue.files.iter().find(|file| file.id == wanted)?;
            Some((issue.id, file))
        });
        let (issue, file) = found.ok_or_else(none)?;
        self.visible(&issue.to_string())?;
        Ok((issue, file))
    }

    pub(super) fn get_file(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let (_, file) = self.file(id)?;
        let mut shown = self.show_file(file, &asked.caller);
        // By itself it has a number where an issue's list has a text.
        shown["id"] = json!(file.id);
        Ok(json(StatusCode::OK, &shown))
    }

    pub(super) fn file_content(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let (_, file) = self.file(id)?;
        Ok(file::ranged(asked.call, &file.content, &file.media_type))
    }

    pub(super) fn delete_file(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let (issue, file) = self.file(id)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let file = file.id;
        self.detach(by, issue, file);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn show_file(&self, file: &File, caller: &str) -> Value {
        let url = |what: &str| self.site.url(&format!("attachment/{what}{}", file.id));
        json!({"self": url(""), "id": file.id.to_string(), "filename": file.name,
            "author": self.show().account(&file.author, caller), "created": instant(file.created),
            "size": file.content.len(), "mimeType": file.media_type, "content": url("content/")})
    }

    pub(super) fn dump_files(&self, issue: &Issue) -> Vec<DumpAttachment> {
        let dumped = |file: &File| DumpAttachment {
            id: file.id.to_string(),
            author: self.login(&file.author),
            name: file.name.clone(),
            size: file.content.len(),
            digest: file.content.digest().to_owned(),
        };
        issue.files.iter().map(dumped).collect()
    }
}
