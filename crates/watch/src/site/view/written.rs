//! A longer text of a person, written in Markdown: headings, lists and paragraphs are shown as such. All else stands there as
//! it was written, and nothing of it becomes markup.

/// The levels of headings on a page: below that of the section that the text stands in.
const ABOVE: usize = 2;
const LEVEL_MAX: usize = 6;
/// Markdown knows no deeper ones.
const MARKS_MAX: usize = 6;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading, of level 3 to 6.
    Heading { level: usize, text: String },
    /// The items of a list.
    List { items: Vec<String> },
    /// Lines, with their breaks.
    Paragraph { text: String },
}

/// What the text consists of. No level of headings is left out, whatever the text begins with: whoever has the page read out
/// goes from one to the next. `title`: what the page is called anyway, and need not be said again at the beginning.
pub(super) fn blocks(text: &str, title: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above: Vec<usize> = Vec::new();
    // Whether the next line may belong to the block before.
    let mut goes_on = false;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() {
            goes_on = false;
        } else if let Some((marks, words)) = heading(line) {
            goes_on = false;
            if blocks.is_empty() && words == title {
                continue;
            }
            above.retain(|it| *it < marks);
            above.push(marks);
            blocks.push(Block::Heading {
                level: (ABOVE + above.len()).min(LEVEL_MAX),
                text: words.to_owned(),
            });
        } else if let Some(words) = item(line) {
            match blocks.last_mut() {
                Some(Block::List { items }) => items.push(words.to_owned()),
                _ => blocks.push(Block::List {
                    items: vec![words.to_owned()],
                }),
            }
            goes_on = true;
        } else {
            follow(&mut blocks, line, goes_on);
            goes_on = true;
        }
    }
    blocks
}

/// A line that begins nothing by itself: it goes on with what was before, or is a paragraph's first.
fn follow(blocks: &mut Vec<Block>, line: &str, goes_on: bool) {
    match blocks.last_mut().filter(|_| goes_on) {
        Some(Block::Paragraph { text }) => {
            text.push('\n');
            text.push_str(line);
        }
        Some(Block::List { items }) if line.starts_with("  ") => {
            if let Some(last) = items.last_mut() {
                last.push(' ');
                last.push_str(line.trim_start());
            }
        }
        _ => blocks.push(Block::Paragraph {
            text: line.to_owned(),
        }),
    }
}

/// `## words`: how many marks, and the words.
fn heading(line: &str) -> Option<(usize, &str)> {
    let words = line.trim_start_matches('#');
    let marks = line.len() - words.len();
    let words = words.strip_prefix(' ')?.trim();
    ((1..=MARKS_MAX).contains(&marks) && !words.is_empty()).then_some((marks, words))
}

/// `- words` or `* words`.
fn item(line: &str) -> Option<&str> {
    let words = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    words.map(str::trim).filter(|words| !words.is_empty())
}

#[cfg(test)]
#[path = "written_tests.rs"]
mod tests;
