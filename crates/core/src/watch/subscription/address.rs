//! Where somebody is told: a mail address, or a webhook of theirs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest mail address (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
const MAIL_MAX_BYTES: usize = 254;
/// The longest address of a webhook: a link holds it.
const HOOK_MAX_BYTES: usize = 600;

/// By which way an address is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By mail.
    Mail,
    /// By a webhook.
    Hook,
}

/// A mail address, as far as that can be said without asking: `ada@acme.example`, its domain in small letters; or the
/// address of a webhook: `https://acme.example/hooks/status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    way: Way,
    text: String,
}

/// A text that is neither.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no mail address such as ada@acme.example, and no address of a webhook such as https://acme.example/hooks"
)]
pub struct NotAnAddress;

impl Address {
    /// By which way it is told.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (way, text) = if text.contains("://") {
            (Way::Hook, hook(text))
        } else {
            (Way::Mail, mail(text))
        };
        let text = text.ok_or(NotAnAddress)?;
        Ok(Self { way, text })
    }
}

fn mail(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    // What needs quotes there is refused: nobody has it, and it carries what is dangerous.
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let dotted = |part: &str| part.split('.').all(|it| !it.is_empty());
    let is_good = local.chars().all(plain)
        && local.len() <= 64
        && dotted(local)
        && domain.chars().all(in_domain)
        && domain.contains('.')
        && dotted(domain);
    let address = format!("{local}@{}", domain.to_ascii_lowercase());
    (is_good && address.len() <= MAIL_MAX_BYTES).then_some(address)
}

/// As far as its form goes; whether it may be asked is decided by whoever asks. A name and a password in it are refused,
/// since it is stored and shown, and so is a part that no server sees.
fn hook(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let server = rest.split(['/', '?']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}#".contains(c);
    let is_good = text.len() <= HOOK_MAX_BYTES
        && text.chars().all(plain)
        && !server.is_empty()
        && !server.contains('@');
    is_good.then(|| text.to_owned())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}
