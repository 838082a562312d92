//! Calls whose body or answer is a file, and need not fit into memory.

use super::super::stream::{ByteStream, Outgoing, collect};
use super::{Call, Client, RESPONSE_MAX_BYTES, Reply, Shown, TrackerError, Url};
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

/// One request of a download.
struct Hop {
    url: Url,
    /// Whether the tracker itself is asked. Once a file has led elsewhere no credentials are sent, wherever it leads next.
    at_tracker: bool,
}

impl Client {
    /// Opens a file. Unlike elsewhere redirects are followed, also to another server, and the call may name one: trackers
    /// keep files there. That server gets none of our credentials, its address is vetted like every other, and what it
    /// answers says nothing about the tracker.
    ///
    /// # Errors
    /// As [`Client::send`]. Another server that does not give the file: [`TrackerError::Unreachable`].
    pub async fn download(&self, call: Call) -> Result<Download, TrackerError> {
        let mut hop = self.first_hop(&call)?;
        let _slot = self.admit(&call).await?;
        let shown = self.shown(&call).await?;
        for _ in 0..=REDIRECTS_MAX {
            let mut log = self.log(&call, &hop.url);
            if !hop.at_tracker {
                // Its path may be all that the file is guarded by.
                log.place = format!("{} of {}", call.method, host(&hop.url));
            }
            let request = self.file_request(&call, &hop, &shown);
            let answer = match self.transport.stream(request).await {
                Ok(answer) => answer,
                Err(error) if hop.at_tracker => return Err(self.unanswered(&call, &log, error)),
                Err(error) => {
                    log.unanswered(&error);
                    return Err(elsewhere(&hop.url, &error.reason));
                }
            };
            let (parts, bytes) = answer.into_parts();
            if matches!(parts.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
                return Ok(Download {
                    status: parts.status,
                    headers: parts.headers,
                    bytes,
                });
            }
            if let Some(next) = redirected(&hop.url, parts.status, &parts.headers) {
                hop = Hop {
                    at_tracker: hop.at_tracker && next.origin() == self.settings.base.origin(),
                    url: next,
                };
                continue;
            }
            if !hop.at_tracker {
                return Err(elsewhere(
                    &hop.url,
                    &format!("it answered {}", parts.status),
                ));
            }
            let said = collect(bytes, REFUSAL_MAX_BYTES).await.unwrap_or_default();
            let answer = http::Response::from_parts(parts, said);
            let reply = self.take(answer, (&call, &shown), hop.url, &log)?;
            return Err(reply.unreadable("", "no file"));
        }
        Err(TrackerError::Unreachable {
            reason: format!(
                "{} redirects the file more than {REDIRECTS_MAX} times",
                self.dialect.tracker()
            ),
        })
    }

    fn first_hop(&self, call: &Call) -> Result<Hop, TrackerError> {
        let base = &self.settings.base;
        let foreign = Url::parse(&call.target)
            .ok()
            .filter(|url| call.is_absolute() && url.origin() != base.origin());
        match foreign {
            Some(url) if is_as_safe(base, &url) => Ok(Hop {
                url,
                at_tracker: false,
            }),
            _ => Ok(Hop {
                url: self.url(call)?,
                at_tracker: true,
            }),
        }
    }

    /// Sends a file with a call: its body in place of the call's own.
    ///
    /// # Errors
    /// As [`Client::send`]; [`TrackerError::Unfit`] where the file is too large or of a type that is not taken.
    pub async fn upload(&self, call: Call, body: Outgoing) -> Result<Reply, TrackerError> {
        let url = self.url(&call)?;
        let _slot = self.admit(&call).await?;
        let shown = self.shown(&call).await?;
        let log = self.log(&call, &url);
        let length = body.length;
        let mut request = self.request(&call, &url, &shown).map(|_| body);
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
        let answer = match self.transport.stream(request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.unanswered(&call, &log, error)),
        };
        let (parts, bytes) = answer.into_parts();
        let status = parts.status;
        match collect(bytes, RESPONSE_MAX_BYTES).await {
            Ok(said) => {
                let answer = http::Response::from_parts(parts, said);
                let reply = self.take(answer, (&call, &shown), url, &log);
                reply.map_err(|error| unfit(error, status, call.writes()))
            }
            Err(error) => Err(self.unanswered(&call, &log, error)),
        }
    }

    fn file_request(&self, call: &Call, hop: &Hop, shown: &Shown) -> http::Request<Outgoing> {
        let mut request = self.request(call, &hop.url, shown);
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("*/*"));
        if !hop.at_tracker {
            let mut secret: Vec<HeaderName> = vec![AUTHORIZATION];
            secret.extend(shown.iter().map(|(name, _)| name.clone()));
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
    is_as_safe(from, &to).then_some(to)
}

/// Whether a connection is encrypted, or another one was not either.
fn is_as_safe(than: &Url, url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == than.scheme()
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// The failure of another server, which keeps the tracker's file.
fn elsewhere(url: &Url, reason: &str) -> TrackerError {
    TrackerError::Unreachable {
        reason: format!("{}, which keeps the file: {reason}", host(url)),
    }
}

/// What was refused for the file's own sake (RFC 9110, 413 and 415; where nothing else is in the request 422 too).
fn unfit(error: TrackerError, status: StatusCode, writes: bool) -> TrackerError {
    let own = matches!(
        status,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    match error {
        TrackerError::Refused {
            tracker, sentence, ..
        } if own || (status == StatusCode::UNPROCESSABLE_ENTITY && !writes) => {
            TrackerError::Unfit { tracker, sentence }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
