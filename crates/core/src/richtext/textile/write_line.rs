//! Writes a lowered line.

use super::decode_table;
use super::escape::{self, Context};
use super::signs::{JOINT, Signs, delimiters, is_word, opens_after};
use super::{leaf, url};
use crate::richtext::inline::{Image, Inline, Marks};
use crate::richtext::model::Media;

/// Punctuation of a sentence.
const PUNCTUATION: [char; 7] = ['.', ',', ':', ';', '!', '?', ')'];
/// That of it which means nothing behind a mark or a call, whatever follows.
const HARMLESS: [char; 6] = ['.', ',', ':', ';', '?', ')'];

/// Writes a line; in a cell of a table, where a bar ends it.
pub(super) fn line(content: &[Inline], cell: bool) -> String {
    let signs = Signs::of(content);
    let mut writer = Writer {
        signs: &signs,
        cell,
        out: String::new(),
        line_start: 0,
        after: After::Anything,
    };
    for (at, inline) in content.iter().enumerate() {
        writer.inline(inline, &content[at + 1..]);
    }
    let mut out = writer.out;
    if cell && decode_table::modifiers(&out) != decode_table::Modifiers::default() {
        out.insert_str(0, JOINT);
    }
    out
}

/// Writes a picture that stands alone.
pub(super) fn media(media: &Media) -> String {
    let url = media.url.clone().unwrap_or_default();
    let sizes = [("width", media.width), ("height", media.height)];
    let sizes = sizes
        .into_iter()
        .filter_map(|(name, pixels)| Some(format!("{name}:{}px", pixels?)));
    let sizes = sizes.collect::<Vec<_>>().join(";");
    let style = if sizes.is_empty() {
        sizes
    } else {
        format!("{{{sizes}}}")
    };
    format!("!{style}{url}{}!", alternative(&media.alt))
}

fn alternative(alt: &str) -> String {
    if alt.is_empty() {
        String::new()
    } else {
        format!("({alt})")
    }
}

/// What was written last, and what may follow at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Anything,
    Mark,
    Address,
    Picture,
    Call,
}

struct Writer<'a> {
    signs: &'a Signs,
    cell: bool,
    out: String,
    /// Where the line of text begins in what is written.
    line_start: usize,
    after: After,
}

impl Writer<'_> {
    fn inline(&mut self, inline: &Inline, rest: &[Inline]) {
        let last = matches!(rest.first(), None | Some(Inline::Break));
        match inline {
            Inline::Text { text, marks } => self.run(text, marks, rest),
            Inline::Break => {
                if self.written().is_empty() {
                    self.out.push_str(JOINT);
                }
                self.out.push('\n');
                self.line_start = self.out.len();
                self.after = After::Anything;
            }
            Inline::Image(image) => self.image(image),
            Inline::Mention(mention) => {
                let clear = leaf::calls_after(self.written().chars().next_back());
                self.push(&format!("@{}", mention.id), clear, last);
                self.after = After::Call;
            }
            Inline::Opaque(opaque) => {
                let clear = opens_after(self.written().chars().next_back());
                self.push(&opaque.raw, clear, last);
                self.after = After::Mark;
            }
            Inline::Emoji(_) => unreachable!("lowering makes text of every emoji"),
        }
    }

    /// What is written of this line of text.
    fn written(&self) -> &str {
        &self.out[self.line_start..]
    }

    /// Appends a piece, set apart from what is before where that is needed.
    fn push(&mut self, piece: &str, clear: bool, last: bool) {
        if !clear || !self.may_follow(piece, last) {
            self.out.push_str(JOINT);
        }
        self.out.push_str(piece);
        self.after = After::Anything;
    }

    /// Whether a piece may stand right behind what was written last.
    fn may_follow(&self, piece: &str, last: bool) -> bool {
        let rest = piece.trim_start_matches(PUNCTUATION);
        let marks = &piece[..piece.len() - rest.len()];
        let ends = rest.starts_with(char::is_whitespace) || (rest.is_empty() && last);
        let first = piece.chars().next();
        match self.after {
            After::Anything => true,
            After::Mark => ends || first.is_some_and(|c| HARMLESS.contains(&c)),
            After::Address => ends && !marks.contains([')', ';']),
            After::Picture => ends && !marks.starts_with(':'),
            After::Call => ends || first.is_some_and(|c| c != '.' && HARMLESS.contains(&c)),
        }
    }

    fn run(&mut self, text: &str, marks: &Marks, rest: &[Inline]) {
        let within = delimiters(marks);
        let linked = marks.link.as_ref();
        let enclosed = !within.is_empty() || linked.is_some();
        let last = matches!(rest.first(), None | Some(Inline::Break));
        if !enclosed && !marks.code && !self.may_follow(text, last) {
            // Before its signs are looked at: what stands before them counts.
            self.out.push_str(JOINT);
            self.after = After::Anything;
        }
        let bare = linked.is_some_and(|link| {
            let found = leaf::address(text, 0);
            let whole = found.is_some_and(|(start, end, url)| {
                start == 0 && end == text.len() && url == link.url
            });
            whole && link.title.is_none() && !marks.code && self.stands_bare(text, &within, rest)
        });
        let mut piece = if bare {
            text.to_owned()
        } else {
            self.words(text, marks, &within, rest.first())
        };
        if let Some(link) = linked.filter(|_| !bare) {
            let title = link.title.as_ref().map(|title| format!("({title})"));
            let title = title.unwrap_or_default();
            piece = format!("\"{piece}{title}\":{}", target(&link.url, &within));
        }
        for sign in within.iter().rev() {
            let style = if *sign == '%' {
                style(marks)
            } else {
                String::new()
            };
            piece = format!("{sign}{style}{piece}{sign}");
        }
        let before = self.written().chars().next_back();
        let clear = if !within.is_empty() {
            opens_after(before)
        } else if bare {
            before.is_none_or(char::is_whitespace) || before == Some('(')
        } else {
            true
        };
        self.push(&piece, clear, last);
        self.after = match (within.is_empty(), linked.is_some()) {
            (false, _) => After::Mark,
            (true, true) if !bare => After::Address,
            _ => After::Anything,
        };
        if !enclosed && marks.code && piece.ends_with('@') {
            self.after = After::Mark;
        }
    }

    /// The words of a run, without its marks and link.
    fn words(&self, text: &str, marks: &Marks, within: &[char], next: Option<&Inline>) -> String {
        let linked = marks.link.is_some();
        if !marks.code {
            return escape::text(
                text,
                Context {
                    signs: self.signs,
                    cell: self.cell,
                    before: self.written(),
                    within,
                    linked,
                },
            );
        }
        // An underscore is part of a word, and `@` must touch none.
        let enclosed = linked || within.last().is_some_and(|sign| *sign != '_');
        let touched = !linked && within.last() == Some(&'_');
        let before = self.written().chars().next_back();
        let touches = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '@');
        let after = match next {
            Some(Inline::Text { text, marks }) if marks.is_plain() => text.chars().next(),
            None | Some(Inline::Break) => None,
            Some(_) => Some('x'),
        };
        let clear = enclosed || (!touched && !touches(before) && !touches(after));
        if clear && !self.signs.calls && is_plain_code(text) {
            format!("@{text}@")
        } else {
            format!("<code>{text}</code>")
        }
    }

    /// Whether an address may stand in the text as it is: what is around must not be read as part of it.
    fn stands_bare(&self, text: &str, within: &[char], rest: &[Inline]) -> bool {
        let signs =
            |c: char| matches!(c, '"' | '&' | '@' | '!' | '|' | '[' | '{' | '(' | '*' | '~');
        if text.contains(signs) || within.iter().any(|sign| text.contains(*sign)) {
            return false;
        }
        if !within.is_empty() {
            return true;
        }
        match rest {
            [] | [Inline::Break, ..] => true,
            [Inline::Text { text, marks }, behind @ ..] if marks.is_plain() => {
                let words = text.trim_start_matches(['.', ',', ':', '?', '!']);
                let ends = matches!(behind, [] | [Inline::Break, ..]);
                words.starts_with(char::is_whitespace) || (words.is_empty() && ends)
            }
            _ => false,
        }
    }

    fn image(&mut self, image: &Image) {
        let mut piece = format!("!{}{}!", image.url, alternative(&image.alt));
        if let Some(link) = &image.link {
            piece.push(':');
            piece.push_str(&target(&link.url, &[]));
        }
        let before = self.written().chars().next_back();
        let clear = before.is_none_or(|c| c.is_whitespace() || c == '>');
        self.push(&piece, clear, false);
        self.after = match image.link {
            Some(_) => After::Address,
            None => After::Picture,
        };
    }
}

/// A lowered address as it is written.
fn target(url: &str, within: &[char]) -> String {
    url::link(url, within).unwrap_or_else(|| url.to_owned())
}

fn style(marks: &Marks) -> String {
    let colours = [
        ("color", marks.colour.as_deref()),
        ("background", marks.background.as_deref()),
    ];
    let declared = colours
        .into_iter()
        .filter_map(|(name, colour)| Some(format!("{name}:{}", colour?)));
    format!("{{{}}}", declared.collect::<Vec<_>>().join(";"))
}

/// Whether code can stand between two `@`.
fn is_plain_code(text: &str) -> bool {
    !text.starts_with(['|', ' '])
        && !text.ends_with(' ')
        && !text.contains(['@', '&', '!', '<', '|', '['])
        && !text.contains("==")
        && !text.contains("{{")
}
