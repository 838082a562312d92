//! Webhooks of others: asked to answer a challenge first, then called with all that is new, signed as our other webhooks
//! are (docs/specs/status-webhook.md).
//!
//! Anybody may name an address here, so no request goes to an address that is not public, unless the configuration lists
//! its network; none follows a redirect; and nobody is told what was answered.

use super::letters::{page, stage};
use super::ways::Post;
use crate::channel::webhook::headers;
use crate::signed::Keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use ipnet::IpNet;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use twinline_core::time::Timestamp;
use twinline_core::watch::subscription::{About, Address, News};
use twinline_trackers::http::{
    AddressGuard, Names, ReqwestTransport, Secret, SystemNames, Transport, TransportLimits, Trust,
};

/// Sets these keys apart from all others that are made of the instance's.
const PURPOSE: &[u8] = b"twinline watch: status webhook, version 1";
/// A connection is made within this, its encryption with it.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// The answer begins within this, and is whole within as much again.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// All of one call.
const WHOLE_MAX: Duration = Duration::from_secs(15);
/// The greatest answer that is read: it has to hold the challenge at most.
const ANSWER_MAX_BYTES: usize = 16 << 10;
/// The longest text of one piece of news, in characters; the rest is on the page.
const BODY_MAX_CHARS: usize = 4000;

/// How webhooks of others are called. Configuration.
pub struct Hooks {
    transport: Arc<dyn Transport>,
    keys: Keys,
    /// Whether an address may be `http://`.
    plain: bool,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// It was taken over.
    Taken,
    /// It was not, and may be the next time.
    Failed,
    /// It is not to be repeated, ever: 410.
    Unwanted,
}

/// Why webhooks cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("webhooks of subscribers cannot be called: {0}")]
pub struct NoHooks(String);

impl Hooks {
    /// Reaches the network: public addresses, and the private networks that are listed.
    ///
    /// # Errors
    /// The HTTP client refuses its settings, or there is no key.
    pub fn new<'a>(
        trust: &Trust,
        allow_private: Vec<IpNet>,
        plain: bool,
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, NoHooks> {
        Self::resolving(trust, allow_private, plain, keys, Arc::new(SystemNames))
    }

    /// The same with names looked up by `names`.
    ///
    /// # Errors
    /// As of [`Hooks::new`].
    pub(super) fn resolving<'a>(
        trust: &Trust,
        allow_private: Vec<IpNet>,
        plain: bool,
        keys: impl IntoIterator<Item = &'a [u8]>,
        names: Arc<dyn Names>,
    ) -> Result<Self, NoHooks> {
        let limits = TransportLimits {
            connect: CONNECT_MAX,
            headers: CONNECT_MAX + ANSWER_MAX,
            body: ANSWER_MAX,
            idle_per_host_max: 0,
            response_max_bytes: ANSWER_MAX_BYTES,
            ..TransportLimits::default()
        };
        let guard = AddressGuard::new(allow_private);
        let transport = ReqwestTransport::resolving(trust, guard, limits, names)
            .map_err(|error| NoHooks(error.to_string()))?;
        let keys = Keys::derived(PURPOSE, keys);
        let keys = keys.ok_or_else(|| NoHooks("there is no key to sign with".to_owned()))?;
        Ok(Self {
            transport: Arc::new(transport),
            keys,
            plain,
        })
    }

    /// Whether an address may be `http://`.
    pub(super) const fn may_be_plain(&self) -> bool {
        self.plain
    }

    /// What calls of an address are signed with. Only who has that address hears it, in the challenge.
    pub(super) fn secret(&self, address: &Address) -> Secret {
        let key = self.keys.mac(address.as_str().as_bytes());
        Secret::new(format!("whsec_{}", STANDARD.encode(key)))
    }

    /// Asks whether whoever has the address wants to be told; true when it answers with the challenge.
    pub(super) async fn challenge(
        &self,
        post: &Post,
        address: &Address,
        token: &str,
        now: Timestamp,
    ) -> bool {
        let said = json!({
            "type": "subscription.challenge",
            "page": about_page(post),
            "challenge": token,
            "confirm": link(post, &["subscribe", token]),
            "secret": self.secret(address).expose(),
        });
        let id = format!("challenge.{}", now.as_millis());
        match self.call(address, &id, &said, now).await {
            Ok((status, body)) => status.is_success() && echoes(&body, token),
            Err(reason) => {
                tracing::info!(reason, "a webhook does not answer its challenge");
                false
            }
        }
    }

    /// Tells what is new, the oldest first.
    pub(super) async fn tell(
        &self,
        post: &Post,
        address: &Address,
        news: &[News],
        now: Timestamp,
    ) -> Called {
        let Some(last) = news.last() else {
            return Called::Taken;
        };
        let leave = post.links.leave(&post.public_url, address);
        let said = json!({
            "type": "status.updates",
            "page": about_page(post),
            "updates": news.iter().map(|it| update(post, it)).collect::<Vec<_>>(),
            "unsubscribe": leave.map(String::from),
        });
        // The same when it is sent again; what came meanwhile makes it another.
        let id = format!("status.{}.{}", last.at.as_millis(), last.number);
        match self.call(address, &id, &said, now).await {
            Ok((status, _)) if status.is_success() => Called::Taken,
            Ok((StatusCode::GONE, _)) => Called::Unwanted,
            Ok((status, _)) => {
                tracing::warn!(id, %status, "a webhook did not take what is new");
                Called::Failed
            }
            Err(reason) => {
                tracing::warn!(id, reason, "a webhook was not reached");
                Called::Failed
            }
        }
    }

    async fn call(
        &self,
        address: &Address,
        id: &str,
        said: &Value,
        now: Timestamp,
    ) -> Result<(StatusCode, Bytes), String> {
        let body = Bytes::from(said.to_string());
        let unfit = |error: http::Error| error.to_string();
        let signed = headers(&[self.secret(address)], id, now, &body);
        let signed = signed.map_err(|error| error.to_string())?;
        let mut request = Request::post(address.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(unfit)?;
        request.headers_mut().extend(signed);
        let answer = timeout(WHOLE_MAX, self.transport.send(request)).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", WHOLE_MAX.as_secs()))?;
        let answer = answer.map_err(|error| error.reason)?;
        Ok((answer.status(), answer.into_body()))
    }
}

/// Whether an answer has the challenge: alone, or as the member of that name of an object.
fn echoes(body: &[u8], token: &str) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let in_object = serde_json::from_str::<Value>(text).is_ok_and(|it| it["challenge"] == token);
    in_object || text.trim() == token
}

fn about_page(post: &Post) -> Value {
    json!({ "name": post.name, "url": post.public_url.as_str() })
}

fn update(post: &Post, news: &News) -> Value {
    let (about, number) = match news.about {
        About::Incident { incident, .. } => ("incident", incident.0),
        About::Maintenance { maintenance, .. } => ("maintenance", maintenance.0),
    };
    let body: String = news.body.chars().take(BODY_MAX_CHARS).collect();
    json!({
        "about": about,
        "number": number,
        "name": news.name,
        "status": stage(news.about),
        "body": body,
        "at": news.at.to_string(),
        "url": page(&post.public_url, news.about).map(String::from),
    })
}

fn link(post: &Post, parts: &[&str]) -> Option<String> {
    let mut link = post.public_url.clone();
    let mut path = link.path_segments_mut().ok()?;
    path.pop_if_empty().extend(parts);
    drop(path);
    Some(link.into())
}
