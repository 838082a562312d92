//! Reads blocks.

use super::attributes::{self, Kind};
use super::decode_line::Line;
use super::rip::{self, OPEN, Region, What};
use super::{decode_list, decode_table};
use crate::richtext::inline::{Inline, Marks, Script};
use crate::richtext::model::{Block, Document, Format, MAX_DEPTH, Opaque};

/// How deeply macros with text in them are read.
const MAX_MACROS: usize = 3;

/// Reads a text.
pub(super) fn document(text: &str) -> Document {
    read(text, 0)
}

fn read(text: &str, macros: usize) -> Document {
    let ripped = rip::rip(text);
    let reader = Reader {
        regions: &ripped.regions,
        shown: false,
        macros,
    };
    let lines: Vec<&str> = ripped.text.split('\n').map(trim).collect();
    Document {
        blocks: reader.blocks(&lines, 0),
    }
    .normalised()
}

/// Without spaces around, which nobody sees.
fn trim(line: &str) -> &str {
    line.trim_matches([' ', '\t'])
}

/// What is read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) regions: &'a [Region],
    /// Whether only the shown form is wanted: then nothing is opaque.
    pub(super) shown: bool,
    /// In how many macros.
    macros: usize,
}

impl<'a> Reader<'a> {
    /// The text in a macro.
    pub(super) fn within(self, body: &str) -> Document {
        if self.macros >= MAX_MACROS {
            return Document::from_plain(body);
        }
        read(body, self.macros + 1)
    }

    /// Reads lines that stand in so many quotations.
    pub(super) fn blocks(self, lines: &[&str], quotes: usize) -> Vec<Block> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let rest = &lines[at..];
            let quoted = rest.iter().take_while(|line| line.starts_with('>')).count();
            let plain = rest
                .iter()
                .take_while(|line| !line.is_empty() && !line.starts_with('>'));
            match (quoted, plain.count()) {
                (0, 0) => at += 1,
                (0, length) => {
                    self.chunk(&rest[..length], &mut out);
                    at += length;
                }
                (quoted, _) => {
                    out.push(Block::Quote(self.quote(&rest[..quoted], quotes + 1)));
                    at += quoted;
                }
            }
        }
        out
    }

    fn quote(self, lines: &[&str], quotes: usize) -> Vec<Block> {
        let unquoted: Vec<String> = lines
            .iter()
            .map(|line| {
                let content = line.trim_start_matches(['>', ' ']);
                let signs = &line[..line.len() - content.len()];
                let deeper = signs.matches('>').count() - 1;
                if quotes >= MAX_DEPTH {
                    content.to_owned()
                } else {
                    format!("{}{content}", ">".repeat(deeper))
                }
            })
            .collect();
        let unquoted: Vec<&str> = unquoted.iter().map(|line| trim(line)).collect();
        self.blocks(&unquoted, quotes)
    }

    /// Lines without an empty one between them.
    fn chunk(self, lines: &[&str], out: &mut Vec<Block>) {
        if let [line] = lines
            && is_rule(line)
        {
            out.push(Block::Rule);
            return;
        }
        if decode_table::is_attributed(lines) {
            return self.opaque(lines, |reader| reader.pieces(&lines[1..]), out);
        }
        let lines = match attributes::prefix(lines[0]) {
            Some(prefix) => {
                let end = lines.len().min(1 + text_lines(&lines[1..]));
                self.prefixed(&lines[..end], prefix, out);
                &lines[end..]
            }
            None => lines,
        };
        out.extend(self.pieces(lines));
    }

    fn prefixed(self, lines: &[&str], prefix: attributes::Prefix, out: &mut Vec<Block>) {
        let text = lines.join("\n");
        let text = &text[prefix.length..];
        let read = |reader: Self| match prefix.kind {
            Kind::Paragraph => reader.flow(text),
            Kind::Quote => vec![Block::Quote(reader.flow(text))],
            Kind::Heading(level) => vec![Block::Heading {
                level,
                content: Line::read(reader, text).content(),
            }],
            Kind::Footnote(number) => {
                let marks = Marks {
                    script: Some(Script::Super),
                    ..Marks::default()
                };
                let number = Inline::marked(number.to_string(), marks);
                let mut line = vec![number, Inline::text(" ")];
                line.extend(Line::read(reader, text).content());
                vec![Block::Paragraph(line)]
            }
        };
        if prefix.has_attributes || matches!(prefix.kind, Kind::Footnote(_)) {
            return self.opaque(lines, read, out);
        }
        out.extend(read(self));
    }

    /// Keeps lines whole, with what they show.
    pub(super) fn opaque(
        self,
        lines: &[&str],
        read: impl FnOnce(Self) -> Vec<Block>,
        out: &mut Vec<Block>,
    ) {
        let shown = read(Self {
            shown: true,
            ..self
        });
        if self.shown {
            out.extend(shown);
            return;
        }
        out.push(Block::Opaque(Opaque {
            format: Format::Textile,
            raw: self.restored(&lines.join("\n")),
            shown,
        }));
    }

    fn restored(self, text: &str) -> String {
        rip::restore(text, |number| {
            let region = self.regions.get(number);
            region.map_or_else(String::new, |region| region.raw.clone())
        })
    }

    /// Paragraphs, lists and a table, one after the other.
    fn pieces(self, lines: &[&str]) -> Vec<Block> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let rest = &lines[at..];
            if decode_table::begins(rest) {
                decode_table::table(self, rest, &mut out);
                break;
            }
            if decode_list::is_item(rest[0]) {
                let length = rest.iter().enumerate();
                let length = length.take_while(|(at, _)| !decode_table::begins(&rest[*at..]));
                let length = length.count();
                decode_list::list(self, &rest[..length], &mut out);
                at += length;
                continue;
            }
            let length = text_lines(rest).max(1);
            out.extend(self.flow(&rest[..length].join("\n")));
            at += length;
        }
        out
    }

    /// Lines of text, with preformatted text between them.
    pub(super) fn flow(self, text: &str) -> Vec<Block> {
        let mut out = Vec::new();
        let mut from = 0;
        let mut at = 0;
        while let Some(next) = text[at..].find(OPEN) {
            at += next;
            let Some((number, length)) = rip::at_place(&text[at..]) else {
                at += OPEN.len_utf8();
                continue;
            };
            let end = at + length;
            if let Some(region) = self.regions.get(number)
                && let What::Block { .. } = region.what
            {
                self.paragraph(&text[from..at], &mut out);
                self.preformatted(region, &mut out);
                from = end;
            }
            at = end;
        }
        self.paragraph(&text[from..], &mut out);
        out
    }

    fn preformatted(self, region: &Region, out: &mut Vec<Block>) {
        let What::Block {
            language,
            text,
            foreign,
        } = &region.what
        else {
            return;
        };
        let code = Block::Code {
            language: language.clone(),
            text: text.clone(),
        };
        if *foreign && !self.shown {
            out.push(Block::Opaque(Opaque {
                format: Format::Textile,
                raw: region.raw.clone(),
                shown: vec![code],
            }));
        } else {
            out.push(code);
        }
    }

    /// A text without preformatted text in it: a paragraph, or what stands alone in one.
    fn paragraph(self, text: &str, out: &mut Vec<Block>) {
        let text = text.trim_matches([' ', '\n']);
        let alone = rip::at_place(text).filter(|(_, length)| *length == text.len());
        let region = alone.and_then(|(number, _)| self.regions.get(number));
        match region.map(|region| (&region.raw, &region.what)) {
            Some((raw, What::Macro(Some(body)))) => {
                let shown = self.within(body).blocks;
                self.kept(raw, shown, out);
            }
            Some((raw, What::Comment)) => self.kept(raw, Vec::new(), out),
            _ => out.extend(Line::read(self, text).paragraph()),
        }
    }

    fn kept(self, raw: &str, shown: Vec<Block>, out: &mut Vec<Block>) {
        if self.shown {
            out.extend(shown);
        } else {
            out.push(Block::Opaque(Opaque {
                format: Format::Textile,
                raw: raw.to_owned(),
                shown,
            }));
        }
    }
}

/// How many of the first lines are text, neither list nor table.
fn text_lines(lines: &[&str]) -> usize {
    let ends = |at: usize| decode_list::is_item(lines[at]) || decode_table::begins(&lines[at..]);
    (0..lines.len()).find(|at| ends(*at)).unwrap_or(lines.len())
}

/// Whether a line is a horizontal line: three or more of one sign, with spaces between or not.
pub(super) fn is_rule(line: &str) -> bool {
    let Some(sign) = line.chars().next().filter(|c| matches!(c, '*' | '-' | '_')) else {
        return false;
    };
    let signs = line.chars().filter(|c| *c == sign).count();
    signs >= 3 && line.chars().all(|c| c == sign || c == ' ')
}
