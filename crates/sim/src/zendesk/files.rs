//! Files: sent for a token, attached by it with a comment.
//!
//! Source: Zendesk's pages "Attachments" and "Ticket attachments".

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::model::Ticket;
use super::route::Asked;
use crate::call::{Call, json};
use crate::dump::DumpAttachment;
use crate::file::{self, Content};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// The greatest file: 50 MB.
pub(super) const FILE_MAX_BYTES: usize = 50_000_000;

/// A file that was sent, attached or not.
#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content: Content,
    /// A user's id.
    author: u64,
    attached: bool,
}

impl Zendesk {
    pub(super) fn upload(&mut self, asked: &Asked<'_>) -> Answer {
        let Some(name) = asked.call.param("filename") else {
            return Err(Failure::bad("InvalidRequest", "filename: is missing"));
        };
        let content = asked.call.body().clone();
        if content.len() > FILE_MAX_BYTES {
            return Err(Failure::bad("AttachmentTooBig", "Attachment is too big"));
        }
        let kind = asked
            .call
            .header("content-type")
            .unwrap_or("application/binary");
        let id = self.store_file(asked.caller.id, (name, kind), content);
        let shown = self.show_file(id);
        let upload =
            json!({"upload": {"token": token(id), "attachment": shown, "attachments": [shown]}});
        Ok(json(StatusCode::CREATED, &upload))
    }

    /// Keeps a file; its id.
    pub(super) fn store_file(
        &mut self,
        author: u64,
        (name, kind): (&str, &str),
        content: Bytes,
    ) -> u64 {
        let id = self.new_id();
        let stored = StoredFile {
            name: name.to_owned(),
            media_type: kind.to_owned(),
            content: content.into(),
            author,
            attached: false,
        };
        self.files.insert(id, stored);
        id
    }

    /// The files that `uploads` names, from now on attached. A token that is unknown, or was used, is passed.
    pub(super) fn take_uploads(&mut self, comment: Option<&Value>) -> Vec<Value> {
        let uploads = comment.and_then(|comment| comment.get("uploads")?.as_array());
        let tokens: Vec<&str> = uploads
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut taken = Vec::new();
        for (id, stored) in &mut self.files {
            if !stored.attached && tokens.contains(&token(*id).as_str()) {
                stored.attached = true;
                taken.push(*id);
            }
        }
        taken.into_iter().map(|id| self.show_file(id)).collect()
    }

    fn show_file(&self, id: u64) -> Value {
        let stored = &self.files[&id];
        let address = format!("{}/attachments/token/{}/", self.base_url, secret(id));
        json!({"id": id, "file_name": stored.name, "content_type": stored.media_type,
            "size": stored.content.len(), "content_url": address, "inline": false, "deleted": false,
            "url": format!("{}/api/v2/attachments/{id}.json", self.base_url)})
    }

    pub(super) fn get_file(&self, id: &str) -> Answer {
        let id: u64 = id.parse().map_err(|_| Failure::NotFound)?;
        if !self.files.contains_key(&id) {
            return Err(Failure::NotFound);
        }
        Ok(json(
            StatusCode::OK,
            &json!({"attachment": self.show_file(id)}),
        ))
    }

    /// What is in a file, for whoever knows its address.
    pub(super) fn file_content(&self, call: &Call<'_>, named: &str) -> Answer {
        let mut files = self.files.iter();
        let found = files.find(|(id, _)| secret(**id) == named);
        let (_, stored) = found.ok_or(Failure::NotFound)?;
        Ok(file::ranged(call, &stored.content, &stored.media_type))
    }

    pub(super) fn token_of(id: u64) -> String {
        token(id)
    }

    pub(super) fn dump_files(&self, ticket: &Ticket) -> Vec<DumpAttachment> {
        let files = ticket
            .comments
            .iter()
            .flat_map(|comment| &comment.attachments);
        let dumped = |shown: &Value| {
            let id = shown["id"].as_u64()?;
            let stored = self.files.get(&id)?;
            let author = self.site.user(stored.author);
            Some(DumpAttachment {
                id: id.to_string(),
                author: author.map_or_else(String::new, |user| user.login.clone()),
                name: stored.name.clone(),
                size: stored.content.len(),
                digest: stored.content.digest().to_owned(),
            })
        };
        files.filter_map(dumped).collect()
    }
}

fn token(id: u64) -> String {
    format!("upload{id}")
}

fn secret(id: u64) -> String {
    crate::call::hmac_sha256_hex("attachment", &id.to_be_bytes())[..24].to_owned()
}
