//! A line made into what Textile can hold.

use super::rip::has_tag;
use super::signs::{Signs, delimiters};
use super::{decode, escape, leaf, url};
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::html::style;
use crate::richtext::inline::{Image, Inline, Link, Marks, Mention, OpaqueInline};
use crate::richtext::loss::{LossKind, Losses};
use crate::richtext::lower;
use crate::richtext::model::{Block, Format};

/// The line that Textile can hold; in a cell of a table, where a bar ends it.
pub(super) fn line(content: Vec<Inline>, cell: bool, losses: &mut Losses) -> Vec<Inline> {
    let mut out = Vec::with_capacity(content.len());
    for inline in content {
        node(inline, cell, losses, &mut out);
    }
    let out = loosen(canonical_inlines(out), losses);
    loosen(addresses(out), losses)
}

fn node(inline: Inline, cell: bool, losses: &mut Losses, out: &mut Vec<Inline>) {
    match inline {
        Inline::Text { text, marks } => {
            let marks = self::marks(&text, marks, losses);
            out.push(Inline::marked(text, marks));
        }
        Inline::Break => out.push(Inline::Break),
        Inline::Mention(mention) => out.push(match login(&mention) {
            Some(login) => Inline::Mention(Mention {
                label: login.clone(),
                id: login,
                ..mention
            }),
            None => lower::mention_text(&mention, losses),
        }),
        Inline::Emoji(emoji) => out.push(lower::emoji_text(&emoji, losses)),
        Inline::Image(image) => out.push(self::image(image, cell, losses)),
        Inline::Opaque(opaque) => match kept(&opaque, cell) {
            Some(kept) => out.push(kept),
            None => {
                losses.note(LossKind::Opaque);
                for shown in opaque.shown {
                    node(shown, cell, losses, out);
                }
            }
        },
    }
}

fn login(mention: &Mention) -> Option<String> {
    let ours = mention.format == Format::Textile;
    (ours && leaf::login(&mention.id) == Some(&mention.id)).then(|| mention.id.clone())
}

/// A node of our own kind goes back as it came, if it still is one.
fn kept(opaque: &OpaqueInline, cell: bool) -> Option<Inline> {
    if opaque.format != Format::Textile {
        return None;
    }
    let raw = &opaque.raw;
    let text = if cell {
        format!("|x {raw} x|")
    } else {
        format!("x {raw} x")
    };
    let mut blocks = decode::document(&text).blocks;
    if let [Block::Table(table)] = &mut blocks[..] {
        blocks = table.rows.pop().and_then(|mut row| row.pop())?;
    }
    let [Block::Paragraph(line)] = &mut blocks[..] else {
        return None;
    };
    match &line[..] {
        [
            Inline::Text { .. },
            Inline::Opaque(read),
            Inline::Text { .. },
        ] if read.raw == *raw => Some(line.swap_remove(1)),
        _ => None,
    }
}

fn marks(text: &str, marks: Marks, losses: &mut Losses) -> Marks {
    let mut colour = |colour: Option<String>| {
        colour.filter(|colour| {
            let valid = style::is_colour(colour);
            if !valid {
                losses.note(LossKind::Colour);
            }
            valid
        })
    };
    let mut marks = Marks {
        colour: colour(marks.colour),
        background: colour(marks.background),
        ..marks
    };
    if marks.code && has_tag(text) {
        losses.note(LossKind::Mark);
        marks.code = false;
    }
    let within = delimiters(&marks);
    marks.link = marks
        .link
        .and_then(|link| self::link(link, &within, losses));
    marks
}

fn link(link: Link, within: &[char], losses: &mut Losses) -> Option<Link> {
    let plain = url::plain(&link.url);
    let url = url::link(&plain, within).map(|url| url::plain(&url));
    let title = link.title.filter(|title| {
        let fits = is_title(title);
        if !fits {
            losses.note(LossKind::Link);
        }
        fits
    });
    if url.as_ref() != Some(&plain) {
        losses.note(LossKind::Link);
    }
    Some(Link { url: url?, title })
}

/// Whether a text can be the title of a link: no sign in it means anything.
fn is_title(title: &str) -> bool {
    let line = [Inline::text(title)];
    let signs = Signs::of(&line);
    let context = escape::Context {
        signs: &signs,
        cell: true,
        before: "x",
        within: &['*', '-', '_', '%', '+', '^', '~', '?', '@', '='],
        linked: true,
    };
    title.trim() == title
        && !title.contains(['!', '[', '{', '<', '>', '&'])
        && escape::text(title, context) == title
}

fn image(image: Image, cell: bool, losses: &mut Losses) -> Inline {
    let link = image.link.and_then(|link| self::link(link, &[], losses));
    let Some(url) = url::picture(&image.url) else {
        losses.note(LossKind::Image);
        let label = if image.alt.is_empty() {
            image.url
        } else {
            image.alt
        };
        let marks = Marks {
            link,
            ..Marks::default()
        };
        return Inline::marked(label, marks);
    };
    if image.title.is_some() || link.as_ref().is_some_and(|link| link.title.is_some()) {
        losses.note(LossKind::Image);
    }
    Inline::Image(Image {
        url,
        alt: alternative(&image.alt, cell, losses),
        title: None,
        link: link.map(|link| Link::to(link.url)),
    })
}

/// What a picture shows, without brackets, in which it will stand, and in a cell without bars.
pub(super) fn alternative(alt: &str, cell: bool, losses: &mut Losses) -> String {
    let barred = cell && alt.contains('|');
    let tagged = alt.contains('<') || alt.contains("{{") || alt.contains("[[");
    if !alt.contains(['(', ')']) && !barred && !tagged {
        return alt.to_owned();
    }
    losses.note(LossKind::Image);
    let replaced = alt.chars().map(|c| match c {
        '(' | '[' | '{' | '<' => '‹',
        ')' | ']' | '}' | '>' => '›',
        '|' => '/',
        c => c,
    });
    replaced.collect()
}

/// Without spaces at the edges of lines, and with none of the look on those at the edges of marked texts: a mark must touch
/// a letter. Nobody sees it but of lines through and below a text. Code keeps its own.
fn loosen(line: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    let line = line
        .into_iter()
        .flat_map(|inline| split_spaces(inline, losses));
    let line = line.collect();
    let mut line = canonical_inlines(line);
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

/// A marked text as its leading spaces, its core and its trailing spaces.
fn split_spaces(inline: Inline, losses: &mut Losses) -> Vec<Inline> {
    let (text, marks) = match inline {
        Inline::Text { text, marks } if !marks.code && !marks.is_plain() => (text, marks),
        other => return vec![other],
    };
    let core = text.trim();
    let from = text.len() - text.trim_start().len();
    let shows = marks.strike || marks.underline || marks.background.is_some();
    if shows && core.len() < text.len() {
        losses.note(LossKind::Mark);
    }
    let leading = &text[..from];
    let trailing = &text[from + core.len()..];
    let pieces = [
        (leading, Marks::default()),
        (core, marks),
        (trailing, Marks::default()),
    ];
    let pieces = pieces.into_iter().filter(|(text, _)| !text.is_empty());
    pieces
        .map(|(text, marks)| Inline::marked(text, marks))
        .collect()
}

/// Makes links of bare addresses, as Redmine does when it shows a text.
fn addresses(line: Vec<Inline>) -> Vec<Inline> {
    let mut out = Vec::with_capacity(line.len());
    for inline in line {
        match inline {
            Inline::Text { text, marks } if !marks.code && marks.link.is_none() => {
                split_addresses(&text, &marks, &mut out);
            }
            other => out.push(other),
        }
    }
    canonical_inlines(out)
}

fn split_addresses(text: &str, marks: &Marks, out: &mut Vec<Inline>) {
    let within = delimiters(marks);
    let mut from = 0;
    while let Some((start, end, url)) = leaf::address(text, from) {
        out.push(Inline::marked(&text[from..start], marks.clone()));
        let url = url::plain(&url);
        let url = url::link(&url, &within).map_or(url, |url| url::plain(&url));
        let linked = Marks {
            link: Some(Link::to(url)),
            ..marks.clone()
        };
        out.push(Inline::marked(&text[start..end], linked));
        from = end;
    }
    out.push(Inline::marked(&text[from..], marks.clone()));
}
