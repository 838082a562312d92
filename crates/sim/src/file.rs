//! Files in simulated trackers: kept in memory, given whole or in part.

use crate::call::{Call, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// What is in a file. Its digest is made once: states are compared often, and files may be large.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    bytes: Bytes,
    digest: Arc<OnceLock<String>>,
}

impl Content {
    /// SHA-256, in hexadecimal.
    pub(crate) fn digest(&self) -> &str {
        self.digest
            .get_or_init(|| hex::encode(Sha256::digest(&self.bytes)))
    }
}

impl Deref for Content {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            digest: Arc::default(),
        }
    }
}

/// A file as an answer.
pub(crate) fn whole(content: &Bytes, media_type: &str) -> Response<Bytes> {
    let mut response = Response::new(content.clone());
    set(&mut response, "content-type", media_type);
    response
}

/// The same, heeding a `Range` of all bytes from one on (RFC 9110, section 14).
pub(crate) fn ranged(call: &Call<'_>, content: &Bytes, media_type: &str) -> Response<Bytes> {
    let asked = call.header("range").and_then(|range| {
        let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    let Some(from) = asked else {
        return whole(content, media_type);
    };
    let size = content.len();
    if from >= size {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
        set(&mut response, "content-range", &format!("bytes */{size}"));
        return response;
    }
    let mut response = whole(&content.slice(from..), media_type);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let range = format!("bytes {from}-{}/{size}", size - 1);
    set(&mut response, "content-range", &range);
    response
}

/// The first part of a form that has this name, with the file's name and media type (RFC 7578).
pub(crate) fn part_of_form(call: &Call<'_>, name: &str) -> Option<(String, String, Bytes)> {
    let kind = call.header("content-type")?;
    let boundary = kind.split("boundary=").nth(1)?.trim_matches('"');
    let body = call.body();
    let opening = format!("--{boundary}\r\n");
    let from = find(body, opening.as_bytes())? + opening.len();
    let head_len = find(&body[from..], b"\r\n\r\n")?;
    let head = std::str::from_utf8(&body[from..from + head_len]).ok()?;
    let content_from = from + head_len + 4;
    let closing = format!("\r\n--{boundary}");
    let content_len = find(&body[content_from..], closing.as_bytes())?;
    let parameter = |wanted: &str| {
        let at = head.split(&format!("{wanted}=\"")).nth(1)?;
        at.split('"').next().map(str::to_owned)
    };
    let header = |wanted: &str| {
        let mut lines = head.lines();
        let line = lines.find(|line| line.to_ascii_lowercase().starts_with(wanted))?;
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    };
    let disposition = head.to_ascii_lowercase();
    if !disposition.contains(&format!("name=\"{name}\"")) {
        return None;
    }
    let file = parameter("filename")?.replace("%22", "\"");
    let media_type =
        header("content-type").unwrap_or_else(|| "application/octet-stream".to_owned());
    let content = body.slice(content_from..content_from + content_len);
    Some((file, media_type, content))
}

/// Where a text begins in another. Forms are large: only where its first byte stands is looked at more closely.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}
