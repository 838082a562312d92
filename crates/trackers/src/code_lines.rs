//! Code in the lines of a text, in Markdown and in Textile.

/// What code begins and ends with.
const FENCES: [(&str, &str); 3] = [("```", "```"), ("~~~", "~~~"), ("<pre", "</pre>")];

/// Which lines stand in code that ends, in either notation: people see what is there, and it is no marker of ours. Code that
/// nobody has ended would take the marker below it.
pub(crate) fn code_lines(lines: &[&str]) -> Vec<bool> {
    let mut inside = vec![false; lines.len()];
    let mut open: Option<(usize, &str)> = None;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        match open {
            None => {
                let begun = FENCES.iter().find(|(begin, _)| line.starts_with(begin));
                let ended = begun.filter(|(begin, end)| !line[begin.len()..].contains(end));
                open = ended.map(|(_, end)| (at, *end));
            }
            Some((from, end)) if ends_code(line, end) => {
                inside[from..=at].fill(true);
                open = None;
            }
            Some(_) => {}
        }
    }
    inside
}

/// Whether a line ends code: a fence is all that stands in its line.
fn ends_code(line: &str, end: &str) -> bool {
    match end.chars().next() {
        Some('<') => line.contains(end),
        fence => line.starts_with(end) && line.trim_end().chars().all(|c| Some(c) == fence),
    }
}
