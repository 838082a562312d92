//! The signs that mean something in a line.

use crate::richtext::inline::{Inline, Marks, Script};

/// An empty piece of literal text: shows nothing, and sets apart what touches.
pub(super) const JOINT: &str = "<notextile></notextile>";

/// A look that signs around a text give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bold,
    Strike,
    Italic,
    /// Redmine's `%{style}text%`.
    Span,
    Underline,
    Super,
    Sub,
    /// `??text??`, which is shown as the title of a work.
    Cite,
}

/// The signs around a text in the order in which Redmine looks for them; longer ones before their beginnings.
pub(super) const LOOKS: [(&str, Look); 10] = [
    ("**", Look::Bold),
    ("*", Look::Bold),
    ("??", Look::Cite),
    ("-", Look::Strike),
    ("__", Look::Italic),
    ("_", Look::Italic),
    ("%", Look::Span),
    ("+", Look::Underline),
    ("^", Look::Super),
    ("~", Look::Sub),
];

/// Whether a sign may stand around a text.
pub(super) const fn is_mark(c: char) -> bool {
    matches!(c, '*' | '_' | '-' | '+' | '^' | '~' | '%' | '?')
}

/// A letter, digit or underscore.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a mark may open after a character; `None` is a line's start.
pub(super) fn opens_after(before: Option<char>) -> bool {
    before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '>'))
}

/// The signs around a run of text, the outermost first: the order in which Redmine looks for them.
pub(super) fn delimiters(marks: &Marks) -> Vec<char> {
    let coloured = marks.colour.is_some() || marks.background.is_some();
    let signs = [
        (marks.bold, '*'),
        (marks.strike, '-'),
        (marks.italic, '_'),
        (coloured, '%'),
        (marks.underline, '+'),
        (marks.script == Some(Script::Super), '^'),
        (marks.script == Some(Script::Sub), '~'),
    ];
    let on = signs.into_iter().filter(|(on, _)| *on);
    on.map(|(_, sign)| sign).collect()
}

/// How often each sign may occur in what is written of a line: one that stands alone needs no care.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    counts: [u32; 128],
    /// Whether a person is called: then `@` around code would be misread.
    pub(super) calls: bool,
}

impl Signs {
    pub(super) fn of(line: &[Inline]) -> Self {
        let mut signs = Self {
            counts: [0; 128],
            calls: false,
        };
        for inline in line {
            match inline {
                Inline::Text { text, marks } => signs.run(text, marks),
                Inline::Image(image) => {
                    signs.add(&image.url, 1);
                    signs.add(&image.alt, 1);
                    signs.add("!", 2);
                    if let Some(link) = &image.link {
                        signs.add(&link.url, 1);
                    }
                }
                Inline::Mention(mention) => {
                    signs.calls = true;
                    signs.add(&mention.id, 1);
                    signs.add("@", 1);
                }
                Inline::Opaque(opaque) => signs.add(&opaque.raw, 1),
                Inline::Break | Inline::Emoji(_) => {}
            }
        }
        signs
    }

    fn run(&mut self, text: &str, marks: &Marks) {
        self.add(text, 1);
        for sign in delimiters(marks) {
            self.add(sign.encode_utf8(&mut [0; 4]), 2);
        }
        if marks.code {
            self.add("@", 2);
        }
        if let Some(link) = &marks.link {
            self.add(&link.url, 1);
        }
    }

    fn add(&mut self, text: &str, times: u32) {
        for byte in text.bytes().filter(u8::is_ascii) {
            let count = &mut self.counts[usize::from(byte)];
            *count = count.saturating_add(times);
        }
    }

    /// Whether a sign occurs at least so often.
    pub(super) fn has(&self, sign: char, times: u32) -> bool {
        let at = u32::from(sign) as usize;
        self.counts.get(at).is_none_or(|count| *count >= times)
    }
}
