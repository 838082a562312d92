//! Files: attached by one request, which cannot be gone on with, and without a marker.
//!
//! Source: ServiceNow's page "Attachment API" (`com.glide.attachment.max_size`, 1024 MB at first, and
//! `glide.attachment.extensions` limit what is taken). Attaching a file leaves the record as it is: neither its update count nor
//! its time changes.

use super::{Place, ServiceNow, TRACKER, stamp, wire};
use crate::error::TrackerError;
use crate::files::{self, Attaching, FileBody, Upload};
use crate::http::Call;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, Recognised};
use twinline_core::item::{Attachment, ItemId, User};
use twinline_core::time::Timestamp;

/// Times are whole seconds on each side.
const MARGIN: Duration = Duration::from_secs(2);
/// Files of one record that are read at most.
const FILES_MAX: usize = 1000;

impl ServiceNow {
    /// The files of a record, in the order in which they came.
    pub(super) async fn files(&self, place: Place<'_>) -> Result<Vec<Attachment>, TrackerError> {
        let query = format!(
            "table_name={}^table_sys_id={}^ORDERBYsys_created_on^ORDERBYsys_id",
            place.table, place.sys_id
        );
        let call = Call::get("/api/now/attachment")
            .query("sysparm_query", query)
            .query("sysparm_limit", FILES_MAX.to_string());
        let rows = wire::many(&self.client.send(call).await?)?;
        let logins: BTreeSet<String> = rows
            .iter()
            .map(|row| row.text("sys_created_by").to_owned())
            .collect();
        let people = self.known(&BTreeSet::new(), &logins).await?;
        let base = self.client.base().as_str().trim_end_matches('/').to_owned();
        let read = rows.iter().filter_map(|row| file(row, &people, &base));
        Ok(read.collect())
    }

    /// The files of a record, where ServiceNow shows them to this account. `None`: it does not, or the Attachment API fails now,
    /// which keeps nothing else from crossing; of a refusal [`Self::check_files`] tells.
    pub(super) async fn files_if_shown(
        &self,
        place: Place<'_>,
    ) -> Result<Option<Vec<Attachment>>, TrackerError> {
        match self.files(place).await {
            Ok(files) => Ok(Some(files)),
            Err(TrackerError::Unreachable { .. } | TrackerError::Refused { .. }) => Ok(None),
            // The record itself was answered right before.
            Err(TrackerError::Retry {
                after: None,
                reason,
            }) => {
                tracing::warn!(%place, reason, "the files of a record could not be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What keeps this account from seeing files.
    pub(super) async fn check_files(&self) -> Result<Option<String>, TrackerError> {
        let call = Call::get("/api/now/attachment").query("sysparm_limit", "1");
        match self.client.send(call).await {
            Ok(_) => Ok(None),
            Err(error @ (TrackerError::Unreachable { .. } | TrackerError::Refused { .. })) => {
                Ok(Some(format!(
                    "the account may not use the Attachment API, and so no file crosses: give it a role that may ({error})"
                )))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn open(
        &self,
        file: &Attachment,
        from: u64,
    ) -> Result<FileBody, TrackerError> {
        let path = format!("/api/now/attachment/{}/file", file.id);
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
        let place = super::place(attaching.item)?;
        // An empty body is never asked for.
        if upload.size == 0 {
            upload.commit.check()?;
        }
        let kind = HeaderValue::try_from(attaching.file.media_type.as_str());
        let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let call = Call::post("/api/now/attachment/file")
            .query("table_name", place.table)
            .query("table_sys_id", place.sys_id)
            .query("file_name", attaching.file.name.as_str())
            .header(CONTENT_TYPE, kind);
        let reply = self
            .client
            .upload(call, upload.into_attaching_body())
            .await?;
        let row = wire::one(&reply)?;
        let base = self.client.base().as_str().trim_end_matches('/').to_owned();
        let made = file(&row, &BTreeMap::new(), &base);
        Ok(Applied {
            attachment: made.map(Box::new),
            ..Applied::default()
        })
    }

    pub(super) async fn detach(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Applied, TrackerError> {
        super::place(item)?;
        let call = Call::delete(format!("/api/now/attachment/{attachment}"))
            .accept(&[StatusCode::NOT_FOUND]);
        self.client.send(call).await.map(|_| Applied::default())
    }

    /// The files that our account has attached since, with this name and size.
    pub(super) async fn attached(
        &self,
        item: &ItemId,
        wanted: &Attachment,
        since: Timestamp,
    ) -> Result<Recognised, TrackerError> {
        let place = super::place(item)?;
        // That the record is there is asked for by itself: the files of one that is hidden are none.
        self.look(place, None).await?;
        let login = self.account().await?.and_then(|account| account.login);
        let since = since.minus(MARGIN).floor_to_second();
        let mut files = self.files(place).await?;
        files.retain(|file| {
            let by = file
                .author
                .as_ref()
                .and_then(|author| author.login.as_ref());
            // Where ServiceNow does not say who we are, anybody's file may be ours.
            let ours = match (&login, by) {
                (Some(login), Some(by)) => login.eq_ignore_ascii_case(by),
                _ => true,
            };
            let same = file.name == wanted.name && file.size == wanted.size;
            ours && same && file.created >= since
        });
        Ok(if files.is_empty() {
            Recognised::NotThere
        } else {
            Recognised::Files(files)
        })
    }

    /// Whether a file was deleted. One that is not shown may be hidden; only the audit log tells.
    pub(super) async fn detached(
        &self,
        item: &ItemId,
        attachment: &str,
    ) -> Result<Recognised, TrackerError> {
        super::place(item)?;
        let call = Call::get(format!("/api/now/attachment/{attachment}"))
            .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        if self.client.send(call).await?.status.is_success() {
            return Ok(Recognised::NotThere);
        }
        Ok(match self.deletion("sys_attachment", attachment).await? {
            Some(_) => Recognised::There(Box::default()),
            None => Recognised::Unclear {
                reason: format!(
                    "{TRACKER} does not show this file and does not say that it was deleted"
                ),
            },
        })
    }
}

/// A file by its row; `None` when it lacks what every one has. `people` are by login.
fn file(row: &wire::Record, people: &BTreeMap<String, User>, base: &str) -> Option<Attachment> {
    let (id, login) = (row.text("sys_id"), row.text("sys_created_by"));
    let author = people.get(login).cloned().unwrap_or_else(|| User {
        login: Some(login.to_owned()).filter(|login| !login.is_empty()),
        ..User::default()
    });
    Some(Attachment {
        id: id.to_owned(),
        name: row.text("file_name").to_owned(),
        size: row.text("size_bytes").parse().ok()?,
        media_type: row.text("content_type").to_owned(),
        author: Some(author),
        created: stamp::read(row.text("sys_created_on"))?,
        url: Some(format!("{base}/sys_attachment.do?sys_id={id}")),
        internal: false,
        marker: None,
    })
}
