//! Files: attached by one request, which cannot be gone on with, and without a marker: an attachment has no properties.
//!
//! Source: Atlassian's description of the API, group "Issue attachments". The request is a form whose part is named `file`,
//! and is blocked without the header `X-Atlassian-Token: no-check`.

use super::recognise::found;
use super::{Jira, TRACKER, client, decode, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::files::{self, Attaching, FileBody, Upload};
use crate::http::Call;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use serde_json::Value as Json;
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId};
use twinline_core::time::Timestamp;

/// The tracker's clock is known to a second.
const MARGIN: Duration = Duration::from_secs(5);

impl Jira {
    pub(super) async fn open(
        &self,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        let path = format!("/rest/api/3/attachment/content/{}", file.id);
        let call = Call::get(path.as_str()).query("redirect", "false");
        let download = self.client.download(files::opening(call, from)).await?;
        files::body(download, from, (TRACKER, &path))
    }

    pub(super) async fn attach_file(
        &self,
        effect: &Effect,
        upload: Upload,
    ) -> Result<Applied, TrackerError> {
        let attaching = Attaching::of(effect);
        self.takes(attaching.file).await?;
        // Of an empty file no piece is kept back: the whole request is what attaches it.
        if upload.size == 0 {
            upload.commit.check()?;
        }
        let form = Form::of(&attaching);
        let call = Call::post(client::path(&attaching.item.id, "/attachments"))
            .key(&attaching.item.id)
            .header(CONTENT_TYPE, form.content_type)
            .header(
                HeaderName::from_static("x-atlassian-token"),
                HeaderValue::from_static("no-check"),
            );
        let body = upload.into_attaching_body();
        let body = body.between(form.before.into(), form.after.into());
        let reply = self.client.upload(call, body).await?;
        let made: Vec<Json> = reply.json()?;
        let file = made.iter().find_map(decode::attachment);
        Ok(Applied {
            attachment: file.map(Box::new),
            ..Applied::default()
        })
    }

    /// Asks for the site's settings before a file is sent for nothing.
    async fn takes(&self, file: &Attachment) -> Result<(), TrackerError> {
        let call = Call::get("/rest/api/3/attachment/meta");
        let settings: wire::FileSettings = self.client.send(call).await?.json()?;
        if !settings.enabled {
            let why = "an administrator has switched attachments off";
            return Err(client::refused(Impossible::request(why)));
        }
        match settings.upload_limit {
            Some(limit) if file.size > limit => Err(TrackerError::Unfit {
                tracker: TRACKER.to_owned(),
                sentence: format!("{} bytes; the site takes {limit}", file.size),
            }),
            _ => Ok(()),
        }
    }

    pub(super) async fn detach(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Applied, TrackerError> {
        let call = Call::delete(format!("/rest/api/3/attachment/{attachment}"))
            .key(&item.id)
            .accept(&[StatusCode::NOT_FOUND]);
        self.client.send(call).await.map(|_| Applied::default())
    }

    /// The files that our account has attached since, with this name and size.
    pub(super) async fn attached(
        &self,
        item: &ItemId,
        file: &Attachment,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let me = self.client.send(Call::get("/rest/api/3/myself")).await?;
        let me: wire::Account = me.json()?;
        let since = since.minus(MARGIN);
        let issue = client::issue_here(&self.client, &item.id).await?;
        let shown = issue.fields.get("attachment").and_then(Json::as_array);
        let files = shown.into_iter().flatten().filter_map(decode::attachment);
        let mut ours: Vec<Attachment> = files
            .filter(|there| there.by() == me.account_id && there.created >= since)
            .filter(|there| there.name == file.name && there.size == file.size)
            .collect();
        ours.sort_by_key(|file| file.created);
        Ok(if ours.is_empty() {
            Recognised::NotThere
        } else {
            Recognised::Files(ours)
        })
    }

    /// Whether a file was deleted. One that lies in a restricted comment is *forbidden*, and not *not found*.
    pub(super) async fn detached(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Recognised, TrackerError> {
        let call = Call::get(format!("/rest/api/3/attachment/{attachment}"))
            .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        match self.client.send(call).await?.status {
            StatusCode::NOT_FOUND => {
                client::issue_here(&self.client, &item.id).await?;
                Ok(found(Some(Applied::default())))
            }
            StatusCode::FORBIDDEN => Ok(Recognised::Unclear {
                reason: "Jira no longer lets this account see it".to_owned(),
            }),
            _ => Ok(Recognised::NotThere),
        }
    }
}

/// What a file is wrapped in: RFC 7578.
struct Form {
    content_type: HeaderValue,
    before: String,
    after: String,
}

impl Form {
    /// The boundary is made of the marker, which no file contains but one that was made for it.
    fn of(attaching: &Attaching<'_>) -> Self {
        let boundary = format!("twinline-{}", attaching.marker.link);
        let name = quoted(&attaching.file.name);
        let kind = media_type(&attaching.file.media_type);
        Self {
            content_type: HeaderValue::try_from(format!(
                "multipart/form-data; boundary={boundary}"
            ))
            .expect("a digest is proper in a header"),
            before: format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: {kind}\r\n\r\n"
            ),
            after: format!("\r\n--{boundary}--\r\n"),
        }
    }
}

/// A file's name within quotation marks, as browsers write it (HTML, "multipart form data").
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

/// A media type that is one.
fn media_type(given: &str) -> &str {
    let proper = |part: char| part.is_ascii_graphic() || part == ' ';
    if given.contains('/') && given.chars().all(proper) {
        given
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotation_marks() {
        assert_eq!(quoted("a\"b\r\nc.txt"), "a%22b%0D%0Ac.txt");
        assert_eq!(quoted("Übersicht.pdf"), "Übersicht.pdf");
    }

    #[test]
    fn what_is_no_media_type_is_a_file_of_bytes() {
        assert_eq!(media_type("image/png"), "image/png");
        assert_eq!(media_type("x\r\ny/z"), "application/octet-stream");
        assert_eq!(media_type(""), "application/octet-stream");
    }
}
