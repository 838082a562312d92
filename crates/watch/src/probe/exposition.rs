//! Reading figures out of OpenMetrics text.

use std::collections::BTreeMap;

/// One line: its labels and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// All figures of this name.
pub(super) fn figures(text: &str, name: &str) -> Vec<Figure> {
    text.lines().filter_map(|line| read(line, name)).collect()
}

fn read(line: &str, name: &str) -> Option<Figure> {
    let rest = line.strip_prefix(name)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        None => (BTreeMap::new(), rest),
        Some(rest) => labels(rest)?,
    };
    let mut words = rest.strip_prefix(' ')?.split(' ');
    let value = words.next()?.parse().ok()?;
    Some(Figure { labels, value })
}

/// `name="value",…}` and what follows; `\"`, `\\` and `\n` stand for what they say.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut found = BTreeMap::new();
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((found, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut signs = after.char_indices();
        let end = loop {
            match signs.next()? {
                (_, '\\') => match signs.next()? {
                    (_, 'n') => value.push('\n'),
                    (_, sign) => value.push(sign),
                },
                (at, '"') => break at,
                (_, sign) => value.push(sign),
            }
        };
        found.insert(name.to_owned(), value);
        rest = after.get(end + 1..)?;
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}
