//! What a mirrored comment says.

use crate::item::Comment;
use crate::richtext::Document;

/// A comment's text under its header; `{author}` and `{time}` are filled in. An empty header is left out.
pub(super) fn rendered(comment: &Comment, header: &str) -> Document {
    if header.is_empty() {
        return comment.body.clone();
    }
    let header = header
        .replace("{author}", comment.author.label())
        .replace("{time}", &comment.created.to_string());
    let mut blocks = Document::from_plain(&header).blocks;
    blocks.extend(comment.body.blocks.iter().cloned());
    Document { blocks }.normalised()
}

/// A correction for a tracker whose comments cannot be edited.
pub(super) fn correction(comment: &Comment, header: &str) -> Document {
    let header = if header.is_empty() {
        "{author} · {time}"
    } else {
        header
    };
    rendered(comment, &format!("Correction: {header}"))
}

/// Whether a mirror already says this, form and white space aside: a tracker may have normalised it.
pub(super) fn shows(mirror: &Comment, wanted: &Document) -> bool {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    words(&mirror.body.plain()) == words(&wanted.plain())
}
