//! Secrets, and how they travel.

use super::grant::Grant;
use base64::Engine as _;
use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use std::fmt;
use std::sync::Arc;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A token or password: never printed, wiped from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret. White space around it is no part of it: files end with a newline.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        Self(text.trim().to_owned())
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How a request says who asks.
#[derive(Clone, Debug)]
pub enum Auth {
    /// It does not.
    None,
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// `Authorization: Basic …`
    Basic {
        /// The user name or e-mail address.
        user: String,
        /// The password or API token.
        password: Secret,
    },
    /// A header of the tracker's own.
    Header {
        /// Its name.
        name: HeaderName,
        /// Its value.
        value: Secret,
    },
    /// An access token that is asked for when it is needed, as `Authorization: Bearer …`.
    Granted(Arc<dyn Grant>),
}

impl Auth {
    /// The header to send, marked sensitive so that nothing prints it; `None` for [`Auth::None`] and [`Auth::Granted`]. An error when the
    /// secret has characters that no header can carry.
    pub(super) fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, NotAHeader> {
        let (name, text) = match self {
            Self::None | Self::Granted(_) => return Ok(None),
            Self::Bearer(token) => (
                AUTHORIZATION,
                Zeroizing::new(format!("Bearer {}", token.expose())),
            ),
            Self::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
                let encoded = Zeroizing::new(
                    base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()),
                );
                (AUTHORIZATION, Zeroizing::new(format!("Basic {}", *encoded)))
            }
            Self::Header { name, value } => (name.clone(), Zeroizing::new(value.expose().into())),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| NotAHeader)?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }
}

/// The secret has characters that no HTTP header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret has characters that no HTTP header can carry: is it the right file?")]
pub struct NotAHeader;

#[cfg(test)]
mod tests;
