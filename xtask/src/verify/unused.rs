//! Dependencies that a manifest names and no line of the crate does. What only tests use is a development dependency.

use super::crates::{packages, text};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use walkdir::WalkDir;

/// The lines of one crate, as far as they are code.
struct Code {
    /// What ships.
    shipped: String,
    /// That and the tests.
    all: String,
}

/// Every dependency of ours that is not used.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for package in packages(metadata).filter(|package| package["source"].is_null()) {
        let manifest = Path::new(text(package, "manifest_path"));
        let folder = manifest.parent().context("a manifest lies in no folder")?;
        let code = read(folder)?;
        for used in package["dependencies"].as_array().into_iter().flatten() {
            let name = text(used, "name");
            let (code, way_out) = match used["kind"].as_str() {
                None => (
                    &code.shipped,
                    "remove it, or make it a development dependency",
                ),
                Some("dev") => (&code.all, "remove it"),
                Some(_) => continue,
            };
            if !names(code, &name.replace('-', "_")) {
                found.push(format!(
                    "{}: nothing uses {name}: {way_out}",
                    text(package, "name")
                ));
            }
        }
    }
    Ok(found)
}

fn read(folder: &Path) -> Result<Code> {
    let mut code = Code {
        shipped: String::new(),
        all: String::new(),
    };
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.context("walking a crate")?;
        let path = entry
            .path()
            .strip_prefix(folder)
            .context("walking a crate")?;
        let is_code = path.starts_with("src") || path.starts_with("tests");
        if !is_code || path.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let file = std::fs::read_to_string(entry.path())
            .with_context(|| format!("reading {}", path.display()))?;
        let lines = file
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        if !is_test(path) {
            let shipped = lines.split("#[cfg(test)]\nmod tests {").next();
            code.shipped.push_str(shipped.unwrap_or_default());
        }
        code.all.push_str(&lines);
    }
    Ok(code)
}

/// Whether a file holds tests only.
fn is_test(path: &Path) -> bool {
    let mut parts = path.iter().map(|part| part.to_string_lossy());
    parts.any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// Whether code names a crate: as the beginning of a path, or in a `use` of its own.
fn names(code: &str, krate: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(krate).any(|(at, _)| {
        let begins = !code[..at].ends_with(|c: char| of_word(c) || c == ':');
        let rest = &code[at + krate.len()..];
        begins
            && ["::", ";", " as ", "!"]
                .iter()
                .any(|next| rest.starts_with(next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, named: bool) {
        assert_eq!(names(code, "futures_util"), named, "{code}");
    }

    #[test]
    fn a_crate_is_named_by_a_path_or_a_use() {
        check("use futures_util::stream;", true);
        check("    futures_util::stream::iter(parts)", true);
        check("use futures_util as futures;", true);
        check("let futures_util = 1", false);
        check("use my_futures_util::stream;", false);
        check("use other::futures_util::stream;", false);
        check("use futures_util_more::stream;", false);
    }

    #[test]
    fn files_of_tests_are_told_from_what_ships() {
        for (path, test) in [
            ("src/lib.rs", false),
            ("src/contest.rs", false),
            ("src/tests.rs", true),
            ("src/a/tests/b.rs", true),
            ("src/a_tests.rs", true),
            ("tests/app/main.rs", true),
        ] {
            assert_eq!(is_test(Path::new(path)), test, "{path}");
        }
    }
}
