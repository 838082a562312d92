//! Tidiness that no other tool checks: file lengths, tests that are switched off, paths of a machine, disk and network
//! where they must not be reached directly.

use crate::{root, run};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// No source file is longer than this, in lines.
const FILE_MAX_LINES: usize = 1000;

/// Texts that must not stand in a Rust file. Split so that this list does not find itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        concat!("#[", "ignore"),
        "a test that does not run proves nothing",
    ),
    (concat!("todo", "!("), "finish it"),
    (concat!("unimplemented", "!("), "finish it"),
    (concat!("#[", "allow("), "use #[expect(…, reason = \"…\")]"),
];

/// Sources that reach disk, network and processes through handles only, so that a simulation can replace them.
const SEALED: &[&str] = &["crates/core/src/", "crates/engine/src/"];

/// What reaches them directly. A list in braces could hide one.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::{",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::{",
];

/// Beginnings of absolute paths that belong to one machine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
];

/// Every finding, as `file:line: what`.
pub(super) fn check() -> Result<Vec<String>> {
    let mut listing = Command::new("git");
    listing
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root());
    let mut found = Vec::new();
    for name in run::quietly(&mut listing)?.lines() {
        let path = root().join(name);
        if !path.is_file() || name.ends_with(".lock") {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {name}"))?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            examine(name, text, &mut found);
        }
    }
    Ok(found)
}

fn examine(name: &str, text: &str, found: &mut Vec<String>) {
    let rust = name.ends_with(".rs");
    // A test makes folders of its own.
    let sealed = rust && !name.contains("tests") && SEALED.iter().any(|of| name.starts_with(of));
    let lines = text.lines().count();
    if rust && lines > FILE_MAX_LINES {
        found.push(format!("{name}: {lines} lines, at most {FILE_MAX_LINES}"));
    }
    for (number, line) in text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
    {
        for (forbidden, why) in FORBIDDEN
            .iter()
            .filter(|(forbidden, _)| rust && line.contains(forbidden))
        {
            found.push(format!("{name}:{number}: '{forbidden}': {why}"));
        }
        for outside in OUTSIDE
            .iter()
            .filter(|outside| sealed && line.contains(*outside))
        {
            found.push(format!("{name}:{number}: '{outside}': disk, network and processes are reached through handles"));
        }
        if MACHINE_PATHS.iter().any(|path| starts_a_path(line, path)) {
            found.push(format!("{name}:{number}: a path of one machine"));
        }
    }
}

/// Whether `path` stands in the line as the beginning of an absolute path, and not in the middle of a URL or name.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '/' | '}' | '-' | '_'))
            && after.is_some_and(|c| c.is_alphanumeric() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_in(name: &str, text: &str, findings: usize) {
        let mut found = Vec::new();
        examine(name, text, &mut found);
        assert_eq!(found.len(), findings, "{name}: {text}: {found:?}");
    }

    fn check(text: &str, findings: usize) {
        check_in("a.rs", text, findings);
    }

    #[test]
    fn finds_disk_and_network_where_they_must_not_be() {
        for text in [
            "use std::fs;",
            "tokio::net::TcpStream::connect(at)",
            "use std::{fs, io};",
        ] {
            check_in("crates/core/src/a.rs", text, 1);
            check_in("crates/engine/src/job/a.rs", text, 1);
            check_in("crates/engine/src/job/a_tests.rs", text, 0);
            check_in("crates/store/src/a.rs", text, 0);
        }
        check_in("crates/core/src/a.rs", "use std::fmt;", 0);
    }

    #[test]
    fn finds_what_must_not_stay() {
        check("fn f() {}", 0);
        check(concat!("#[", "ignore]"), 1);
        check(concat!("let p = \"/wo", "rk/x\";"), 1);
        check(concat!("https://example.org/wo", "rk/items"), 0);
        check(&"x\n".repeat(FILE_MAX_LINES + 1), 1);
    }
}
