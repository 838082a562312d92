//! The rules folder: every `*.toml` in it is one connection.

use crate::exit::{CONFIGURATION, Coded};
use std::path::Path;
use twinline_rules::finding::{Finding, suggest};
use twinline_rules::model::RuleSet;
use twinline_rules::parse;
use twinline_rules::source::RuleSources;

/// One rules file, read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its name in the rules folder.
    pub file: String,
    /// The rules with their texts, or every error that they have.
    pub rules: Result<(RuleSet, RuleSources), Vec<Finding>>,
}

impl Loaded {
    fn is(&self, connection: &str) -> bool {
        match &self.rules {
            Ok((rules, _)) => rules.name.value.as_str() == connection,
            // Its name could not be read: by convention the file is called after the connection.
            Err(_) => self.file.strip_suffix(".toml") == Some(connection),
        }
    }
}

/// Reads the rules folder, in the order of the files' names; only one connection where it is named.
///
/// # Errors
/// The folder cannot be read or holds no rules; there is no such connection in it.
pub fn load(folder: &Path, only: Option<&str>) -> Result<Vec<Loaded>, Coded> {
    let mut loaded = all(folder)?;
    if let Some(name) = only {
        let known: Vec<String> = loaded
            .iter()
            .map(|one| one.file.replace(".toml", ""))
            .collect();
        loaded.retain(|one| one.is(name));
        if loaded.is_empty() {
            let way_out = suggest(name, known.iter().map(String::as_str));
            let sentence = format!(
                "{}: no rules are named '{name}': {way_out}",
                folder.display()
            );
            return Err(Coded::new(CONFIGURATION, sentence));
        }
    }
    if loaded.is_empty() {
        let sentence = format!(
            "{}: there are no rules: write a file NAME.toml, or start with 'twinline init'",
            folder.display()
        );
        return Err(Coded::new(CONFIGURATION, sentence));
    }
    Ok(loaded)
}

/// Reads all that stands in the rules folder, which may be nothing yet.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn load_any(folder: &Path) -> Result<Vec<Loaded>, Coded> {
    if matches!(std::fs::exists(folder), Ok(false)) {
        return Ok(Vec::new());
    }
    all(folder)
}

fn all(folder: &Path) -> Result<Vec<Loaded>, Coded> {
    let mut files = names(folder)?;
    files.sort();
    let loaded = files.into_iter().map(|file| Loaded {
        rules: parse::load(folder, &file),
        file,
    });
    Ok(loaded.collect())
}

fn names(folder: &Path) -> Result<Vec<String>, Coded> {
    let unreadable = |error: std::io::Error| {
        let sentence = format!(
            "the rules folder {} cannot be read ({error}): set 'rules' in the configuration, or start with 'twinline init'",
            folder.display()
        );
        Coded::new(CONFIGURATION, sentence)
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    Ok(names)
}
