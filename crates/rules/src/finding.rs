//! Findings: what is wrong in a rules file, where, and the way out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rules cannot be published.
    Error,
    /// The rules can be published, and something probably is not meant so.
    Warning,
    /// Good to know.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// A line and a column in one file, both counted from 1; the column counts characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file's name in the rules folder.
    pub file: String,
    /// Where in the file.
    pub spot: Spot,
    /// What is wrong, with the value that is wrong.
    pub what: String,
    /// What to do about it.
    pub way_out: String,
}

impl Finding {
    /// Whether it forbids publishing.
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spot { line, column } = self.spot;
        write!(
            f,
            "{}:{line}:{column}: {}: {}; {}",
            self.file, self.severity, self.what, self.way_out
        )
    }
}

/// The known name that is most like `given`, if one is near enough to be a slip of the pen.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let scored = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.8).then_some(best.1)
}

/// `did you mean 'NAME'?`, or the list of what is known, shortened to 12 names.
pub fn suggest<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(given, known.clone()) {
        return format!("did you mean '{name}'?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    match names.len() {
        0 => "none is known here".to_owned(),
        1..=12 => format!("known here: {}", names.join(", ")),
        more => format!(
            "known here: {} and {} more",
            names[..12].join(", "),
            more - 12
        ),
    }
}
