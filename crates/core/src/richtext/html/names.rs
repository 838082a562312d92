//! The names of elements, by what they do.

/// Those that have no content and no end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Those whose content is no HTML.
const RAW: [&str; 7] = [
    "iframe", "noembed", "noframes", "script", "style", "textarea", "title",
];

/// Those of a line that the tree has a place for, or that only say how something looks.
const OF_A_LINE: [&str; 34] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "acronym", "data", "blink",
];

/// Those that only part what is in them from what is around.
const PARTS: [&str; 13] = [
    "address", "article", "aside", "body", "center", "div", "footer", "header", "html", "main",
    "nav", "section", "hgroup",
];

/// Those of a table.
const OF_A_TABLE: [&str; 7] = ["table", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// The other blocks that the tree has a place for.
const BLOCKS: [&str; 13] = [
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "ul",
];

/// Blocks that the tree has no place for, by their names alone.
const FOREIGN_BLOCKS: [&str; 9] = [
    "dd",
    "details",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "form",
    "summary",
    "figcaption",
];

/// Whether an element has no end tag.
pub(super) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

/// Whether an element's content is no HTML.
pub(super) fn is_raw(name: &str) -> bool {
    RAW.contains(&name)
}

/// Whether an element belongs to a line and says nothing beyond marks.
pub(super) fn is_of_a_line(name: &str) -> bool {
    OF_A_LINE.contains(&name)
}

/// Whether an element only parts its content from what is around it.
pub(super) fn is_part(name: &str) -> bool {
    PARTS.contains(&name)
}

/// Whether an element belongs to a table.
pub(super) fn is_of_a_table(name: &str) -> bool {
    OF_A_TABLE.contains(&name)
}

/// Whether an element is a block by its name.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || is_part(name) || is_of_a_table(name) || FOREIGN_BLOCKS.contains(&name)
}

/// Whether the tree has a place for what an element is, or it says nothing.
pub(super) fn is_known(name: &str) -> bool {
    is_of_a_line(name) || BLOCKS.contains(&name) || is_part(name) || is_of_a_table(name)
}

/// The level of a heading.
pub(super) fn heading(name: &str) -> Option<u8> {
    let level = name.strip_prefix('h')?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}
