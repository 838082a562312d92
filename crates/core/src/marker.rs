//! The marker: the text that Twinline leaves on what it created, so that it can recognise it later.

use crate::names::{LinkId, RootId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which cluster an item or comment belongs to, and which link (or which original comment) made it.
///
/// Written as `twinline:ROOT:LINK`; each connector chooses where (a hidden HTML comment, an entity property, a custom
/// field). A clone of an item carries its marker along: the twin table wins over a marker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Marker {
    /// The cluster.
    pub root: RootId,
    /// For an item the link that created it; for a comment the digest of its original's identity, which is the same on
    /// every mirror: a mirror is told from the others by the item that it is on.
    pub link: LinkId,
}

impl Marker {
    /// Reads `twinline:ROOT:LINK`, as [`fmt::Display`] writes it; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (root, link) = text.strip_prefix("twinline:")?.split_once(':')?;
        let valid = |part: &str| {
            (1..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        (valid(root) && valid(link)).then(|| Self {
            root: root.into(),
            link: link.into(),
        })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "twinline:{}:{}", self.root, self.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else() {
        let marker = Marker {
            root: "abc1".into(),
            link: "9f".into(),
        };
        assert_eq!(Marker::parse(&marker.to_string()), Some(marker));
        for other in [
            "",
            "twinline:",
            "twinline:a",
            "twinline::b",
            "twinline:a:b c",
            "twinline:a:-->",
        ] {
            assert_eq!(Marker::parse(other), None, "{other}");
        }
    }
}
