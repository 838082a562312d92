//! Files on their way from one tracker to another.

use crate::error::TrackerError;
use crate::http::{ByteStream, Call, Download, Outgoing, TransportError};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, RANGE};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use twinline_core::effect::Effect;
use twinline_core::item::{Attachment, ItemId};
use twinline_core::marker::Marker;

/// A file as its tracker gives it.
pub struct FileBody {
    /// Where the bytes begin in the file: at what was asked for, or at 0 where the tracker gives no parts.
    pub from: u64,
    /// The bytes up to the file's end.
    pub bytes: ByteStream,
}

/// A file to attach.
pub struct Upload {
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: ByteStream,
    /// Asked right before the file shows: before the last piece of a request that attaches it, or before a request that
    /// attaches what was sent earlier.
    pub commit: Commit,
}

impl Upload {
    /// The file as the body of a request that shows nothing yet.
    pub fn into_body(self) -> Outgoing {
        Outgoing {
            length: self.size,
            bytes: self.bytes,
        }
    }

    /// The file as the body of the request that attaches it: its last piece is kept back until the write may be made. Of an
    /// empty file there is nothing to keep back: ask before.
    pub fn into_attaching_body(self) -> Outgoing {
        let kept_back = KeptBack {
            bytes: self.bytes,
            held: None,
            commit: self.commit,
            ended: false,
        };
        let next = |mut file: KeptBack| async move { Some((file.next().await?, file)) };
        Outgoing {
            length: self.size,
            bytes: Box::pin(stream::unfold(kept_back, next)),
        }
    }
}

/// A file whose last piece waits until the write may be made.
struct KeptBack {
    bytes: ByteStream,
    held: Option<Bytes>,
    commit: Commit,
    ended: bool,
}

impl KeptBack {
    async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        if self.ended {
            return None;
        }
        while let Some(next) = self.bytes.next().await {
            match next.map(|piece| self.held.replace(piece)) {
                Ok(None) => {}
                Ok(Some(before)) => return Some(Ok(before)),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.ended = true;
        match self.commit.check() {
            Ok(()) => self.held.take().map(Ok),
            Err(error) => Some(Err(TransportError::maybe_sent(error.to_string()))),
        }
    }
}

/// Whether a write may be made now: in a fleet while this host certainly owns the node. Cheap to clone.
#[derive(Clone)]
pub struct Commit(Arc<dyn Fn() -> Result<(), TrackerError> + Send + Sync>);

impl Commit {
    /// Asks `may` each time.
    pub fn new(may: impl Fn() -> Result<(), TrackerError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(may))
    }

    /// It may, always.
    pub fn always() -> Self {
        Self::new(|| Ok(()))
    }

    /// Passes when the write may be made.
    ///
    /// # Errors
    /// [`TrackerError::Busy`]: not now.
    pub fn check(&self) -> Result<(), TrackerError> {
        (self.0)()
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commit")
    }
}

/// The parts of an [`Effect::AddAttachment`].
pub(crate) struct Attaching<'a> {
    pub(crate) item: &'a ItemId,
    pub(crate) file: &'a Attachment,
    pub(crate) channel: Option<&'a str>,
    pub(crate) marker: &'a Marker,
}

impl<'a> Attaching<'a> {
    /// Takes them out.
    ///
    /// # Panics
    /// It is another effect: whoever attaches has looked.
    pub(crate) fn of(effect: &'a Effect) -> Self {
        let Effect::AddAttachment {
            item,
            file,
            channel,
            marker,
            ..
        } = effect
        else {
            unreachable!("only a file is attached, not {effect:?}")
        };
        Self {
            item,
            file,
            channel: channel.as_deref(),
            marker,
        }
    }
}

/// The `Range` of all from a byte on.
fn part(from: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes={from}-")).expect("digits are proper in a header")
}

/// A file out of an answer.
///
/// # Errors
/// It is another part than was asked for.
pub(crate) fn body(
    download: Download,
    from: u64,
    (tracker, place): (&str, &str),
) -> Result<FileBody, TrackerError> {
    match download.begins_at(from) {
        Some(begins) => Ok(FileBody {
            from: begins,
            bytes: download.bytes,
        }),
        None => Err(TrackerError::Unreadable {
            tracker: tracker.to_owned(),
            place: place.to_owned(),
            reason: "it gave another part of the file than was asked for".to_owned(),
        }),
    }
}

/// A call that opens a file from a byte on.
pub(crate) fn opening(call: Call, from: u64) -> Call {
    let whole = HeaderValue::from_static("identity");
    let call = call.header(ACCEPT_ENCODING, whole);
    if from == 0 {
        return call;
    }
    call.header(RANGE, part(from))
}

/// The media type that a file's name tells, for trackers that keep none (RFC 6838 names).
pub(crate) fn media_type_of(name: &str) -> &'static str {
    const KNOWN: &[(&str, &str)] = &[
        ("bat", "application/x-msdownload"),
        ("cmd", "application/x-msdownload"),
        ("csv", "text/csv"),
        ("dll", "application/x-msdownload"),
        (
            "docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("exe", "application/x-msdownload"),
        ("gif", "image/gif"),
        ("gz", "application/gzip"),
        ("htm", "text/html"),
        ("html", "text/html"),
        ("jpeg", "image/jpeg"),
        ("jpg", "image/jpeg"),
        ("js", "text/javascript"),
        ("json", "application/json"),
        ("log", "text/plain"),
        ("md", "text/markdown"),
        ("mov", "video/quicktime"),
        ("mp3", "audio/mpeg"),
        ("mp4", "video/mp4"),
        ("msi", "application/x-msdownload"),
        ("pdf", "application/pdf"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
        ("txt", "text/plain"),
        ("webm", "video/webm"),
        ("webp", "image/webp"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("xml", "application/xml"),
        ("zip", "application/zip"),
    ];
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let known = KNOWN
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(ending));
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// The error of whoever asks `apply` to attach a file: without its bytes nothing can be.
pub(crate) fn without_bytes(tracker: &str) -> TrackerError {
    TrackerError::Refused {
        tracker: tracker.to_owned(),
        sentence: "a file cannot be attached without its bytes".to_owned(),
        field: None,
    }
}

/// Uploads that were begun and not ended, so that the next attempt goes on where the last one stopped. In memory only: after
/// a crash a file is sent anew, which leaves nothing behind that people see.
pub(crate) struct Begun<T>(Mutex<BTreeMap<(ItemId, Marker), T>>);

impl<T> Default for Begun<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// So many are remembered; when there are more, all are sent anew.
const BEGUN_MAX: usize = 256;

impl<T: Clone> Begun<T> {
    /// What is known of an upload.
    pub(crate) fn get(&self, attaching: &Attaching<'_>) -> Option<T> {
        self.lock().get(&key(attaching)).cloned()
    }

    /// Remembers how far it is.
    pub(crate) fn put(&self, attaching: &Attaching<'_>, state: T) {
        let mut begun = self.lock();
        if begun.len() >= BEGUN_MAX {
            begun.clear();
        }
        begun.insert(key(attaching), state);
    }

    /// Forgets it: it is ended, or the tracker does not know it any more.
    pub(crate) fn forget(&self, attaching: &Attaching<'_>) {
        self.lock().remove(&key(attaching));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(ItemId, Marker), T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(attaching: &Attaching<'_>) -> (ItemId, Marker) {
    (attaching.item.clone(), attaching.marker.clone())
}

#[cfg(test)]
mod tests;
