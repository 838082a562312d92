//! Who asks, and whose word is taken for it.
//!
//! Who asks is the peer of the connection. A proxy in front of the edge may be trusted to tell on whose behalf it asks: its
//! chain of addresses is read from the right, where the nearest proxy wrote, for as long as those who wrote are trusted
//! themselves. The first address that is none of theirs asks. What stands further left anybody could have made up.
//!
//! One header is believed and the other is not looked at: a proxy writes one of them, and lets its caller's other pass.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use std::iter::repeat;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Proxies whose word on their callers is believed. `edge.trusted_proxies` in the configuration; none by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<IpNet>,
    /// What they write.
    pub header: TrustedHeader,
}

/// The header in which a trusted proxy tells who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustedHeader {
    /// `X-Forwarded-For`, and `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239) with `for` and `proto`.
    Forwarded,
}

/// Who asks.
#[derive(Debug)]
pub(crate) struct Caller {
    ip: IpAddr,
    /// As text, for logs and `X-Forwarded-For`.
    pub(crate) address: HeaderValue,
    /// As `Forwarded` writes it.
    pub(crate) forwarded: String,
    pub(crate) scheme: &'static str,
}

impl Caller {
    /// The peer of a connection.
    pub(crate) fn new(address: IpAddr, secure: bool) -> Self {
        Self::with_scheme(address, if secure { "https" } else { "http" })
    }

    fn with_scheme(address: IpAddr, scheme: &'static str) -> Self {
        let ip = address.to_canonical();
        let text = ip.to_string();
        let forwarded = match ip {
            IpAddr::V4(_) => text.clone(),
            IpAddr::V6(_) => format!("\"[{text}]\""),
        };
        Self {
            ip,
            address: HeaderValue::try_from(text).expect("an address is a header's value"),
            forwarded,
            scheme,
        }
    }
}

/// What one proxy tells of who asked it; each is absent where it tells nothing that can be read.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    address: Option<IpAddr>,
    scheme: Option<&'static str>,
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|net| net.contains(&address))
    }

    /// On whose behalf a trusted peer asks; nobody's when the peer is not trusted.
    pub(crate) fn behind(&self, peer: &Caller, headers: &HeaderMap) -> Option<Caller> {
        if !self.trusts(peer.ip) {
            return None;
        }
        let (mut address, mut scheme) = (peer.ip, peer.scheme);
        for told in self.chain(headers) {
            scheme = told.scheme.unwrap_or(scheme);
            let Some(next) = told.address else {
                break;
            };
            address = next;
            if !self.trusts(address) {
                break;
            }
        }
        Some(Caller::with_scheme(address, scheme))
    }

    /// Who asks over a connection from `peer`: the peer itself, but for a proxy that is trusted.
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = Caller::new(peer, false);
        self.behind(&peer, headers).map_or(peer.ip, |it| it.ip)
    }

    /// From the nearest proxy on; ends with proxies that tell nothing.
    fn chain<'a>(&self, headers: &'a HeaderMap) -> Box<dyn Iterator<Item = Told> + 'a> {
        match self.header {
            TrustedHeader::XForwardedFor => {
                let addresses = values(headers, FORWARDED_FOR).map(address);
                let schemes = values(headers, FORWARDED_PROTO).map(scheme);
                let addresses = addresses.chain(repeat(None));
                let both = addresses.zip(schemes.chain(repeat(None)));
                Box::new(both.map(|(address, scheme)| Told { address, scheme }))
            }
            TrustedHeader::Forwarded => {
                let fields = headers.get_all(header::FORWARDED).iter().rev();
                let elements = fields.flat_map(|field| {
                    let read = field.to_str().ok().and_then(elements);
                    // Nothing of a field that is not what it should be: quotes that do not close would hide who wrote what.
                    let read = read.unwrap_or_else(|| vec![Told::default()]);
                    read.into_iter().rev()
                });
                Box::new(elements.chain(repeat(Told::default())))
            }
        }
    }
}

/// A list's values from the last to the first, over all of its fields; what is no text is an empty one.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(name).into_iter().rev();
    let all = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
    all.map(|value| std::str::from_utf8(value).unwrap_or_default().trim())
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|socket| socket.ip());
    let address = alone.or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    let known = ["https", "http"].into_iter();
    known
        .into_iter()
        .find(|name| text.eq_ignore_ascii_case(name))
}

/// The elements of one `Forwarded` field, from the first to the last; `None` when it is malformed.
fn elements(field: &str) -> Option<Vec<Told>> {
    let mut all = Vec::new();
    let (mut told, mut named) = (Told::default(), false);
    let mut rest = field.trim();
    loop {
        if !rest.is_empty() && !rest.starts_with([';', ',']) {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            if name.eq_ignore_ascii_case("for") {
                if std::mem::replace(&mut named, true) {
                    return None;
                }
                told.address = address(&value);
            } else if name.eq_ignore_ascii_case("proto") {
                told.scheme = scheme(&value);
            } else if !name.bytes().all(is_token) {
                return None;
            }
            rest = after.trim_start();
        }
        if let Some(after) = rest.strip_prefix(';') {
            rest = after.trim_start();
            continue;
        }
        all.push(std::mem::take(&mut told));
        named = false;
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => return Some(all),
            None => return None,
        }
    }
}

/// A parameter's value, quoted or not, and what follows it. Addresses with ports often stand there unquoted.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        let value = value.trim_end();
        let plain = |byte: u8| is_token(byte) || b":[]".contains(&byte);
        return value.bytes().all(plain).then(|| (value.to_owned(), after));
    };
    let mut value = String::new();
    let mut signs = quoted.char_indices();
    loop {
        match signs.next()? {
            (at, '"') => return Some((value, &quoted[at + 1..])),
            (_, '\\') => value.push(signs.next()?.1),
            (_, sign) => value.push(sign),
        }
    }
}

/// What names consist of (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
