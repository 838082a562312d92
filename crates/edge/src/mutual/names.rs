//! Whom certificates are issued for.

use super::derive::hex;
use ring::digest::{SHA256, digest};
use std::net::IpAddr;

/// In no directory: nobody else's server can have such a name.
const DOMAIN: &str = "twinline.internal";
/// The longest label of a name (RFC 1035, 2.3.4).
const LABEL_MAX_BYTES: usize = 63;
/// A name that is no label stands as the beginning of its digest.
const DIGEST_BYTES: usize = 20;
const DIGESTED: &str = "x-";

/// Whose certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is issued for.
    pub(super) name: String,
    /// Where it listens, for those who know it by its address only.
    pub(super) addresses: Vec<IpAddr>,
    /// Whether it listens at all, or asks only.
    pub(super) serves: bool,
}

impl Member {
    /// A role of a machine, which listens there.
    pub fn role(role: &str, machine: &str, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: server_name(role, machine),
            addresses,
            serves: true,
        }
    }

    /// The command line on a machine, which asks only.
    pub fn command(machine: &str) -> Self {
        Self::asks("command", machine)
    }

    /// A program that is none of ours.
    pub(super) fn outside(name: &str) -> Self {
        Self::asks("outside", name)
    }

    fn asks(what: &str, whose: &str) -> Self {
        Self {
            name: server_name(what, whose),
            addresses: Vec::new(),
            serves: false,
        }
    }
}

/// What the certificate of a machine's role is issued for: `edge.m1.twinline.internal`.
pub fn server_name(role: &str, machine: &str) -> String {
    format!("{role}.{}.{DOMAIN}", label(machine))
}

/// A name as a label. One that is none, or could be taken for a digest, stands as its digest: two machines never share one.
fn label(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = !name.is_empty()
        && name.len() <= LABEL_MAX_BYTES
        && name.bytes().all(is_plain)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.starts_with(DIGESTED);
    if is_label {
        return name.to_owned();
    }
    let digest = digest(&SHA256, name.as_bytes());
    format!("{DIGESTED}{}", hex(&digest.as_ref()[..DIGEST_BYTES]))
}
