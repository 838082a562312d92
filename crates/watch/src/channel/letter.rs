//! A letter to somebody who is not on call.

use twinline_core::time::Timestamp;
use url::Url;

/// A letter in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Names it among all: letters, digits, `-` and `.`.
    pub id: String,
    /// The mail address that it goes to.
    pub to: String,
    /// What it is about, in one line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// Where a `POST` ends letters of this kind, which mail readers offer as a button (RFC 2369, RFC 8058).
    pub leave: Option<Url>,
}
