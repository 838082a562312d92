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
}
