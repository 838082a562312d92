//! Reads lists: `* item`, `# item`, `** item`.

use super::attributes;
use super::decode::Reader;
use crate::richtext::model::{Block, List, ListItem, MAX_DEPTH};

/// Whether a line begins an item.
pub(super) fn is_item(line: &str) -> bool {
    marker(line).is_some()
}

/// The signs that an item begins with, the length of its attributes, and its text.
fn marker(line: &str) -> Option<(&str, usize, &str)> {
    let rest = line.trim_start_matches(['*', '#']);
    let signs = &line[..line.len() - rest.len()];
    if signs.is_empty() {
        return None;
    }
    let said = attributes::length(rest);
    let text = rest[said..].strip_prefix(' ')?;
    Some((signs, said, text))
}

/// An item, how deep it stands, and its lines.
struct Item<'a> {
    level: usize,
    numbered: bool,
    lines: Vec<&'a str>,
}

/// Reads a list: every line that begins none belongs to the item before it.
pub(super) fn list(reader: Reader<'_>, lines: &[&str], out: &mut Vec<Block>) {
    let attributed = |line: &&&str| marker(line).is_some_and(|(_, said, _)| said > 0);
    let read = |reader: Reader<'_>| {
        let items = items(lines);
        let mut at = 0;
        lists(reader, &items, &mut at, 0)
    };
    if lines.iter().any(|line| attributed(&line)) {
        return reader.opaque(lines, read, out);
    }
    out.extend(read(reader));
}

fn items<'a>(lines: &[&'a str]) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::new();
    // How many signs the items around have.
    let mut around: Vec<usize> = Vec::new();
    for line in lines {
        let Some((signs, _, text)) = marker(line) else {
            if let Some(item) = items.last_mut() {
                item.lines.push(line);
            }
            continue;
        };
        while around.len() > 1 && around.last().is_some_and(|last| *last > signs.len()) {
            around.pop();
        }
        let deeper = around.last().is_none_or(|last| *last < signs.len());
        if deeper && around.len() < MAX_DEPTH {
            around.push(signs.len());
        } else if let Some(last) = around.last_mut().filter(|_| !deeper) {
            *last = signs.len();
        }
        items.push(Item {
            level: around.len() - 1,
            numbered: signs.ends_with('#'),
            lines: vec![text],
        });
    }
    items
}

/// The lists from an item on that stand at a level.
fn lists(reader: Reader<'_>, items: &[Item<'_>], at: &mut usize, level: usize) -> Vec<Block> {
    let mut out: Vec<List> = Vec::new();
    while let Some(item) = items.get(*at) {
        if item.level < level {
            break;
        }
        if item.level > level {
            let inner = lists(reader, items, at, level + 1);
            if let Some(last) = out.last_mut().and_then(|list| list.items.last_mut()) {
                last.blocks.extend(inner);
            }
            continue;
        }
        let start = item.numbered.then_some(1);
        if out.last().is_none_or(|list| list.start != start) {
            out.push(List {
                start,
                items: Vec::new(),
            });
        }
        let blocks = reader.flow(&item.lines.join("\n"));
        if let Some(list) = out.last_mut() {
            list.items.push(ListItem { task: None, blocks });
        }
        *at += 1;
    }
    out.into_iter().map(Block::List).collect()
}
