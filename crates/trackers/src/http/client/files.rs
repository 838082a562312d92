//! Calls whose body or answer is a file, and need not fit into memory.

use super::super::stream::{ByteStream, Outgoing, collect};
use super::{Call, Client, RESPONSE_MAX_BYTES, Reply, TrackerError, Url};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What is read of an answer that is no file: the tracker's sentence.
const REFUSAL_MAX_BYTES: usize = 64 * 1024;

/// A file may lie on another server, which may know another one.
const REDIRECTS_MAX: usize = 3;

/// A file as it comes.
pub struct Download {
    /// 200, or 206 where a part was asked for and given.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub bytes: ByteStream,
}

impl Download {
    /// Where the bytes begin in the file: the tracker need not heed a `Range`. `None`: it gives another part than was asked
    /// for.
    pub fn begins_at(&self, asked: u64) -> Option<u64> {
        if self.status != StatusCode::PARTIAL_CONTENT {
            return Some(0);
        }
        let range = self
            .headers
            .get(http::header::CONTENT_RANGE)?
            .to_str()
            .ok()?;
        let from = range.strip_prefix("bytes ")?.split('-').next()?;
        from.trim().parse().ok().filter(|from| *from == asked)
    }
}

impl Client {
    /// Opens a file. Unlike elsewhere redirects are followed, also to another server: trackers keep files there. That server
    /// gets none of our credentials, and its address is vetted like every other.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn download(&self, call: Call) -> Result<Download, TrackerError> {
        let mut url = self.url(&call)?;
        let _slot = self.admit(&call).await?;
        for _ in 0..=REDIRECTS_MAX {
            let log = self.log(&call, &url);
            let request = self.file_request(&call, &url);
            let answer = match self.transport.stream(request).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.unanswered(&call, &log, error)),
            };
            let (parts, bytes) = answer.into_parts();
            if parts.status.is_success() {
                return Ok(Download {
                    status: parts.status,
                    headers: parts.headers,
                    bytes,
                });
            }
            if let Some(next) = redirected(&url, parts.status, &parts.headers) {
                url = next;
                continue;
            }
            let said = collect(bytes, REFUSAL_MAX_BYTES).await.unwrap_or_default();
            let answer = http::Response::from_parts(parts, said);
            let reply = self.take(answer, &call, url, &log)?;
            return Err(reply.unreadable("", "no file"));
        }
        Err(TrackerError::Unreachable {
            reason: format!(
                "{} redirects the file more than {REDIRECTS_MAX} times",
                self.dialect.tracker()
            ),
        })
    }

    /// Sends a file with a call: its body in place of the call's own.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn upload(&self, call: Call, body: Outgoing) -> Result<Reply, TrackerError> {
        let url = self.url(&call)?;
        let _slot = self.admit(&call).await?;
        let log = self.log(&call, &url);
        let length = body.length;
        let mut request = self.request(&call, &url).map(|_| body);
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
        let answer = match self.transport.stream(request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.unanswered(&call, &log, error)),
        };
        let (parts, bytes) = answer.into_parts();
        match collect(bytes, RESPONSE_MAX_BYTES).await {
            Ok(said) => self.take(http::Response::from_parts(parts, said), &call, url, &log),
            Err(error) => Err(self.unanswered(&call, &log, error)),
        }
    }

    fn file_request(&self, call: &Call, url: &Url) -> http::Request<Outgoing> {
        let mut request = self.request(call, url);
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("*/*"));
        if url.origin() != self.settings.base.origin() {
            let mut secret: Vec<HeaderName> = vec![AUTHORIZATION];
            secret.extend(self.credentials.iter().map(|(name, _)| name.clone()));
            for name in secret {
                request.headers_mut().remove(name);
            }
        }
        request.map(|_| Outgoing::whole(Bytes::new()))
    }
}

/// Where a redirect leads; never from an encrypted connection to an open one.
fn redirected(from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(http::header::LOCATION)?.to_str().ok();
    let to = status
        .is_redirection()
        .then(|| from.join(location?).ok())
        .flatten()?;
    (to.scheme() == "https" || to.scheme() == from.scheme()).then_some(to)
}
