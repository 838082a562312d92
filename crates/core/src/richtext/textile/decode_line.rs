//! Reads what stands in a line: first wiki links, pictures and code, whose inside no sign reaches into, then marks and links.

use super::decode::Reader;
use super::rip::{self, CLOSE, OPEN, Region, What};
use super::signs::{LOOKS, Look, is_mark, is_word, opens_after};
use super::{attributes, leaf, take, url};
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::html::style;
use crate::richtext::inline::{Image, Inline, Link, Marks, OpaqueInline, Script};
use crate::richtext::model::{Block, Format, Media};

/// How deeply marks may stand in marks.
const MAX_MARKS: usize = 8;

/// A line that is read.
pub(super) struct Line<'a> {
    reader: Reader<'a>,
    /// Regions of this line's own; their numbers follow those of the text.
    local: Vec<Region>,
    out: Vec<Inline>,
    /// The last picture, with its size.
    media: Option<Media>,
    shown: bool,
}

impl<'a> Line<'a> {
    /// Reads a text of one paragraph, in which a line feed is a break.
    pub(super) fn read(reader: Reader<'a>, text: &str) -> Self {
        let mut line = Self {
            reader,
            local: Vec::new(),
            out: Vec::new(),
            media: None,
            shown: reader.shown,
        };
        let text = line.take(text, '[', take::wiki_link);
        let text = line.take(&text, '!', take::picture);
        let mut codes = take::Codes::default();
        let text = line.take(&text, '@', |text, at| codes.code(text, at));
        line.inside(&text, &Marks::default(), 0);
        line
    }

    /// The line.
    pub(super) fn content(self) -> Vec<Inline> {
        canonical_inlines(self.out)
    }

    /// The line as a block: a picture where it is nothing else; nothing where it shows nothing.
    pub(super) fn paragraph(self) -> Option<Block> {
        let media = self.media;
        let line = canonical_inlines(self.out);
        match (&line[..], media) {
            ([], _) => None,
            ([Inline::Image(Image { link: None, .. })], Some(media)) => Some(Block::Media(media)),
            ([Inline::Opaque(opaque)], Some(media))
                if matches!(opaque.shown[..], [Inline::Image(Image { link: None, .. })])
                    && (media.width.is_some() || media.height.is_some()) =>
            {
                Some(Block::Media(media))
            }
            _ => Some(Block::Paragraph(line)),
        }
    }

    /// Puts places for what `find` finds at a sign.
    fn take(
        &mut self,
        text: &str,
        sign: char,
        mut find: impl FnMut(&str, usize) -> Option<take::Found>,
    ) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        let mut at = 0;
        while let Some(next) = text[at..].find(sign) {
            at += next;
            let Some((end, what, media)) = find(text, at) else {
                at += sign.len_utf8();
                continue;
            };
            out.push_str(&text[from..at]);
            rip::place(self.reader.regions.len() + self.local.len(), &mut out);
            let raw = self.restored(&text[at..end]);
            self.local.push(Region { raw, what });
            self.media = media.or(self.media.take());
            (from, at) = (end, end);
        }
        out.push_str(&text[from..]);
        out
    }

    fn region(&self, number: usize) -> Option<&Region> {
        let of_text = self.reader.regions.get(number);
        of_text.or_else(|| {
            self.local
                .get(number.checked_sub(self.reader.regions.len())?)
        })
    }

    fn restored(&self, text: &str) -> String {
        rip::restore(text, |number| {
            self.region(number)
                .map_or_else(String::new, |region| region.raw.clone())
        })
    }

    fn inside(&mut self, text: &str, marks: &Marks, depth: usize) {
        let mut dead = [false; LOOKS.len()];
        let (mut from, mut at) = (0, 0);
        let mut after_mark = true;
        let special = |c: char| is_mark(c) || matches!(c, '"' | '\n' | OPEN);
        while let Some(next) = text[at..].find(special) {
            at += next;
            let sign = text[at..].chars().next().unwrap_or(' ');
            let before = text[..at].chars().next_back();
            let before = before.filter(|c| *c != CLOSE && !(after_mark && at == from));
            let place = Place {
                text,
                at,
                from,
                marks,
                depth,
            };
            let end = match sign {
                OPEN => self.placed(place),
                '\n' => {
                    self.flush(place);
                    self.out.push(Inline::Break);
                    Some(at + 1)
                }
                '"' => self.link(place),
                _ if opens_after(before) => self.span(place, &mut dead),
                _ => None,
            };
            after_mark = end.is_some();
            match end {
                Some(end) => (from, at) = (end, end),
                None => at += sign.len_utf8(),
            }
        }
        leaf::push(&text[from..], marks, self.shown, &mut self.out);
    }

    fn flush(&mut self, place: Place<'_>) {
        let text = &place.text[place.from..place.at];
        leaf::push(text, place.marks, self.shown, &mut self.out);
    }

    /// What a place stands for.
    fn placed(&mut self, place: Place<'_>) -> Option<usize> {
        let (number, length) = rip::at_place(&place.text[place.at..])?;
        let Region { raw, what } = self.region(number)?.clone();
        self.flush(place);
        let marks = place.marks;
        let code = |text: String| {
            let marks = Marks {
                code: true,
                ..marks.clone()
            };
            Inline::marked(text, marks)
        };
        let shown = match what {
            What::Code(text) => return self.put(code(text), place.at + length),
            What::Literal(text) => {
                return self.put(Inline::marked(text, marks.clone()), place.at + length);
            }
            What::Inline(Inline::Text { text, .. }) => {
                return self.put(code(text), place.at + length);
            }
            What::Inline(Inline::Image(image)) => {
                let link = image.link.clone().or_else(|| marks.link.clone());
                return self.put(Inline::Image(Image { link, ..image }), place.at + length);
            }
            What::Inline(Inline::Opaque(opaque)) => opaque.shown,
            What::Inline(other) => vec![other],
            What::Key(text) | What::Block { text, .. } => vec![code(text)],
            What::Macro(None) => vec![Inline::text(raw.clone())],
            What::Macro(Some(body)) => {
                let body = self.reader.within(&body);
                vec![Inline::text(body.plain())]
            }
            What::Comment => Vec::new(),
        };
        self.opaque(raw, shown);
        Some(place.at + length)
    }

    fn put(&mut self, inline: Inline, end: usize) -> Option<usize> {
        self.out.push(inline);
        Some(end)
    }

    fn opaque(&mut self, raw: String, shown: Vec<Inline>) {
        if self.shown {
            self.out.extend(shown);
            return;
        }
        self.out.push(Inline::Opaque(OpaqueInline {
            format: Format::Textile,
            raw,
            shown: canonical_inlines(shown),
        }));
    }

    /// A text in marks; gives where it ends.
    fn span(&mut self, place: Place<'_>, dead: &mut [bool]) -> Option<usize> {
        let Place { text, at, .. } = place;
        let here = &text[at..];
        if place.depth >= MAX_MARKS || here.starts_with("--") {
            return None;
        }
        for (index, (sign, look)) in LOOKS.into_iter().enumerate() {
            if dead[index] || !here.starts_with(sign) {
                continue;
            }
            let inside = &here[sign.len()..];
            if inside.chars().next().is_none_or(char::is_whitespace) {
                continue;
            }
            let Some(length) = closing(inside, sign) else {
                dead[index] = true;
                continue;
            };
            let end = at + length + 2 * sign.len();
            self.flush(place);
            self.marked(&inside[..length], look, &text[at..end], place);
            return Some(end);
        }
        None
    }

    /// The inside of marks, with what attributes say.
    fn marked(&mut self, inside: &str, look: Look, raw: &str, place: Place<'_>) {
        let length = Some(attributes::length(inside)).filter(|length| *length < inside.len());
        let (said, rest) = inside.split_at(length.unwrap_or(0));
        let mut marks = place.marks.clone();
        let known = match look {
            Look::Cite => false,
            Look::Span => colours(said, &mut marks),
            _ => said.is_empty(),
        };
        match look {
            Look::Bold => marks.bold = true,
            Look::Strike => marks.strike = true,
            Look::Italic | Look::Cite => marks.italic = true,
            Look::Underline => marks.underline = true,
            Look::Super => marks.script = Some(Script::Super),
            Look::Sub => marks.script = Some(Script::Sub),
            Look::Span => {}
        }
        self.kept_unless(known, raw, |line| {
            line.inside(rest, &marks, place.depth + 1)
        });
    }

    /// Reads what stands in something; where the tree has no place for all that it says, keeps it whole.
    fn kept_unless(&mut self, known: bool, raw: &str, read: impl FnOnce(&mut Self)) {
        if known || self.shown {
            return read(self);
        }
        let before = std::mem::take(&mut self.out);
        self.shown = true;
        read(self);
        self.shown = false;
        let shown = std::mem::replace(&mut self.out, before);
        let raw = self.restored(raw);
        self.opaque(raw, shown);
    }

    /// `"text(title)":address`; gives where it ends.
    fn link(&mut self, place: Place<'_>) -> Option<usize> {
        let Place { text, at, .. } = place;
        if place.marks.link.is_some() {
            return None;
        }
        let inside = &text[at + 1..];
        let length = inside.find(['"', '\n'])?;
        let behind = inside[length..].strip_prefix("\":")?;
        let inside = &inside[..length];
        let (address, address_length) = url::read(behind)?;
        let said = Some(attributes::length(inside)).filter(|said| *said < inside.len());
        let (said, inside) = inside.split_at(said.unwrap_or(0));
        let (label, title) = titled(inside);
        if label.trim().is_empty() {
            return None;
        }
        let end = at + 1 + length + 2 + address_length;
        let marks = Marks {
            link: Some(Link {
                url: url::plain(address),
                title: title.map(str::to_owned),
            }),
            ..place.marks.clone()
        };
        self.flush(place);
        let depth = place.depth + 1;
        self.kept_unless(said.is_empty(), &text[at..end], |line| {
            line.inside(label, &marks, depth);
        });
        Some(end)
    }
}

/// Where in a text a sign stands, and what is around.
#[derive(Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    at: usize,
    /// Where the plain text before it begins.
    from: usize,
    marks: &'a Marks,
    depth: usize,
}

/// The length of the text up to the sign that closes it.
fn closing(inside: &str, sign: &str) -> Option<usize> {
    let mut found = inside.match_indices(sign).map(|(at, _)| at);
    found.find(|at| {
        let content = &inside[..*at];
        let after = inside[at + sign.len()..].chars().next();
        let fits = content.chars().nth(1).is_some() || content.starts_with(is_word);
        fits && !content.ends_with(char::is_whitespace)
            && !inside[*at..].starts_with("--")
            && after.is_none_or(|c| !c.is_alphanumeric())
    })
}

/// Sets the colours that a style says; whether it says nothing else.
fn colours(said: &str, marks: &mut Marks) -> bool {
    let Some(declared) = attributes::style(said).filter(|all| !all.is_empty()) else {
        return false;
    };
    let mut known = true;
    for (name, value) in declared {
        let colour = style::colour(value);
        known &= colour.is_some();
        match name {
            "color" => marks.colour = colour.or(marks.colour.take()),
            "background" | "background-color" => {
                marks.background = colour.or(marks.background.take());
            }
            _ => known = false,
        }
    }
    known
}

/// The text of a link and its title.
fn titled(inside: &str) -> (&str, Option<&str>) {
    let found = inside.strip_suffix(')').and_then(|rest| {
        let (label, title) = rest.rsplit_once('(')?;
        let fits = !title.is_empty() && !label.is_empty() && !title.contains(')');
        let label = label.strip_suffix(' ').unwrap_or(label);
        (fits && !label.is_empty()).then_some((label, title))
    });
    match found {
        Some((label, title)) => (label, Some(title)),
        None => (inside, None),
    }
}
