//! What hangs on an item: comments and attachments, each known by its id.

use super::User;
use crate::marker::Marker;
use crate::richtext::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The tracker's id: no other comment of its node has it, on whichever item.
    pub id: String,
    /// Who wrote it.
    pub author: User,
    /// When it was written.
    pub created: Timestamp,
    /// When it was last edited, if it was.
    pub edited: Option<Timestamp>,
    /// The text, without the marker.
    pub body: Document,
    /// The native name of its visibility: `public`, `internal`, `private`, `work_notes`.
    pub channel: String,
    /// The marker, when Twinline wrote it and the tracker could keep one.
    pub marker: Option<Marker>,
}

impl Attachment {
    /// The tracker's id of who attached it; empty where it does not tell.
    pub fn by(&self) -> String {
        let author = self.author.as_ref();
        author.map(|author| author.id.clone()).unwrap_or_default()
    }
}

/// One attached file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The tracker's id. Two equal files are two attachments.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
    /// The media type, as the tracker says.
    pub media_type: String,
    /// Who attached it.
    pub author: Option<User>,
    /// When.
    pub created: Timestamp,
    /// Where a person opens it, when the tracker tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether only the tracker's own team sees it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// The marker, when Twinline attached it and the tracker could keep one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
}
