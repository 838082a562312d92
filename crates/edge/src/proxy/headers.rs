//! What of a request's and an answer's head crosses the proxy.
//!
//! Hop-by-hop fields stay on their side (RFC 9110, 7.6.1). What tells who the caller is (`Forwarded`, RFC 7239, and the
//! `X-Forwarded-*` family) is the edge's word alone: what a caller wrote there is dropped, since it could be made up. Whom
//! the edge names there, `caller` decides.

use crate::caller::Caller;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Version};

/// The name under which the request's id travels, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// An id that a caller brings is kept up to this length.
const REQUEST_ID_MAX_BYTES: usize = 64;

/// Fields of one hop; `Connection` names further ones.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Why a request's head cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// None, several, or an authority that is none.
    Host,
    /// `CONNECT`: the edge is no forward proxy.
    Method,
}

/// The caller's own id of the request, when it is harmless in a log: letters, digits, `.`, `_` and `-`.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let shown = headers.get(REQUEST_ID)?;
    let bytes = shown.as_bytes();
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let sane = (1..=REQUEST_ID_MAX_BYTES).contains(&bytes.len()) && bytes.iter().all(harmless);
    sane.then(|| shown.clone())
}

/// Whether a request asks for a WebSocket by HTTP/1.1's way.
pub(crate) fn asks_websocket<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && is_websocket(request.headers())
        && names(request.headers()).any(|name| name.eq_ignore_ascii_case("upgrade"))
}

/// Whether `Upgrade` says `websocket`.
pub(crate) fn is_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The authority that a request is for: `:authority`, an absolute URI's, or the one `Host`.
pub(crate) fn authority<B>(request: &Request<B>) -> Result<HeaderValue, BadHead> {
    if request.method() == Method::CONNECT {
        return Err(BadHead::Method);
    }
    if let Some(authority) = request.uri().authority() {
        return HeaderValue::from_str(authority.as_str()).map_err(|_| BadHead::Host);
    }
    let mut shown = request.headers().get_all(header::HOST).iter();
    match (shown.next(), shown.next()) {
        (Some(host), None) if is_authority(host.as_bytes()) => Ok(host.clone()),
        _ => Err(BadHead::Host),
    }
}

/// Host names, addresses and ports; nothing that could end a quoted string in `Forwarded`.
fn is_authority(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]%~".contains(byte);
    !text.is_empty() && text.iter().all(allowed)
}

/// Makes a request's fields those that the host gets. `websocket`: the upgrade is passed on.
pub(crate) fn outgoing(
    headers: &mut HeaderMap,
    caller: &Caller,
    authority: HeaderValue,
    request_id: HeaderValue,
    websocket: bool,
) {
    strip_hop(headers);
    let spoofable = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("x-forwarded-") || matches!(name, "forwarded" | "x-real-ip")
    };
    remove_where(headers, spoofable);
    // hyper answers `100 Continue` itself as soon as the body is wanted.
    headers.remove(header::EXPECT);
    join_cookies(headers);
    let host = authority.to_str().unwrap_or_default();
    let forwarded = format!(
        "for={};host=\"{host}\";proto={}",
        caller.forwarded, caller.scheme
    );
    if let Ok(forwarded) = HeaderValue::try_from(forwarded) {
        headers.insert(header::FORWARDED, forwarded);
    }
    headers.insert(FORWARDED_FOR, caller.address.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(caller.scheme));
    headers.insert(FORWARDED_HOST, authority.clone());
    headers.insert(header::HOST, authority);
    headers.insert(REQUEST_ID, request_id);
    if websocket {
        upgrade(headers);
    }
}

/// Makes an answer's fields those that the caller gets.
pub(crate) fn incoming(headers: &mut HeaderMap, request_id: HeaderValue, websocket: bool) {
    strip_hop(headers);
    headers.insert(REQUEST_ID, request_id);
    if websocket {
        upgrade(headers);
    }
}

fn upgrade(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

fn strip_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = names(headers)
            .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// The names in `Connection`.
fn names(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(header::CONNECTION).iter();
    let texts = fields.filter_map(|field| field.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

fn remove_where(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let found: Vec<HeaderName> = headers
        .keys()
        .filter(|name| unwanted(name))
        .cloned()
        .collect();
    for name in found {
        headers.remove(name);
    }
}

/// HTTP/2 may split cookies over several fields; HTTP/1.1 has one (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut fields = headers.get_all(header::COOKIE).iter();
    if fields.next().is_none() || fields.next().is_none() {
        return;
    }
    let all = headers.get_all(header::COOKIE).iter();
    let parts: Vec<&[u8]> = all.map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&parts.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
