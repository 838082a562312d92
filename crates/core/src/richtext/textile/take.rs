//! Finds what no other sign reaches into: wiki links, pictures, and code between two `@`.

use super::rip::{CLOSE, OPEN, What};
use super::signs::is_word;
use super::{attributes, url};
use crate::richtext::html::entity::unescape;
use crate::richtext::inline::{Image, Inline, Link, Marks, OpaqueInline};
use crate::richtext::model::{Format, Media};

/// The longest wiki link and picture in a line, in bytes: longer ones are text.
const WINDOW_BYTES: usize = 4_000;

/// What was found: where it ends, what it is, and the picture with its size.
pub(super) type Found = (usize, What, Option<Media>);

/// The end of a window behind a position, where a character ends.
fn window(text: &str, at: usize) -> &str {
    let mut end = text.len().min(at + WINDOW_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[at..end]
}

/// `[[page]]`, `[[page|text]]`.
pub(super) fn wiki_link(text: &str, at: usize) -> Option<Found> {
    let window = window(text, at);
    let inside = window.strip_prefix("[[")?;
    let length = inside.find("]]")?;
    let inside = &inside[..length];
    let (page, title) = match inside.split_once('|') {
        Some((page, title)) => (page, title),
        None => (inside, inside),
    };
    if page.is_empty() || title.is_empty() || title.contains('|') || inside.contains('\n') {
        return None;
    }
    let end = at + 2 + length + 2;
    let shown = vec![Inline::text(unescape(title))];
    Some((end, What::Inline(opaque(&text[at..end], shown)), None))
}

fn opaque(raw: &str, shown: Vec<Inline>) -> Inline {
    Inline::Opaque(OpaqueInline {
        format: Format::Textile,
        raw: raw.to_owned(),
        shown,
    })
}

/// `!picture(text)!`, `!{width:3px}picture!:address`.
pub(super) fn picture(text: &str, at: usize) -> Option<Found> {
    let before = text[..at].chars().next_back();
    if !before.is_none_or(|c| c.is_whitespace() || matches!(c, '>' | CLOSE)) {
        return None;
    }
    let window = window(text, at);
    let mut from = 1;
    let aligned = window[from..].starts_with(['<', '=', '>']);
    from += usize::from(aligned);
    let said = attributes::length(&window[from..]);
    let style = &window[from..from + said];
    from += said;
    let source = window[from..].find(|c: char| c.is_whitespace() || matches!(c, '(' | '!' | OPEN));
    let address = &window[from..from + source?];
    from += address.len();
    if window[from..].starts_with(" (") {
        from += 1;
    }
    let alt = alternative(&window[from..]);
    from += alt.map_or(0, |alt| alt.len() + 2);
    if !window[from..].starts_with('!') || !url::is_picture(address) {
        return None;
    }
    from += 1;
    let link = window[from..].strip_prefix(':').and_then(url::read);
    from += link.map_or(0, |(_, length)| 1 + length);
    let image = Image {
        url: address.to_owned(),
        alt: alt.unwrap_or_default().to_owned(),
        title: None,
        link: link.map(|(address, _)| Link::to(url::plain(address))),
    };
    let sizes = if style.is_empty() {
        Some((None, None))
    } else {
        sizes(style)
    };
    let (width, height) = sizes.unwrap_or_default();
    let media = Media {
        url: Some(image.url.clone()),
        alt: image.alt.clone(),
        width,
        height,
        ..Media::default()
    };
    let media = (!aligned && sizes.is_some()).then_some(media);
    let end = at + from;
    let what = if aligned || !style.is_empty() {
        opaque(&text[at..end], vec![Inline::Image(image)])
    } else {
        Inline::Image(image)
    };
    Some((end, What::Inline(what), media))
}

/// The text in brackets of a picture, in which brackets may stand once more.
fn alternative(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?;
    let mut open = 0;
    for (at, c) in inside.char_indices() {
        match c {
            '(' if open > 0 => return None,
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => return Some(&inside[..at]).filter(|alt| !alt.is_empty()),
            '\n' | OPEN => return None,
            _ => {}
        }
    }
    None
}

/// The width and height of a style that says nothing else, in pixels.
fn sizes(said: &str) -> Option<(Option<u32>, Option<u32>)> {
    let declared = attributes::style(said)?;
    let (mut width, mut height) = (None, None);
    for (name, value) in declared {
        let pixels = value.strip_suffix("px")?.parse().ok().filter(|p| *p > 0);
        match name {
            "width" => width = Some(pixels?),
            "height" => height = Some(pixels?),
            _ => return None,
        }
    }
    Some((width, height))
}

/// What is ahead of an opening `@`, and how far, in bytes.
enum Ahead {
    /// The `@` that closes the code.
    End(usize),
    /// What no code reaches over: the line's end, or the place of something else.
    Bound(usize),
}

/// Looks for the end of code in what stands behind its opening `@`, no further than it may reach.
fn ahead(inside: &str) -> Ahead {
    let signs = inside.match_indices(['@', '\n', OPEN, CLOSE]);
    for (at, sign) in signs {
        if sign != "@" {
            return Ahead::Bound(at);
        }
        let after = inside[at + 1..].chars().next();
        if at > 0 && !after.is_some_and(is_word) {
            return Ahead::End(at);
        }
    }
    Ahead::Bound(inside.len())
}

/// Finds code between two `@`, in one line.
#[derive(Default)]
pub(super) struct Codes {
    /// Up to where no code ends, in bytes.
    none_before: usize,
}

impl Codes {
    pub(super) fn code(&mut self, text: &str, at: usize) -> Option<Found> {
        let before = text[..at].chars().next_back();
        if at < self.none_before || before.is_some_and(is_word) {
            return None;
        }
        let length = match ahead(&text[at + 1..]) {
            Ahead::End(length) => length,
            Ahead::Bound(length) => {
                // What was passed ends no code that begins before it either.
                self.none_before = at + 1 + length;
                return None;
            }
        };
        let inside = &text[at + 1..at + 1 + length];
        let end = at + 1 + length + 1;
        let named = inside.strip_prefix('|').and_then(|rest| {
            let (name, rest) = rest.split_once('|')?;
            let fits = !name.is_empty() && name.chars().all(is_word) && !rest.is_empty();
            fits.then_some(rest)
        });
        let read = unescape(named.unwrap_or(inside));
        let marks = Marks {
            code: true,
            ..Marks::default()
        };
        let code = Inline::marked(read, marks);
        let what = match named {
            Some(_) => opaque(&text[at..end], vec![code]),
            None => code,
        };
        Some((end, What::Inline(what), None))
    }
}
