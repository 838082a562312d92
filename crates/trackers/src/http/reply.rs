//! An answer, and reading it without losing the place of what is wrong.

use super::rate_headers::parse_http_date;
use crate::error::TrackerError;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, ETAG, LINK, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use twinline_core::time::Timestamp;
use url::Url;

/// What a tracker answered: a success, a status that the call accepts, or a redirect on the same server.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The tracker's name for people.
    pub tracker: &'static str,
    /// The method and path of the request, without the query: the place that errors name.
    pub place: String,
    /// The URL that was asked.
    pub url: Url,
    /// Whether the request was a write: then an unreadable answer leaves its outcome unknown.
    pub writes: bool,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Reply {
    /// Reads the body as JSON. What is wrong with it is named with its path: `[3].user.login`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, TrackerError> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.inner();
            if inner.is_data() {
                self.unreadable(&path, &inner.to_string())
            } else {
                self.unreadable("", &format!("{} instead of JSON", self.describe_body()))
            }
        })
    }

    /// The error for an answer that is not what the API promises. `at` is the place within the body.
    pub fn unreadable(&self, at: &str, reason: &str) -> TrackerError {
        let place = if at.is_empty() || at == "." {
            self.place.clone()
        } else {
            format!("{} at {at}", self.place)
        };
        if self.writes {
            TrackerError::Unknown {
                reason: format!(
                    "{} answered something unreadable at {place}: {reason}",
                    self.tracker
                ),
            }
        } else {
            TrackerError::Unreadable {
                tracker: self.tracker.to_owned(),
                place,
                reason: reason.to_owned(),
            }
        }
    }

    /// What the body looks like, for a person: its media type and its size.
    pub fn describe_body(&self) -> String {
        if self.body.is_empty() {
            return "an empty body".to_owned();
        }
        let kind = self
            .header(CONTENT_TYPE.as_str())
            .unwrap_or("no media type");
        format!("{kind} ({} bytes)", self.body.len())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The tracker's clock when it answered, to the whole second.
    pub fn date(&self) -> Option<Timestamp> {
        parse_http_date(self.header(DATE.as_str())?)
    }

    /// The entity tag.
    pub fn etag(&self) -> Option<&str> {
        self.header(ETAG.as_str())
    }

    /// The URL of a relation in the `Link` header (RFC 8288): `next`, `last`.
    pub fn link(&self, relation: &str) -> Option<String> {
        let wanted = format!("rel=\"{relation}\"");
        self.header(LINK.as_str())?.split(',').find_map(|link| {
            let (target, parameters) = link.split_once(';')?;
            parameters
                .split(';')
                .any(|parameter| parameter.trim() == wanted)
                .then(|| {
                    target
                        .trim()
                        .trim_start_matches('<')
                        .trim_end_matches('>')
                        .to_owned()
                })
        })
    }

    /// Where a redirect leads; it is on the same server, or the client would not have given it out.
    pub fn redirect(&self) -> Option<Url> {
        if !self.status.is_redirection() {
            return None;
        }
        self.url.join(self.header(LOCATION.as_str())?).ok()
    }
}
