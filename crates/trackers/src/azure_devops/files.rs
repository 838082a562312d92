//! Files: sent first, in chunks where they are large, and then linked to a work item by its relations.
//!
//! Source: Microsoft's description of the API 7.1, "Attachments - Create", "Attachments - Upload Chunk" and "Work Items -
//! Update", section "Add an attachment". What was sent and is not linked shows nowhere. A file of more than 130 MB must be sent
//! in chunks, and can be gone on with. A link carries a comment, which holds our marker.

use super::recognise::{at_version, found_if};
use super::{Azure, TRACKER, client, decode, wire};
use crate::error::TrackerError;
use crate::files::{self, Attaching, FileBody, Upload};
use crate::http::{ByteStream, Call, Cost, Outgoing};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId};
use twinline_core::marker::Marker;

/// Files up to this are sent in one request. The greatest that the API takes so is 130 MB; a smaller bound makes less to be
/// sent again.
const SIMPLE_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// One chunk: what is in memory of a file, besides what is on its way.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Tries at one chunk.
const TRIES: u32 = 4;

/// A file that was sent, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// The address that a link names.
    url: String,
    id: String,
    /// How many bytes the service has.
    bytes: u64,
}

impl Azure {
    pub(super) async fn open(
        &self,
        item: &ItemId,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        let project = self.project_of(&item.id).await?;
        let path = client::path_in(
            &project,
            &format!("wit/attachments/{}", client::part(&file.id)),
        );
        let call = client::versioned(Call::get(path.as_str())).query("download", "true");
        let download = self.client.download(files::opening(call, from)).await?;
        files::body(download, from, (TRACKER, &path))
    }

    pub(super) async fn attach_file(
        &self,
        effect: &Effect,
        upload: Upload,
    ) -> Result<Applied, TrackerError> {
        let attaching = Attaching::of(effect);
        let (commit, size) = (upload.commit.clone(), upload.size);
        let project = self.project_of(&attaching.item.id).await?;
        let whole = self.sent.get(&attaching).filter(|sent| sent.bytes == size);
        let sent = match whole {
            Some(sent) => sent,
            None if size <= SIMPLE_MAX_BYTES => {
                self.send_whole(&project, &attaching, upload).await?
            }
            None => self.send_chunks(&project, &attaching, upload).await?,
        };
        self.sent.put(&attaching, sent.clone());
        let link = json!({ "op": "add", "path": "/relations/-", "value": {
            "rel": "AttachedFile",
            "url": sent.url,
            "attributes": { "comment": attaching.marker.to_string(), "name": attaching.file.name },
        } });
        let path = client::path(&format!("wit/workitems/{}", attaching.item.id));
        let call = client::patch(Call::patch(path), &[link]).query("$expand", "relations");
        self.client.open(&call)?;
        let permit = self.client.reserve(&[Cost::Write], None).await?;
        commit.check()?;
        let linked = self.client.send(call.prepaid(&permit)).await;
        if matches!(
            linked,
            Err(TrackerError::Refused { .. } | TrackerError::Unreachable { .. })
        ) {
            // The service may know the file no longer: then it is sent anew.
            self.sent.forget(&attaching);
        }
        let after: wire::WorkItem = linked?.json()?;
        self.sent.forget(&attaching);
        Ok(Applied {
            attachment: ours(&after, attaching.marker).map(Box::new),
            version: decode::version(&after),
            ..Applied::default()
        })
    }

    async fn send_whole(
        &self,
        project: &str,
        attaching: &Attaching<'_>,
        upload: Upload,
    ) -> Result<Sent, TrackerError> {
        let bytes = upload.size;
        let call = binary(start(project, attaching));
        let reply = self.client.upload(call, upload.into_body()).await?;
        let made: wire::FileReference = reply.json()?;
        Ok(Sent {
            url: made.url,
            id: made.id,
            bytes,
        })
    }

    /// Sends a file chunk by chunk, on from where an earlier attempt has come.
    async fn send_chunks(
        &self,
        project: &str,
        attaching: &Attaching<'_>,
        upload: Upload,
    ) -> Result<Sent, TrackerError> {
        let mut sent = match self.sent.get(attaching) {
            Some(begun) => begun,
            None => self.begin(project, attaching).await?,
        };
        let mut chunks = Chunks::after(upload.bytes, sent.bytes);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            self.send_chunk(project, (&sent, upload.size), &chunk)
                .await?;
            sent.bytes += chunk.len() as u64;
            self.sent.put(attaching, sent.clone());
        }
        Ok(sent)
    }

    async fn begin(&self, project: &str, attaching: &Attaching<'_>) -> Result<Sent, TrackerError> {
        let call = binary(start(project, attaching)).query("uploadType", "chunked");
        let reply = self
            .client
            .upload(call, Outgoing::whole(Bytes::new()))
            .await?;
        let made: wire::FileReference = reply.json()?;
        Ok(Sent {
            url: made.url,
            id: made.id,
            bytes: 0,
        })
    }

    /// Sends one chunk; again where it may not have arrived: the same bytes to the same place.
    async fn send_chunk(
        &self,
        project: &str,
        (sent, total): (&Sent, u64),
        chunk: &Bytes,
    ) -> Result<(), TrackerError> {
        let last = sent.bytes + chunk.len() as u64 - 1;
        let range = format!("bytes {}-{last}/{total}", sent.bytes);
        let range = HeaderValue::try_from(range).expect("digits are proper in a header");
        let path = format!("wit/attachments/{}", client::part(&sent.id));
        let mut tries = 0;
        loop {
            tries += 1;
            let call = client::versioned(Call::put(client::path_in(project, &path)))
                .cost(Cost::Read)
                .header(CONTENT_RANGE, range.clone());
            let body = Outgoing::whole(chunk.clone());
            match self.client.upload(binary(call), body).await {
                Ok(_) => return Ok(()),
                Err(TrackerError::Retry { after: None, .. }) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn detach(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Applied, TrackerError> {
        let before = client::item_here(&self.client, &item.id).await?;
        let Some(place) = before
            .relations
            .iter()
            .position(|link| is_file(link, attachment))
        else {
            return Ok(Applied::default());
        };
        let document = [
            json!({ "op": "test", "path": "/rev", "value": before.rev }),
            json!({ "op": "remove", "path": format!("/relations/{place}") }),
        ];
        let path = client::path(&format!("wit/workitems/{}", item.id));
        let call =
            client::patch(Call::patch(path), &document).accept(&[StatusCode::PRECONDITION_FAILED]);
        let reply = self.client.send(call).await?;
        if reply.status == StatusCode::PRECONDITION_FAILED {
            return Err(TrackerError::Changed);
        }
        Ok(Applied {
            version: decode::version(&reply.json()?),
            ..Applied::default()
        })
    }

    /// The file that carries a marker.
    pub(super) async fn attached(
        &self,
        item: &ItemId,
        marker: &Marker,
    ) -> Result<Recognised, TrackerError> {
        let item = client::item_here(&self.client, &item.id).await?;
        Ok(found_if(ours(&item, marker).map(|file| Applied {
            attachment: Some(Box::new(file)),
            ..at_version(&item)
        })))
    }

    /// Whether a file was deleted: an item shows all its links to whoever sees it.
    pub(super) async fn detached(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Recognised, TrackerError> {
        let item = client::item_here(&self.client, &item.id).await?;
        let there = item.relations.iter().any(|link| is_file(link, attachment));
        Ok(found_if((!there).then(Applied::default)))
    }
}

/// The request that begins to send a file. Nobody sees the file yet, so it counts as a read: it can be sent again.
fn start(project: &str, attaching: &Attaching<'_>) -> Call {
    client::versioned(Call::post(client::path_in(project, "wit/attachments")))
        .query("fileName", attaching.file.name.as_str())
        .cost(Cost::Read)
}

fn binary(call: Call) -> Call {
    let kind = HeaderValue::from_static("application/octet-stream");
    call.header(CONTENT_TYPE, kind)
}

fn is_file(link: &wire::Relation, attachment: &str) -> bool {
    link.rel == "AttachedFile" && decode::file_id(&link.url) == Some(attachment)
}

fn ours(item: &wire::WorkItem, marker: &Marker) -> Option<Attachment> {
    let files = item
        .relations
        .iter()
        .filter(|link| link.rel == "AttachedFile");
    let mut files = files.filter_map(decode::attachment);
    files.find(|file| file.marker.as_ref() == Some(marker))
}

/// A file cut into chunks of equal size but for the last.
struct Chunks {
    bytes: ByteStream,
    /// How many bytes the service has already.
    skip: u64,
    kept: BytesMut,
    ended: bool,
}

impl Chunks {
    fn after(bytes: ByteStream, skip: u64) -> Self {
        Self {
            bytes,
            skip,
            kept: BytesMut::with_capacity(CHUNK_BYTES),
            ended: false,
        }
    }

    /// The next chunk. A failure to read is the reader's to tell: here it is only not gone on with.
    async fn next(&mut self) -> Option<Result<Bytes, TrackerError>> {
        while self.kept.len() < CHUNK_BYTES && !self.ended {
            match self.bytes.next().await {
                None => self.ended = true,
                Some(Err(error)) => {
                    return Some(Err(TrackerError::Retry {
                        reason: error.reason,
                        after: None,
                    }));
                }
                Some(Ok(mut piece)) => {
                    let known = self.skip.min(piece.len() as u64);
                    self.skip -= known;
                    drop(piece.split_to(usize::try_from(known).unwrap_or(piece.len())));
                    self.kept.extend_from_slice(&piece);
                }
            }
        }
        if self.kept.is_empty() {
            return None;
        }
        let chunk = self.kept.split_to(self.kept.len().min(CHUNK_BYTES));
        Some(Ok(chunk.freeze()))
    }
}
