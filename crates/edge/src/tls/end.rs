//! Until when a certificate is good, and who is told that it ends.

use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode as _;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A certificate that ends within this is spoken of: whoever renews by itself has done so by then (Let's Encrypt's last
/// 90 days and are renewed 30 days before their end).
const SOON: Duration = Duration::from_secs(21 * 24 * 60 * 60);

/// A name's certificate and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEnd {
    /// Whose: `sync.acme.example` or `*.acme.example`, in small letters.
    pub name: String,
    /// It is good up to and with this instant (RFC 5280, 4.1.2.5: `notAfter` of the certificate itself, not of those that
    /// lead to its issuer).
    pub expires_at: Timestamp,
}

/// What its end means for a certificate now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is good for 21 days at least.
    Sound,
    /// It is good, for less than 21 days.
    ExpiresSoon,
    /// Callers refuse it.
    Expired,
}

impl Standing {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::ExpiresSoon => "expires_soon",
            Self::Expired => "expired",
        }
    }
}

impl CertificateEnd {
    /// What its end means at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if now > self.expires_at {
            Standing::Expired
        } else if self.expires_at.since(now) < SOON {
            Standing::ExpiresSoon
        } else {
            Standing::Sound
        }
    }

    /// Whole days that are left; 0 also when it has ended.
    pub fn days_left(&self, now: Timestamp) -> u64 {
        self.expires_at.since(now).as_secs() / DAY.as_secs()
    }

    /// `{name, expires_at, days_left, state}` for programs; `state` is a standing's name, the time as in RFC 3339.
    pub fn report(&self, now: Timestamp) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "expires_at": self.expires_at.to_string(),
            "days_left": self.days_left(now),
            "state": self.standing(now).name(),
        })
    }
}

/// The end of a certificate. Its other rules are rustls' to judge: nothing but its form is asked here.
pub(super) fn end_of(leaf: &CertificateDer<'_>) -> Result<Timestamp, String> {
    let read = CertificateInner::<Raw>::from_der(leaf);
    let read = read.map_err(|error| format!("its end cannot be read: {error}"))?;
    let end = read.tbs_certificate.validity.not_after.to_unix_duration();
    Ok(Timestamp::EPOCH.plus(end))
}

/// Speaks of each certificate that ends: once for each standing, and again when its files have changed.
#[derive(Debug, Default)]
pub(super) struct News(BTreeMap<String, Standing>);

impl News {
    /// The name's files have changed, whatever came of it.
    pub(super) fn reloaded(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Logs what has not been said of these.
    pub(super) fn tell(&mut self, ends: &[CertificateEnd], now: Timestamp) {
        for end in ends {
            let standing = end.standing(now);
            if self.0.insert(end.name.clone(), standing) == Some(standing) {
                continue;
            }
            let (name, expires_at) = (&end.name, end.expires_at);
            match standing {
                Standing::Sound => {}
                Standing::ExpiresSoon => tracing::warn!(
                    name,
                    %expires_at,
                    days_left = end.days_left(now),
                    "a certificate ends soon: write a renewed one to its files"
                ),
                Standing::Expired => tracing::error!(
                    name,
                    %expires_at,
                    "a certificate has ended and callers refuse it: write a renewed one to its files"
                ),
            }
        }
    }
}

#[cfg(test)]
#[path = "end_tests.rs"]
mod tests;
