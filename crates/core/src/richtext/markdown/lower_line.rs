//! A line made into what Markdown can hold.

use super::line::{calls_nobody, push_recognised};
use super::{html, recognise};
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::inline::{Inline, Link, Marks, Mention, OpaqueInline};
use crate::richtext::loss::{LossKind, Losses};
use crate::richtext::lower;
use crate::richtext::model::{Block, Format};

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a paragraph, which may have several lines.
    Paragraph,
    /// In a heading, which has one.
    Heading,
    /// In a cell of a table, where `|` ends the cell and `<br>` the line.
    Cell,
}

/// The line that Markdown can hold in a place.
pub(super) fn line(content: Vec<Inline>, place: Place, losses: &mut Losses) -> Vec<Inline> {
    let mut out = Vec::with_capacity(content.len());
    for inline in content {
        node(inline, place, losses, &mut out);
    }
    let out = canonical_inlines(out);
    let out = if place == Place::Cell {
        without_escaped_pipes(out, losses)
    } else {
        out
    };
    let mut out = settle(out, losses);
    if place == Place::Paragraph && without_label_ends(&mut out) {
        losses.note(LossKind::Mark);
        out = settle(canonical_inlines(out), losses);
    }
    out
}

/// What depends on the pieces beside a piece.
fn settle(line: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    let out = trim_lines(loosen(trim_lines(line)));
    let out = trim_lines(html_at_starts(link_addresses(out), losses));
    canonical_inlines(check_mentions(without_calls_nobody(out), losses))
}

/// A paragraph that begins with a link whose text has `]:` in it would be read as the definition of a reference. Text is
/// escaped; code cannot be, and becomes text. Whether there was any.
fn without_label_ends(line: &mut [Inline]) -> bool {
    let mut link = None;
    let mut found = false;
    for inline in line {
        let Inline::Text { text, marks } = inline else {
            if *inline == Inline::Break {
                continue;
            }
            break;
        };
        if marks.link.is_none() || *link.get_or_insert_with(|| marks.link.clone()) != marks.link {
            break;
        }
        if marks.code && ends_label(text) {
            marks.code = false;
            found = true;
        }
    }
    found
}

/// Whether code may end the label of a definition. A bracket that opens, unless a backslash stands before it, keeps the
/// whole from being a label.
fn ends_label(code: &str) -> bool {
    code.split_once("]:").is_some_and(|(label, _)| {
        let mut opening = label.match_indices('[');
        !opening.any(|(at, _)| !label[..at].ends_with('\\'))
    })
}

/// Without the comments that are read as part of an `@`; the writer puts them where they are needed.
fn without_calls_nobody(line: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(line.len());
    for inline in line {
        match &inline {
            Inline::Opaque(opaque) if calls_nobody(&opaque.raw, &out) => {}
            _ => out.push(inline),
        }
    }
    canonical_inlines(out)
}

fn node(inline: Inline, place: Place, losses: &mut Losses, out: &mut Vec<Inline>) {
    match inline {
        Inline::Text { text, marks } => {
            out.push(Inline::marked(text, lower_marks(marks, losses)));
        }
        Inline::Break if place == Place::Heading => {
            losses.note(LossKind::Break);
            out.push(Inline::text(" "));
        }
        Inline::Mention(mention) => out.push(match login_of(&mention) {
            Some(login) => Inline::Mention(Mention {
                format: Format::MarkdownHtml,
                label: login.clone(),
                id: login,
            }),
            None => lower::mention_text(&mention, losses),
        }),
        Inline::Emoji(emoji) => out.push(lower::emoji_text(&emoji, losses)),
        Inline::Opaque(opaque) => {
            let Some(mut tag) = plain_tag(&opaque, place) else {
                losses.note(LossKind::Opaque);
                for shown in opaque.shown {
                    node(shown, place, losses, out);
                }
                return;
            };
            if tag.shown.is_empty() {
                // Needed only where the tag cannot stand, and then that is noted.
                let mut unnoted = Losses::default();
                for shown in opaque.shown {
                    node(shown, place, &mut unnoted, &mut tag.shown);
                }
            }
            out.push(Inline::Opaque(tag));
        }
        kept @ (Inline::Break | Inline::Image(_)) => out.push(kept),
    }
}

fn lower_marks(marks: Marks, losses: &mut Losses) -> Marks {
    if marks.colour.is_some() || marks.background.is_some() {
        losses.note(LossKind::Colour);
    }
    Marks {
        colour: None,
        background: None,
        ..marks
    }
}

/// In a table `\|` in code is a pipe, and there is no way to write a backslash before one: such code is text. Texts that
/// another mark kept apart are joined by now.
fn without_escaped_pipes(mut line: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    for inline in &mut line {
        if let Inline::Text { text, marks } = inline
            && marks.code
            && text.contains('\\')
            && text.contains('|')
        {
            losses.note(LossKind::Mark);
            marks.code = false;
        }
    }
    canonical_inlines(line)
}

fn login_of(mention: &Mention) -> Option<String> {
    let ours = mention.format == Format::MarkdownHtml;
    (ours && recognise::is_login(&mention.id)).then(|| mention.id.clone())
}

/// An opaque node that is one tag or comment, as it is read back.
fn plain_tag(opaque: &OpaqueInline, place: Place) -> Option<OpaqueInline> {
    let raw = &opaque.raw;
    if opaque.format != Format::MarkdownHtml
        || raw.contains(['\n', '\\'])
        || (place == Place::Cell && raw.contains('|'))
        || html::tag(raw).is_some()
    {
        return None;
    }
    read_tag(raw)
}

/// What a tag or comment amid a line is read as, if it is read as one.
fn read_tag(raw: &str) -> Option<OpaqueInline> {
    match super::decode(&format!("x{raw}x")).blocks.pop()? {
        Block::Paragraph(line) => match &line[..] {
            [
                Inline::Text { .. },
                Inline::Opaque(read),
                Inline::Text { .. },
            ] => (read.raw == *raw).then(|| read.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Without spaces at the starts and ends of lines, which Markdown drops. Code keeps its own.
fn trim_lines(mut line: Vec<Inline>) -> Vec<Inline> {
    trim(line.iter_mut(), |text| text.trim_start_matches(' '));
    trim(line.iter_mut().rev(), |text| text.trim_end_matches(' '));
    canonical_inlines(line)
}

/// Trims the first text of each line in the given direction, and those after it while they have only spaces.
fn trim<'a>(line: impl Iterator<Item = &'a mut Inline>, cut: impl Fn(&str) -> &str) {
    let mut at_edge = true;
    for inline in line {
        match inline {
            Inline::Text { text, marks } if at_edge && !marks.code => {
                *text = cut(text).to_owned();
                at_edge = text.is_empty();
            }
            other => at_edge = *other == Inline::Break,
        }
    }
}

/// Takes spaces at the edges of bold, italic, struck and linked texts out of the mark: nobody sees the difference, and
/// Markdown's marks must touch a letter.
fn loosen(line: Vec<Inline>) -> Vec<Inline> {
    let line: Vec<Inline> = line.into_iter().flat_map(split_spaces).collect();
    let before = reaching(line.iter());
    let mut after = reaching(line.iter().rev());
    after.reverse();
    let around = before.into_iter().zip(after);
    let looser = line.iter().zip(around).map(|(inline, (before, after))| {
        let Inline::Text { text, marks } = inline else {
            return None;
        };
        let common = || Look::of(marks).common(before).common(after);
        is_space(text, marks).then(|| common().of_space(marks))
    });
    let looser: Vec<Option<Marks>> = looser.collect();
    let pieces = line.into_iter().zip(looser);
    let loosened = pieces.map(|(inline, looser)| match (inline, looser) {
        (Inline::Text { text, .. }, Some(marks)) => Inline::Text { text, marks },
        (inline, _) => inline,
    });
    canonical_inlines(loosened.collect())
}

fn is_space(text: &str, marks: &Marks) -> bool {
    !marks.code && !marks.is_plain() && text.bytes().all(|b| b == b' ')
}

/// A text as its leading spaces, its core and its trailing spaces.
fn split_spaces(inline: Inline) -> Vec<Inline> {
    let (text, marks) = match inline {
        Inline::Text { text, marks } if !marks.code && !marks.is_plain() => (text, marks),
        other => return vec![other],
    };
    let from_core = text.trim_start_matches(' ');
    let core = from_core.trim_end_matches(' ');
    let leading = &text[..text.len() - from_core.len()];
    let parts = [leading, core, &from_core[core.len()..]];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts
        .map(|part| Inline::marked(part, marks.clone()))
        .collect()
}

/// The marks that spaces are taken out of. The link is not copied: a long address may stand beside many pieces.
#[derive(Clone, Copy, Default)]
struct Look<'a> {
    bold: bool,
    italic: bool,
    strike: bool,
    link: Option<&'a Link>,
}

impl<'a> Look<'a> {
    fn of(marks: &'a Marks) -> Self {
        Self {
            bold: marks.bold,
            italic: marks.italic,
            strike: marks.strike,
            link: marks.link.as_ref(),
        }
    }

    fn common(self, other: Self) -> Self {
        Self {
            bold: self.bold && other.bold,
            italic: self.italic && other.italic,
            strike: self.strike && other.strike,
            link: self.link.filter(|_| self.link == other.link),
        }
    }

    /// The marks of a space that keeps no more than this.
    fn of_space(self, marks: &Marks) -> Marks {
        Marks {
            bold: self.bold,
            italic: self.italic,
            strike: self.strike,
            link: self.link.cloned(),
            ..marks.clone()
        }
    }
}

/// For each piece what reaches it from the pieces before it: the look of the nearest text, as far as every marked space
/// between has it too; none after another node.
fn reaching<'a>(line: impl Iterator<Item = &'a Inline>) -> Vec<Look<'a>> {
    let mut last = Look::default();
    let mut out = Vec::new();
    for inline in line {
        out.push(last);
        last = match inline {
            Inline::Text { text, marks } if is_space(text, marks) => last.common(Look::of(marks)),
            Inline::Text { marks, .. } => Look::of(marks),
            _ => Look::default(),
        };
    }
    out
}

/// Makes links of bare addresses, as the trackers do when they show a text.
fn link_addresses(line: Vec<Inline>) -> Vec<Inline> {
    let mut out = Vec::with_capacity(line.len());
    let mut before = None;
    for inline in line {
        match &inline {
            Inline::Text { text, marks } => {
                let last = text.chars().next_back();
                if marks.code || marks.link.is_some() {
                    out.push(inline);
                } else {
                    push_recognised(&mut out, text, marks, before, false);
                }
                before = last;
            }
            other => {
                before = matches!(other, Inline::Mention(_)).then_some('x');
                out.push(inline);
            }
        }
    }
    canonical_inlines(out)
}

/// Replaces HTML at the start of a line, where it would begin a block of HTML, by what it shows. Elsewhere it stands, as it
/// is read back.
fn html_at_starts(line: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(line.len());
    let mut at_start = true;
    for inline in line {
        let pieces = match inline {
            Inline::Opaque(opaque) if at_start => {
                losses.note(LossKind::Opaque);
                link_addresses(loosen(canonical_inlines(opaque.shown)))
            }
            Inline::Opaque(opaque) if !opaque.shown.is_empty() => {
                let read = read_tag(&opaque.raw);
                vec![Inline::Opaque(read.unwrap_or(opaque))]
            }
            other => vec![other],
        };
        for piece in pieces {
            at_start = match &piece {
                Inline::Break => true,
                // Spaces at a line's start are dropped after this.
                Inline::Text { text, marks } if !marks.code => at_start && text.trim().is_empty(),
                _ => false,
            };
            out.push(piece);
        }
    }
    canonical_inlines(out)
}

/// Makes text of a mention that touches a word, where nobody would be called.
fn check_mentions(mut line: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    for at in 0..line.len() {
        let Inline::Mention(mention) = &line[at] else {
            continue;
        };
        let before = match at.checked_sub(1).and_then(|at| line.get(at)) {
            Some(Inline::Text { text, .. }) => text.chars().next_back(),
            Some(Inline::Mention(_)) => Some('x'),
            _ => None,
        };
        let after = match line.get(at + 1) {
            Some(Inline::Text { text, .. }) => text.chars().next(),
            _ => None,
        };
        if !recognise::may_mention(before, after) {
            line[at] = lower::mention_text(mention, losses);
        }
    }
    line
}
