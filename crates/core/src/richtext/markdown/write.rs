//! Writes lowered blocks.

use super::lower_line::Place;
use super::{escape, spans};
use crate::richtext::Inline;
use crate::richtext::model::{
    Alignment, Block, Cell, List, ListItem, Media, PanelKind, Row, Table,
};

/// Writes blocks, an empty line between them, without a last line feed.
pub(super) fn blocks(blocks: &[Block]) -> String {
    within(blocks, None)
}

/// The sign before the items of a list. Neighbouring and nested lists take different ones, lest they be read as one
/// list or as a horizontal line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Bullet(char),
    Number(char),
}

/// Writes the blocks within an item of a list with this sign, if in one.
fn within(blocks: &[Block], around: Option<Marker>) -> String {
    let mut out = String::new();
    let mut last_list = None;
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            out.push_str(if around.is_some() && is_tight(&blocks[at - 1], block) {
                "\n"
            } else {
                "\n\n"
            });
        }
        let before = last_list.take();
        match block {
            Block::List(list) => {
                let marker = marker(list, around, before);
                last_list = Some(marker);
                out.push_str(&write_list(list, marker));
            }
            other => out.push_str(&write_block(other)),
        }
    }
    out
}

fn write_block(block: &Block) -> String {
    match block {
        Block::Paragraph(content) => spans::line(content, Place::Paragraph),
        Block::Heading { level, content } => {
            let text = spans::line(content, Place::Heading);
            let marks = "#".repeat(usize::from(*level));
            format!("{marks} {text}").trim_end_matches(' ').to_owned()
        }
        Block::List(list) => write_list(list, marker(list, None, None)),
        Block::Quote(blocks) => indent(&within(blocks, None), "> ", "> "),
        Block::Panel { kind, blocks } => {
            // A paragraph may follow at once; an empty list item could not.
            let next = match blocks.first() {
                Some(Block::Paragraph(_)) => "\n",
                _ => "\n\n",
            };
            let text = format!("[!{}]{next}{}", alert(*kind), within(blocks, None));
            indent(&text, "> ", "> ")
        }
        Block::Code { language, text } => code(language.as_deref().unwrap_or(""), text),
        Block::Table(table) => write_table(table),
        Block::Rule => "___".to_owned(),
        Block::Media(media) => spans::line(&image(media), Place::Paragraph),
        Block::Opaque(opaque) => opaque.raw.clone(),
    }
}

fn write_list(list: &List, marker: Marker) -> String {
    let items = (0_u64..).zip(&list.items).map(|(position, item)| {
        let sign = match marker {
            Marker::Bullet(sign) => sign.to_string(),
            Marker::Number(sign) => {
                let first = list.start.unwrap_or(1);
                let number = first.saturating_add(position).min(999_999_999);
                format!("{number}{sign}")
            }
        };
        write_item(item, &sign, marker)
    });
    let between = if list.items.iter().all(|item| is_compact(&item.blocks)) {
        "\n"
    } else {
        "\n\n"
    };
    items.collect::<Vec<_>>().join(between)
}

fn write_item(item: &ListItem, sign: &str, marker: Marker) -> String {
    let task = match item.task {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    let text = format!("{task}{}", within(&item.blocks, Some(marker)));
    let rest = " ".repeat(sign.len() + 1);
    indent(&text, &format!("{sign} "), &rest)
}

fn write_table(table: &Table) -> String {
    let width = table.width();
    let mut lines = Vec::with_capacity(table.rows.len() + 2);
    let empty = vec![Cell::new(); width];
    lines.push(write_row(table.header.as_ref().unwrap_or(&empty)));
    let rules = table.alignments.iter().map(|alignment| match alignment {
        Alignment::None => "---",
        Alignment::Left => ":--",
        Alignment::Center => ":-:",
        Alignment::Right => "--:",
    });
    lines.push(format!("| {} |", rules.collect::<Vec<_>>().join(" | ")));
    lines.extend(table.rows.iter().map(write_row));
    lines.join("\n")
}

fn write_row(row: &Row) -> String {
    let cells = row.iter().map(|cell| match cell.first() {
        Some(Block::Paragraph(content)) => spans::line(content, Place::Cell),
        Some(Block::Media(media)) => spans::line(&image(media), Place::Cell),
        _ => String::new(),
    });
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn image(media: &Media) -> Vec<Inline> {
    vec![Inline::Image(media.clone().into_image())]
}

fn marker(list: &List, around: Option<Marker>, before: Option<Marker>) -> Marker {
    let choices: &[Marker] = match list.start {
        Some(_) => &[Marker::Number('.'), Marker::Number(')')],
        None => &[
            Marker::Bullet('-'),
            Marker::Bullet('*'),
            Marker::Bullet('+'),
        ],
    };
    let free = choices.iter().find(|marker| {
        before != Some(**marker) && (list.start.is_some() || around != Some(**marker))
    });
    *free.unwrap_or(&choices[0])
}

/// Whether a nested list may follow a paragraph of its item without an empty line.
fn is_tight(before: &Block, block: &Block) -> bool {
    let interrupts = |list: &List| {
        let starts = list.start.is_none_or(|first| first == 1);
        starts
            && list
                .items
                .first()
                .is_some_and(|item| !item.blocks.is_empty())
    };
    matches!((before, block), (Block::Paragraph(_), Block::List(list)) if interrupts(list))
}

/// Whether an item needs no empty line around it.
fn is_compact(blocks: &[Block]) -> bool {
    match blocks {
        [] | [Block::Paragraph(_)] => true,
        [before, list] => is_tight(before, list),
        _ => false,
    }
}

fn alert(kind: PanelKind) -> &'static str {
    match kind {
        PanelKind::Info => "NOTE",
        PanelKind::Note => "IMPORTANT",
        PanelKind::Success => "TIP",
        PanelKind::Warning => "WARNING",
        PanelKind::Error => "CAUTION",
    }
}

fn code(info: &str, text: &str) -> String {
    let sign = if info.contains('`') { '~' } else { '`' };
    let fence = sign
        .to_string()
        .repeat(escape::longest_run(text, sign).max(2) + 1);
    let mut escaped = String::with_capacity(info.len() + 1);
    if info.starts_with(sign) {
        escaped.push(' ');
    }
    for c in info.chars() {
        if matches!(c, '\\' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    let end = if text.is_empty() { "" } else { "\n" };
    format!("{fence}{escaped}\n{text}{end}{fence}")
}

/// Puts `first` before the first line and `rest` before the others; before an empty line without its spaces.
fn indent(text: &str, first: &str, rest: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let prefix = if at == 0 { first } else { rest };
        out.push_str(if line.is_empty() {
            prefix.trim_end()
        } else {
            prefix
        });
        out.push_str(line);
    }
    out
}
