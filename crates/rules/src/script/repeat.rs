//! A module's text as a function that can be called again and again: each call evaluates the top level afresh, so that
//! nothing that a script keeps outside its functions reaches the next call.
//!
//! QuickJS evaluates a module once, and a fresh context for each call costs five times as much as the call. A function
//! body differs from a module by its `export`s alone, and those that rules are written with stand at the beginning of a
//! line. Every other form, and every text in which such a line may be something else, is left to the caller, who then
//! loads the whole program for each call.

use std::collections::BTreeSet;

/// What stands before the module's text on its first line, and its length in columns.
const HEAD: &str = "(function(){";
pub(super) const BEFORE: u32 = 12;

/// The expression of a function that gives the module's exports; `None` when the text is not surely such a one.
/// `exported` are the names that the module really exports.
pub(super) fn factory(text: &str, exported: &BTreeSet<String>) -> Option<String> {
    // A function body knows comments that a module does not.
    if text.contains("<!--") || text.contains("-->") {
        return None;
    }
    let mut body = String::with_capacity(text.len() + 64);
    let mut names = Vec::new();
    for line in text.split_inclusive('\n') {
        let declared = line.trim_start();
        let Some(rest) = declared.strip_prefix("export") else {
            body.push_str(line);
            continue;
        };
        names.push(name(rest)?);
        // Blanks in its stead, so that lines and columns stay where they were.
        body.push_str(&line[..line.len() - declared.len()]);
        body.push_str("      ");
        body.push_str(rest);
    }
    let all: BTreeSet<&str> = names.iter().copied().collect();
    let same = all.len() == names.len() && all.iter().copied().eq(exported);
    // Getters, since what a module exports are its variables.
    let live = names
        .iter()
        .map(|name| format!("get {name}(){{return {name}}}"));
    let live: Vec<String> = live.collect();
    same.then(|| format!("{HEAD}{body}\nreturn {{{}}}}})", live.join(",")))
}

/// The name that ` function NAME`, ` async function NAME`, ` const NAME` and the like declare.
fn name(rest: &str) -> Option<&str> {
    let rest = word(rest)?;
    let rest = rest.strip_prefix("async").and_then(word).unwrap_or(rest);
    let kinds = ["function", "const", "let", "var", "class"];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let rest = word(rest)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let plain = after.starts_with([' ', '\t', '(', '=', ';', '{', '\r', '\n']);
    (plain && !name.is_empty()).then_some(name)
}

/// What follows the blanks, of which there is at least one.
fn word(rest: &str) -> Option<&str> {
    let after = rest.trim_start_matches([' ', '\t']);
    (after.len() < rest.len()).then_some(after)
}

#[cfg(test)]
#[path = "repeat_tests.rs"]
mod tests;
