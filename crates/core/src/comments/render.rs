//! What a mirrored comment says.

use crate::item::Comment;
use crate::richtext::{Dialect, Document};

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

/// Whether a mirror already says this, as its tracker's notation can hold it. A tracker may have normalised it in ways that
/// no projection foresees: then the mirror is written once more, which does no harm. To take two texts for one would lose
/// the edit, and an edit may change no word: a link's target, an image, bold, the indentation of code.
pub(super) fn shows(mirror: &Comment, wanted: &Document, dialect: Dialect) -> bool {
    let words = |document: &Document| {
        let text = document.plain();
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // Words are compared first: they are cheap, and writing megabytes out in a notation is not.
    words(&mirror.body) == words(wanted)
        && dialect.project(&mirror.body).0 == dialect.project(wanted).0
}
