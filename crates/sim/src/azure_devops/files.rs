//! Files: sent in one request or in chunks, and linked to a work item by its relations.
//!
//! Source: Microsoft's description of the API 7.1, "Attachments".

use super::AzureDevOps;
use super::change::Plan;
use super::failure::{Answer, Failure};
use super::hooks::Event;
use super::model::{Relation, WorkItem};
use super::request::{Asked, By};
use crate::call::json;
use crate::command::{Done, Refused};
use crate::dump::DumpAttachment;
use crate::file::{self, Content};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// The rel of a link to a file.
pub(super) const ATTACHED: &str = "AttachedFile";

/// A file that was sent, linked or not.
#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    name: String,
    content: Content,
    /// How large it is to be, as long as chunks are missing.
    missing: bool,
    created: Timestamp,
    /// A unique name.
    by: String,
}

impl AzureDevOps {
    pub(super) fn upload(&mut self, asked: &Asked<'_>) -> Answer {
        if asked.call.header("content-type") != Some("application/octet-stream") {
            return Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "The request must have the content type application/octet-stream.",
            ));
        }
        let chunked = asked
            .call
            .param("uploadType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("chunked"));
        let name = asked.call.param("fileName").unwrap_or("file");
        let content = asked.call.body().clone();
        let id = self.store_file(asked.by(), name, content);
        if let Some(stored) = self.files.get_mut(&id) {
            stored.missing = chunked;
        }
        Ok(self.reference_to(StatusCode::OK, &id))
    }

    pub(super) fn upload_chunk(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let range = asked.call.header("content-range").and_then(read_range);
        let Some((from, to, total)) = range else {
            return Err(Failure::invalid(
                "The header Content-Range is missing or not understood.",
            ));
        };
        let body = asked.call.body().clone();
        let stored = self.files.get_mut(id).filter(|stored| stored.missing);
        let stored = stored.ok_or_else(|| no_file(id))?;
        // A chunk that was sent before may come again.
        if from > stored.content.len() || to + 1 - from != body.len() {
            return Err(Failure::invalid(
                "The chunk does not follow what was sent before it.",
            ));
        }
        let mut content = BytesMut::from(&stored.content[..from]);
        content.extend_from_slice(&body);
        stored.content = content.freeze().into();
        stored.missing = stored.content.len() < total;
        Ok(self.reference_to(StatusCode::OK, id))
    }

    fn reference_to(&self, status: StatusCode, id: &str) -> http::Response<Bytes> {
        json(status, &json!({"id": id, "url": self.file_url(id)}))
    }

    fn file_url(&self, id: &str) -> String {
        format!("{}/_apis/wit/attachments/{id}", self.site.url())
    }

    pub(super) fn store_file(&mut self, by: By<'_>, name: &str, content: Bytes) -> String {
        let id = format!("00000000-0000-4000-8000-{:012x}", self.files.len() + 1);
        let stored = StoredFile {
            name: name.to_owned(),
            content: content.into(),
            missing: false,
            created: by.now,
            by: by.who.to_owned(),
        };
        self.files.insert(id.clone(), stored);
        id
    }

    /// The whole file: parts are described nowhere.
    pub(super) fn file_content(&self, id: &str) -> Answer {
        let stored = self.files.get(id).filter(|stored| !stored.missing);
        let stored = stored.ok_or_else(|| no_file(id))?;
        let kind = "application/octet-stream";
        Ok(file::whole(&stored.content, kind))
    }

    /// A link to a file that a document adds.
    pub(super) fn read_file_link(&self, url: &str, said: &Value) -> Result<Relation, Failure> {
        let address = url.split('?').next().unwrap_or_default();
        let id = address.rsplit('/').next().unwrap_or_default();
        let stored = self.files.get(id).filter(|stored| !stored.missing);
        let stored = stored.ok_or_else(|| no_file(id))?;
        let at = stored.created.to_string();
        let mut attributes = json!({"authorizedDate": at, "resourceCreatedDate": at,
            "resourceModifiedDate": at, "revisedDate": "9999-01-01T00:00:00Z",
            "resourceSize": stored.content.len(), "name": stored.name});
        for name in ["comment", "name"] {
            if let Some(text) = said[name].as_str() {
                attributes[name] = json!(text);
            }
        }
        Ok(Relation {
            rel: ATTACHED.to_owned(),
            url: self.file_url(id),
            attributes,
        })
    }

    pub(super) fn attach_by_hand(
        &mut self,
        by: By<'_>,
        id: u64,
        name: &str,
        content: Bytes,
    ) -> Result<Done, Refused> {
        let file = self.store_file(by, name, content);
        let link = self.read_file_link(&self.file_url(&file), &json!({}));
        let link = link.map_err(|failure| Refused::Invalid(failure.message))?;
        let mut plan = Plan::of(self.item(id));
        plan.relations.push(link);
        self.commit(by, id, plan, Event::Updated);
        Ok(Done::Attachment(file))
    }

    pub(super) fn detach_by_hand(
        &mut self,
        by: By<'_>,
        id: u64,
        file: &str,
    ) -> Result<Done, Refused> {
        let mut plan = Plan::of(self.item(id));
        let before = plan.relations.len();
        plan.relations
            .retain(|link| !(link.rel == ATTACHED && link.url.ends_with(file)));
        if plan.relations.len() == before {
            return Err(Refused::unknown("attachment", file));
        }
        self.commit(by, id, plan, Event::Updated);
        Ok(Done::Nothing)
    }

    pub(super) fn dump_files(&self, item: &WorkItem) -> Vec<DumpAttachment> {
        let links = item.relations.iter().filter(|link| link.rel == ATTACHED);
        let dumped = |link: &Relation| {
            let id = link.url.rsplit('/').next()?;
            let stored = self.files.get(id)?;
            Some(DumpAttachment {
                id: id.to_owned(),
                author: stored.by.clone(),
                name: link.attributes["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                size: stored.content.len(),
                digest: stored.content.digest().to_owned(),
            })
        };
        links.filter_map(dumped).collect()
    }
}

/// `bytes 0-39999/50000`
fn read_range(text: &str) -> Option<(usize, usize, usize)> {
    let (part, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, to) = part.split_once('-')?;
    let read = |number: &str| number.trim().parse().ok();
    let (from, to, total) = (read(from)?, read(to)?, read(total)?);
    (from <= to && to < total).then_some((from, to, total))
}

fn no_file(id: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "AttachmentNotFoundException",
        format!("TF237090: Does not exist or access denied: {id}"),
    )
}
