//! Files: sent first, for a token, and attached by it with a change of the issue.
//!
//! Source: Redmine's wiki, "Rest api", section "Attaching files", and "Rest Attachments". A file that was sent and is not
//! attached shows nowhere; Redmine forgets it after some days. What is too large or of a type that the administrator does not
//! allow is refused when it is sent. The interface gives files whole: a `Range` is heeded only by some servers before it.

use super::recognise::{at_version, found};
use super::{Redmine, TRACKER, client, decode, wire};
use crate::connector::{Impossible, half_done};
use crate::error::TrackerError;
use crate::files::{self, Attaching, FileBody, Upload};
use crate::http::{Call, Cost};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId};
use twinline_core::marker::Marker;

impl Redmine {
    pub(super) async fn open(
        &self,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        let path = format!("/attachments/download/{}", file.id);
        let call = files::opening(Call::get(path.as_str()), from);
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
        let before = self.sent.get(&attaching);
        let is_fresh = before.is_none();
        let token = match before {
            Some(token) => token,
            None => self.send_file(&attaching, upload).await?,
        };
        self.sent.put(&attaching, token.clone());
        let id = &attaching.item.id;
        let body = json!({ "issue": { "uploads": [{
            "token": token,
            "filename": attaching.file.name,
            "content_type": attaching.file.media_type,
            "description": attaching.marker.to_string(),
        }] } });
        let permit = self
            .client
            .reserve(&[Cost::Write, Cost::Read], None)
            .await?;
        let call = Call::put(format!("/issues/{id}.json"));
        commit.check()?;
        self.client.send(call.json(&body).prepaid(&permit)).await?;
        let there = self.attached(attaching.item, attaching.marker).await;
        self.sent.forget(&attaching);
        match there.map_err(half_done)? {
            Recognised::There(applied) => Ok(*applied),
            // Redmine drops without a word what it does not allow, and a token that it has forgotten.
            _ if is_fresh => Err(client::refused(Impossible::request(
                "Redmine did not attach the file: the permissions of this account do not allow it",
            ))),
            _ => Err(TrackerError::Retry {
                reason: "Redmine has forgotten the file that was sent; it is sent again".to_owned(),
                after: None,
            }),
        }
    }

    /// Sends a file; nobody sees it yet. What fails is tried again: no second one shows.
    async fn send_file(
        &self,
        attaching: &Attaching<'_>,
        upload: Upload,
    ) -> Result<String, TrackerError> {
        let call = Call::post("/uploads.json")
            .query("filename", attaching.file.name.as_str())
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            )
            .cost(Cost::Read);
        let reply = self.client.upload(call, upload.into_body()).await?;
        Ok(reply.json::<wire::Uploaded>()?.upload.token)
    }

    pub(super) async fn detach(&self, attachment: &str) -> Result<Applied, TrackerError> {
        let call = Call::delete(format!("/attachments/{attachment}.json"))
            .accept(&[StatusCode::NOT_FOUND]);
        self.client.send(call).await.map(|_| Applied::default())
    }

    /// The file that carries a marker.
    pub(super) async fn attached(
        &self,
        item: &ItemId,
        marker: &Marker,
    ) -> Result<Recognised, TrackerError> {
        let issue = client::issue_here(&self.client, &item.id).await?;
        let base = self.client.base().as_str().trim_end_matches('/').to_owned();
        let files = issue.attachments.iter().flatten();
        let mut files = files.map(|file| decode::attachment(file, &base));
        let ours = files.find(|file| file.marker.as_ref() == Some(marker));
        Ok(found(ours.map(|file| Applied {
            attachment: Some(Box::new(file)),
            ..at_version(&issue)
        })))
    }

    /// Whether a file was deleted: an issue shows all of its files to whoever sees it.
    pub(super) async fn detached(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Recognised, TrackerError> {
        let issue = client::issue_here(&self.client, &item.id).await?;
        let mut files = issue.attachments.iter().flatten();
        let there = files.any(|file| file.id.to_string() == attachment);
        Ok(found((!there).then(Applied::default)))
    }
}
