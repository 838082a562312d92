//! Writes lowered blocks.

use super::signs::JOINT;
use super::{rip, write_line};
use crate::richtext::inline::Inline;
use crate::richtext::model::{Alignment, Block, Cell, List, ListItem, Row, Table};

/// Writes blocks, an empty line between them, without a last line feed.
pub(super) fn blocks(blocks: &[Block]) -> String {
    let written = blocks.iter().map(block);
    written.collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(content) => line(content),
        Block::Heading { level, content } => format!("h{level}. {}", line(content)),
        Block::List(list) => {
            let mut lines = Vec::new();
            self::list(list, "", &mut lines);
            lines.join("\n")
        }
        Block::Quote(inside) | Block::Panel { blocks: inside, .. } => quote(&blocks(inside)),
        Block::Code { language, text } => code(language.as_deref(), text),
        Block::Table(table) => self::table(table),
        Block::Rule => "---".to_owned(),
        Block::Media(media) => write_line::media(media),
        Block::Opaque(opaque) => opaque.raw.clone(),
    }
}

/// A line; one that would be empty shows nothing.
fn line(content: &[Inline]) -> String {
    let written = write_line::line(content, false);
    if written.is_empty() {
        JOINT.to_owned()
    } else {
        written
    }
}

fn code(language: Option<&str>, text: &str) -> String {
    match language {
        None => format!("<pre>\n{text}\n</pre>"),
        Some(language) => {
            format!("<pre><code class=\"{language}\">\n{text}\n</code></pre>")
        }
    }
}

/// Each line behind `>`, but for those of preformatted text, which no sign reaches into.
fn quote(text: &str) -> String {
    let ripped = rip::rip(text);
    let lines = ripped.text.split('\n').map(|line| {
        let sign = if line.is_empty() { ">" } else { "> " };
        format!("{sign}{line}")
    });
    let quoted = lines.collect::<Vec<_>>().join("\n");
    rip::restore(&quoted, |number| {
        let region = ripped.regions.get(number);
        region.map_or_else(String::new, |region| region.raw.clone())
    })
}

fn list(list: &List, around: &str, lines: &mut Vec<String>) {
    let sign = if list.start.is_some() { '#' } else { '*' };
    let signs = format!("{around}{sign}");
    for item in &list.items {
        self::item(item, &signs, lines);
    }
}

fn item(item: &ListItem, signs: &str, lines: &mut Vec<String>) {
    let own = item
        .blocks
        .iter()
        .filter(|block| !matches!(block, Block::List(_)));
    let own = own.map(block).collect::<Vec<_>>().join("\n");
    let own = if own.is_empty() { JOINT } else { &own };
    lines.push(format!("{signs} {own}"));
    for block in &item.blocks {
        if let Block::List(list) = block {
            self::list(list, signs, lines);
        }
    }
}

fn table(table: &Table) -> String {
    let header = table.header.iter().map(|row| self::row(row, table, true));
    let rows = table.rows.iter().map(|row| self::row(row, table, false));
    header.chain(rows).collect::<Vec<_>>().join("\n")
}

fn row(row: &Row, table: &Table, heading: bool) -> String {
    let none = std::iter::repeat(&Alignment::None);
    let alignments = table.alignments.iter().chain(none);
    let cells = row.iter().zip(alignments);
    let cells = cells.map(|(cell, alignment)| self::cell(cell, *alignment, heading));
    format!("|{}|", cells.collect::<Vec<_>>().join("|"))
}

fn cell(cell: &Cell, alignment: Alignment, heading: bool) -> String {
    let side = match alignment {
        Alignment::None => "",
        Alignment::Left => "<",
        Alignment::Center => "=",
        Alignment::Right => ">",
    };
    let text = match cell.first() {
        Some(Block::Paragraph(content)) => write_line::line(content, true),
        Some(Block::Media(media)) => write_line::media(media),
        _ => String::new(),
    };
    let said = match (heading, side) {
        (true, side) => format!("_{side}. "),
        (false, "") if text.is_empty() => " ".to_owned(),
        (false, "") => String::new(),
        (false, side) => format!("{side}. "),
    };
    format!("{said}{text}")
}
