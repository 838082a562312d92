//! Files: sent first, for a token, and attached by it with a comment of their own.
//!
//! Source: Zendesk's pages "Attachments" and "Ticket attachments". A file that was sent and is not attached shows nowhere, and is
//! deleted when its token expires, after an hour. Files belong to comments, so what hides a comment from customers hides its
//! files. The comment that carries a file of ours has our marker, and is not told as a comment. Files are redacted, never
//! deleted.

use super::recognise::found;
use super::write::{check_conflict, put_ticket};
use super::{CHANNEL_PUBLIC, METADATA, TRACKER, Zendesk, client, decode, text, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::files::{self, Attaching, FileBody, Upload};
use crate::http::{Call, Cost};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Value as Json, json};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId};
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

/// The greatest file: 50 MB.
pub(super) const FILE_MAX_BYTES: u64 = 50_000_000;
/// So long a token is relied on: it lives for an hour.
const TOKEN_LIVES: Duration = Duration::from_secs(3000);

/// A file that was sent and is not attached yet.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    token: String,
    at: Timestamp,
}

impl Zendesk {
    /// Opens a file. Its address says a secret that opens it to everyone, so it is asked for each time and told to nobody.
    pub(super) async fn open(
        &self,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        let path = format!("/api/v2/attachments/{}", file.id);
        let shown: wire::OneAttachment =
            self.client.send(Call::get(path.as_str())).await?.json()?;
        let address = shown.attachment.content_url;
        let call = Call::get(address).shown_as(format!("{path}/content"));
        let call = files::opening(call, from);
        let download = self.client.download(call).await?;
        files::body(download, from, (TRACKER, &path))
    }

    pub(super) async fn attach_file(
        &self,
        effect: &Effect,
        upload: Upload,
    ) -> Result<Applied, TrackerError> {
        let attaching = Attaching::of(effect);
        let commit = upload.commit.clone();
        let known = self.sent.get(&attaching);
        let known = known.filter(|sent| self.client.now().since(sent.at) < TOKEN_LIVES);
        let sent = match known {
            Some(sent) => sent,
            None => self.send_file(&attaching, upload).await?,
        };
        self.sent.put(&attaching, sent.clone());
        let file = attaching.file;
        // What is not said to be for everyone is for the team.
        let internal = attaching.channel != Some(CHANNEL_PUBLIC);
        let who = file
            .author
            .as_ref()
            .map_or("Somebody", |author| author.label());
        let said = Document::from_plain(&format!("{who} attached {}", file.name));
        let comment = json!({ "html_body": text::write(&said), "public": !internal,
            "uploads": [sent.token] });
        let marker = attaching.marker.to_string();
        let ticket = json!({ "comment": comment, "metadata": { METADATA: marker } });
        let ticket = ticket.as_object().cloned().unwrap_or_default();
        let call = put_ticket(attaching.item, &ticket);
        self.client.open(&call)?;
        let key = Some(attaching.item.id.as_str());
        let permit = self.client.reserve(&[Cost::Write], key).await?;
        commit.check()?;
        let reply = self.client.send(call.prepaid(&permit)).await?;
        check_conflict(&reply)?;
        self.sent.forget(&attaching);
        let written: wire::OneTicket = reply.json()?;
        let audit = written.audit.as_ref();
        let mut events = audit.into_iter().flat_map(|audit| &audit.events);
        let made = events.find(|event: &&Json| event["type"] == "Comment");
        let made =
            made.and_then(|event| serde_json::from_value::<wire::Comment>(event.clone()).ok());
        let (Some(audit), Some(mut made)) = (audit, made) else {
            return Err(reply.unreadable("audit.events", "it tells of no comment"));
        };
        if internal && made.public != Some(false) {
            return Err(self.take_back(attaching.item, made.id).await);
        }
        made.metadata.clone_from(&audit.metadata);
        let people = decode::people(&written.users);
        let file = decode::attachments(&made, &people, audit.created_at).next();
        let file = file.ok_or_else(|| {
            client::refused(Impossible::request(
                "Zendesk took a comment and left its file out",
            ))
        })?;
        Ok(Applied {
            attachment: Some(Box::new(file)),
            version: Some(decode::version(written.ticket.updated_at)),
            ..Applied::default()
        })
    }

    /// Sends a file; nobody sees it yet. What fails is tried again.
    async fn send_file(
        &self,
        attaching: &Attaching<'_>,
        upload: Upload,
    ) -> Result<Sent, TrackerError> {
        let kind = HeaderValue::try_from(attaching.file.media_type.as_str());
        let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let call = Call::post("/api/v2/uploads")
            .query("filename", attaching.file.name.as_str())
            .header(CONTENT_TYPE, kind)
            .cost(Cost::Read);
        let at = self.client.now();
        let reply = self.client.upload(call, upload.into_body()).await?;
        let token = reply.json::<wire::Uploaded>()?.upload.token;
        Ok(Sent { token, at })
    }

    /// The file that carries a marker.
    pub(super) async fn attached(
        &self,
        item: &ItemId,
        marker: &Marker,
    ) -> Result<Recognised, TrackerError> {
        let mut files = self.files_of(item).await?.into_iter();
        let ours = files.find(|file| file.marker.as_ref() == Some(marker));
        Ok(found(ours.map(|file| Applied {
            attachment: Some(Box::new(file)),
            ..Applied::default()
        })))
    }

    /// Whether a file is gone: Zendesk marks those that were redacted, or leaves them out.
    pub(super) async fn detached(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Recognised, TrackerError> {
        let files = self.files_of(item).await?;
        if files.iter().any(|file| file.id == attachment) {
            return Ok(Recognised::NotThere);
        }
        let call = Call::get(format!("/api/v2/attachments/{attachment}")).accept(&[
            http::StatusCode::NOT_FOUND,
            http::StatusCode::FORBIDDEN,
            http::StatusCode::GONE,
        ]);
        let reply = self.client.send(call).await?;
        let shown: Option<wire::OneAttachment> = reply.json().ok();
        Ok(match shown {
            Some(shown) if shown.attachment.deleted => found(Some(Applied::default())),
            _ => Recognised::Unclear {
                reason: format!(
                    "{TRACKER} no longer lists this file and does not say that it was deleted"
                ),
            },
        })
    }

    async fn files_of(&self, item: &ItemId) -> Result<Vec<Attachment>, TrackerError> {
        let (comments, users) = client::comments(&self.client, &item.id).await?;
        let people = decode::people(&users);
        let files = comments
            .iter()
            .flat_map(|comment| decode::attachments(comment, &people, Timestamp::EPOCH));
        Ok(files.collect())
    }
}
