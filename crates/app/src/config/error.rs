//! What is wrong with a configuration, and where.

use std::ops::Range;
use std::path::Path;

/// A configuration that cannot be used: names file, line, column, key and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConfigError {
    /// `twinline.toml:12:3`, or the key.
    pub place: String,
    /// What is wrong and what to write instead.
    pub reason: String,
}

impl ConfigError {
    pub(super) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            place: path.display().to_string(),
            reason: reason.into(),
        }
    }

    pub(super) fn key(path: &Path, key: &str, reason: impl Into<String>) -> Self {
        Self {
            place: format!("{}: {key}", path.display()),
            reason: reason.into(),
        }
    }

    pub(super) fn secret(what: &str, reason: String) -> Self {
        Self {
            place: what.to_owned(),
            reason,
        }
    }

    /// From what the TOML reader says, with line and column, and a suggestion for an unknown key.
    pub(super) fn toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self::read(path, text, error.span(), error.message())
    }

    /// The same from its parts.
    pub(super) fn read(path: &Path, text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        let at = span.map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let place = format!("{}:{line}:{column}", path.display());
        Self {
            place,
            reason: suggest(message),
        }
    }
}

/// Adds "did you mean" to serde's sentence about an unknown key or word.
fn suggest(message: &str) -> String {
    let unknown = [("unknown field `", "key"), ("unknown variant `", "value")];
    let found = unknown
        .into_iter()
        .find_map(|(begins, what)| Some((what, message.strip_prefix(begins)?)));
    let Some((what, rest)) = found else {
        return message.to_owned();
    };
    let Some((unknown, rest)) = rest.split_once('`') else {
        return message.to_owned();
    };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    format!(
        "there is no {what} '{unknown}' here: {}",
        alternative(unknown, what, &known)
    )
}

/// What somebody may have meant who wrote `unknown`, else all that there is.
pub(super) fn alternative(unknown: &str, what: &str, known: &[&str]) -> String {
    let distances = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(unknown, word), *word));
    match distances.min() {
        // With every letter another it is no slip of the pen.
        Some((distance, word)) if distance <= 3 && distance < unknown.len().min(word.len()) => {
            format!("did you mean '{word}'?")
        }
        _ => format!("the {what}s are {}", known.join(", ")),
    }
}
