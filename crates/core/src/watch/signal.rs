//! What a probe, another monitoring system or a peer says about one subject.

use crate::watch::element::{Element, Path};
use serde::{Deserialize, Serialize};

/// How soon a person must look. The gravest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth keeping, never worth an incident.
    Info,
    /// In working hours.
    Warning,
    /// Now.
    Critical,
}

impl Severity {
    /// `critical`
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Whether the subject does what it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It does.
    Passing,
    /// It does not.
    Failing {
        /// How bad that is, seen alone.
        severity: Severity,
        /// All elements that may be the reason: those on the way that failed. The subject belongs to them anyway.
        implicates: Path,
        /// One line for a person, without secrets.
        summary: String,
    },
}

/// What the sources begin with that are other monitoring's.
const INBOUND: [&str; 2] = ["alertmanager/", "signals/"];

/// Whether a source is other monitoring. It repeats that something fails, and its word that it does not is about that very
/// failure: it proves nothing of the subject.
pub fn is_inbound(source: &str) -> bool {
    INBOUND.iter().any(|begins| source.starts_with(begins))
}

/// One source's word about one subject; its next word about the same subject replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Who says it: a probe's name, `alertmanager/<fingerprint>`, `signals/<source>/<id>`, a peer.
    pub source: String,
    /// What it says it about.
    pub subject: Element,
    /// What it says.
    pub state: State,
}
