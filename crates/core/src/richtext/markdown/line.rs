//! The pieces of a line while it is read, and the line that they make.

use super::html::{self, Look, Tag};
use super::recognise::{self, Found};
use crate::richtext::inline::{Inline, Link, Marks, Mention, OpaqueInline};
use crate::richtext::model::Format;
use std::ops::Range;

/// A piece of a line.
pub(super) enum Piece {
    /// A text; `source` is where it stands, if it stands there letter by letter.
    Text {
        text: String,
        marks: Marks,
        source: Option<Range<usize>>,
    },
    /// A finished node.
    Node(Inline),
    /// An HTML tag.
    Html(String),
}

/// Puts the pieces together: tags in pairs become marks, others opaque; bare links and mentions are recognised.
pub(super) fn finish(pieces: Vec<Piece>) -> Vec<Inline> {
    let mut out = Vec::with_capacity(pieces.len());
    let mut before = None;
    for piece in join(resolve(pieces)) {
        match piece {
            Piece::Html(raw) if calls_nobody(&raw, &out) => {}
            Piece::Text {
                text,
                marks,
                source,
            } => {
                let last = text.chars().next_back().or(before);
                if source.is_some() && !marks.code && marks.link.is_none() {
                    push_recognised(&mut out, &text, &marks, before, true);
                } else {
                    out.push(Inline::marked(text, marks));
                }
                before = last;
            }
            Piece::Node(node) => {
                before = matches!(node, Inline::Mention(_)).then_some('x');
                out.push(node);
            }
            Piece::Html(raw) => {
                before = None;
                out.push(opaque(raw));
            }
        }
    }
    out
}

/// Whether a tag is the comment that keeps the `@` at the end of the node before it from calling anybody.
pub(super) fn calls_nobody(raw: &str, before: &[Inline]) -> bool {
    let empty = |inline: &&Inline| matches!(inline, Inline::Text { text, .. } if text.is_empty());
    let before = before.iter().rev().find(|inline| !empty(inline));
    raw == html::CALLS_NOBODY
        && matches!(before, Some(Inline::Text { text, marks }) if !marks.code && text.ends_with('@'))
}

fn opaque(raw: String) -> Inline {
    Inline::Opaque(OpaqueInline {
        format: Format::MarkdownHtml,
        shown: html::shown(&raw),
        raw,
    })
}

/// Splits a text at what is recognised in it.
pub(super) fn push_recognised(
    out: &mut Vec<Inline>,
    text: &str,
    marks: &Marks,
    before: Option<char>,
    mentions: bool,
) {
    let mut done = 0;
    while let Some((start, found)) = recognise::next(text, done, before, mentions) {
        out.push(Inline::marked(&text[done..start], marks.clone()));
        done = match found {
            Found::Url { end, url } => {
                let marks = Marks {
                    link: Some(Link::to(url)),
                    ..marks.clone()
                };
                out.push(Inline::marked(&text[start..end], marks));
                end
            }
            Found::Mention { end } => {
                let login = &text[start + 1..end];
                out.push(Inline::Mention(Mention {
                    format: Format::MarkdownHtml,
                    id: login.to_owned(),
                    label: login.to_owned(),
                }));
                end
            }
        };
    }
    out.push(Inline::marked(&text[done..], marks.clone()));
}

/// Makes marks and breaks of the tags that the tree can hold.
fn resolve(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut meaning: Vec<Option<Tag>> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Html(raw) => html::tag(raw),
            _ => None,
        })
        .collect();
    pair(&mut meaning);
    let mut active: Vec<Look> = Vec::new();
    let mut out = Vec::with_capacity(pieces.len());
    for (piece, meaning) in pieces.into_iter().zip(meaning) {
        match (piece, meaning) {
            (_, Some(Tag::Break)) => out.push(Piece::Node(Inline::Break)),
            (_, Some(Tag::Open(look))) => active.push(look),
            (_, Some(Tag::Close(_))) => drop(active.pop()),
            (
                Piece::Text {
                    text,
                    mut marks,
                    source,
                },
                None,
            ) => {
                for look in &active {
                    look.apply(&mut marks);
                }
                out.push(Piece::Text {
                    text,
                    marks,
                    source,
                });
            }
            (piece, None) => out.push(piece),
        }
    }
    out
}

/// Forgets the meaning of tags that have no partner, and of those nested beyond a bound.
fn pair(meaning: &mut [Option<Tag>]) {
    const MAX_OPEN: usize = 16;
    let mut open: Vec<(usize, Look)> = Vec::new();
    let mut lonely: Vec<usize> = Vec::new();
    for (at, tag) in meaning.iter().enumerate() {
        match tag {
            Some(Tag::Open(look)) if open.len() < MAX_OPEN => open.push((at, *look)),
            Some(Tag::Close(look)) if open.last().is_some_and(|(_, last)| last == look) => {
                open.pop();
            }
            Some(Tag::Open(_) | Tag::Close(_)) => lonely.push(at),
            Some(Tag::Break) | None => {}
        }
    }
    for at in lonely.into_iter().chain(open.into_iter().map(|(at, _)| at)) {
        meaning[at] = None;
    }
}

/// Joins texts that touch in the source: the parser cuts them at characters that could have meant something.
fn join(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if let (
            Some(Piece::Text {
                text: before,
                marks: same,
                source: Some(so_far),
            }),
            Piece::Text {
                text,
                marks,
                source: Some(source),
            },
        ) = (out.last_mut(), &piece)
            && so_far.end == source.start
            && same == marks
        {
            before.push_str(text);
            so_far.end = source.end;
            continue;
        }
        out.push(piece);
    }
    out
}
