//! Writes lowered blocks as HTML.

use super::decode::LANGUAGE;
use super::decode_line::MENTION;
use super::entity::{attribute, escape};
use crate::richtext::inline::{Image, Inline, Link, Marks, Script};
use crate::richtext::model::{Alignment, Block, Cell, List, Media, Row, Table};

/// Writes blocks.
pub(super) fn document(blocks: &[Block]) -> String {
    let mut out = String::new();
    self::blocks(blocks, &mut out);
    out
}

fn blocks(blocks: &[Block], out: &mut String) {
    for block in blocks {
        self::block(block, out);
    }
}

fn block(block: &Block, out: &mut String) {
    match block {
        Block::Paragraph(content) if content.is_empty() => out.push_str("<p><br></p>"),
        Block::Paragraph(content) => element("p", out, |out| line(content, out)),
        Block::Heading { level, content } => {
            element(&format!("h{level}"), out, |out| line(content, out));
        }
        Block::List(list) => self::list(list, out),
        Block::Quote(inside) | Block::Panel { blocks: inside, .. } => {
            element("blockquote", out, |out| blocks(inside, out));
        }
        Block::Code { language, text } => {
            out.push_str("<pre><code");
            if let Some(language) = language {
                attribute("class", &format!("{LANGUAGE}{language}"), out);
            }
            out.push('>');
            escape(text, out);
            out.push_str("</code></pre>");
        }
        Block::Table(table) => element("table", out, |out| self::table(table, out)),
        Block::Rule => out.push_str("<hr>"),
        Block::Media(media) => element("p", out, |out| self::media(media, out)),
        Block::Opaque(opaque) => out.push_str(&opaque.raw),
    }
}

fn element(name: &str, out: &mut String, inside: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    inside(out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn list(list: &List, out: &mut String) {
    let name = if list.start.is_some() { "ol" } else { "ul" };
    out.push('<');
    out.push_str(name);
    if let Some(start) = list.start.filter(|start| *start != 1) {
        attribute("start", &start.to_string(), out);
    }
    out.push('>');
    for item in &list.items {
        element("li", out, |out| compartment(&item.blocks, out));
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// The content of a list item or cell. A text with nothing but lists behind it stands there without a paragraph.
fn compartment(inside: &[Block], out: &mut String) {
    match inside {
        [Block::Paragraph(content), lists @ ..]
            if !content.is_empty() && lists.iter().all(|block| matches!(block, Block::List(_))) =>
        {
            line(content, out);
            blocks(lists, out);
        }
        inside => blocks(inside, out),
    }
}

fn table(table: &Table, out: &mut String) {
    if let Some(header) = &table.header {
        element("thead", out, |out| row("th", header, table, out));
    }
    if !table.rows.is_empty() {
        element("tbody", out, |out| {
            for cells in &table.rows {
                row("td", cells, table, out);
            }
        });
    }
}

fn row(kind: &str, cells: &Row, table: &Table, out: &mut String) {
    element("tr", out, |out| {
        let none = std::iter::repeat(&Alignment::None);
        for (cell, alignment) in cells.iter().zip(table.alignments.iter().chain(none)) {
            self::cell(kind, cell, *alignment, out);
        }
    });
}

fn cell(kind: &str, cell: &Cell, alignment: Alignment, out: &mut String) {
    out.push('<');
    out.push_str(kind);
    let side = match alignment {
        Alignment::None => None,
        Alignment::Left => Some("left"),
        Alignment::Center => Some("center"),
        Alignment::Right => Some("right"),
    };
    if let Some(side) = side {
        attribute("style", &format!("text-align:{side}"), out);
    }
    out.push('>');
    compartment(cell, out);
    out.push_str("</");
    out.push_str(kind);
    out.push('>');
}

fn media(media: &Media, out: &mut String) {
    let url = media.url.as_deref().unwrap_or_default();
    picture(url, &media.alt, media.title.as_deref(), out);
    // The tag ends behind the sizes.
    out.pop();
    for (name, pixels) in [("width", media.width), ("height", media.height)] {
        if let Some(pixels) = pixels {
            attribute(name, &pixels.to_string(), out);
        }
    }
    out.push('>');
}

fn picture(url: &str, alt: &str, title: Option<&str>, out: &mut String) {
    out.push_str("<img");
    attribute("src", url, out);
    if !alt.is_empty() {
        attribute("alt", alt, out);
    }
    if let Some(title) = title {
        attribute("title", title, out);
    }
    out.push('>');
}

fn line(content: &[Inline], out: &mut String) {
    for inline in content {
        match inline {
            Inline::Text { text, marks } => marked(marks, out, |out| escape(text, out)),
            Inline::Break => out.push_str("<br>"),
            Inline::Mention(mention) => {
                out.push_str("<a href=\"#\"");
                attribute("data-vss-mention", &format!("{MENTION}{}", mention.id), out);
                out.push_str(">@");
                escape(&mention.label, out);
                out.push_str("</a>");
            }
            Inline::Emoji(emoji) => escape(emoji.shown(), out),
            Inline::Image(image) => self::image(image, out),
            Inline::Opaque(opaque) => out.push_str(&opaque.raw),
        }
    }
}

fn image(image: &Image, out: &mut String) {
    anchor(image.link.as_ref(), out, |out| {
        picture(&image.url, &image.alt, image.title.as_deref(), out);
    });
}

fn anchor(link: Option<&Link>, out: &mut String, inside: impl FnOnce(&mut String)) {
    let Some(link) = link else {
        return inside(out);
    };
    out.push_str("<a");
    attribute("href", &link.url, out);
    if let Some(title) = &link.title {
        attribute("title", title, out);
    }
    out.push('>');
    inside(out);
    out.push_str("</a>");
}

/// A text in the elements of its marks.
fn marked(marks: &Marks, out: &mut String, inside: impl FnOnce(&mut String)) {
    let flags = [
        (marks.bold, "strong"),
        (marks.italic, "em"),
        (marks.underline, "u"),
        (marks.strike, "s"),
        (marks.script == Some(Script::Sub), "sub"),
        (marks.script == Some(Script::Super), "sup"),
        (marks.code, "code"),
    ];
    let names: Vec<&str> = flags
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
    anchor(marks.link.as_ref(), out, |out| {
        let style = style(marks);
        if !style.is_empty() {
            out.push_str("<span");
            attribute("style", &style, out);
            out.push('>');
        }
        for name in &names {
            out.push('<');
            out.push_str(name);
            out.push('>');
        }
        inside(out);
        for name in names.iter().rev() {
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        }
        if !style.is_empty() {
            out.push_str("</span>");
        }
    });
}

fn style(marks: &Marks) -> String {
    let colours = [
        ("color", marks.colour.as_deref()),
        ("background-color", marks.background.as_deref()),
    ];
    let written = colours
        .into_iter()
        .filter_map(|(property, colour)| Some(format!("{property}:{}", colour?)));
    written.collect::<Vec<_>>().join(";")
}
