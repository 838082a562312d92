//! Errors by cause and by what can mend them. Equal causes have one group, which is one line with a count.

use crate::digest::Digest;
use crate::rules::RuleError;
use serde::{Deserialize, Serialize};

/// Why one twin is held back. Stores the cause, never a payload: what is shown and released is planned again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Network, 429, 5xx, given up after the last attempt. Mended by time.
    Retry {
        /// What failed last.
        reason: String,
    },
    /// The map or a script failed or rejected. Mended by the rule's author.
    Rule {
        /// The file in the rules folder.
        file: String,
        /// The line, from 1.
        line: Option<u32>,
        /// The column, from 1; causes of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<u32>,
        /// What happened.
        reason: String,
    },
    /// The tracker's validation refused the write. Mended by whoever reads its sentence.
    Refused {
        /// The tracker's sentence.
        sentence: String,
    },
    /// An attempt with unknown outcome that the tracker cannot tell about.
    Unclear {
        /// Why it cannot.
        reason: String,
    },
    /// The item is gone, where the policy needs it.
    Gone {
        /// The evidence.
        evidence: String,
    },
}

/// What kind of cause: all that is stored of it besides its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Cause::Retry`].
    Retry,
    /// [`Cause::Rule`].
    Rule,
    /// [`Cause::Refused`].
    Refused,
    /// [`Cause::Unclear`].
    Unclear,
    /// [`Cause::Gone`].
    Gone,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Retry,
        Self::Rule,
        Self::Refused,
        Self::Unclear,
        Self::Gone,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Rule => "rule",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
            Self::Gone => "gone",
        }
    }

    /// The kind of a group by its stored name ([`Cause::group_name`]).
    pub fn of_group(name: &str) -> Option<Self> {
        let (word, _) = name.split_once('-')?;
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether a change of the item, or of the rules, may mend it: then the twin is tried again by itself.
    pub const fn is_mended_by_change(self) -> bool {
        match self {
            Self::Retry | Self::Rule | Self::Refused => true,
            Self::Unclear | Self::Gone => false,
        }
    }

    /// Whether it may have passed: then every look at the twin tries it again, an audit's too. What is unclear is only
    /// asked about again; nothing is planned before the tracker knows.
    pub const fn is_mended_by_time(self) -> bool {
        match self {
            Self::Retry | Self::Unclear => true,
            Self::Rule | Self::Refused | Self::Gone => false,
        }
    }
}

impl Cause {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Retry { .. } => Kind::Retry,
            Self::Rule { .. } => Kind::Rule,
            Self::Refused { .. } => Kind::Refused,
            Self::Unclear { .. } => Kind::Unclear,
            Self::Gone { .. } => Kind::Gone,
        }
    }

    /// What equal causes share, as stored: the kind, then the group.
    pub fn group_name(&self) -> String {
        format!("{}-{}", self.kind().word(), &self.group().as_str()[..12])
    }

    /// What equal causes share: numbers, keys and quoted values are left out of the sentence, so that the same refusal
    /// of two items is one line.
    fn group(&self) -> Digest {
        let (place, sentence) = match self {
            // Without the column: the line says enough, and groups keep their names.
            Self::Rule {
                file, line, reason, ..
            } => (format!("{file}:{}", line.unwrap_or(0)), reason),
            Self::Retry { reason } | Self::Unclear { reason } => (String::new(), reason),
            Self::Refused { sentence } => (String::new(), sentence),
            Self::Gone { evidence } => (String::new(), evidence),
        };
        Digest::of_parts(&[self.kind().word(), &place, &shape(sentence)])
    }
}

impl From<&RuleError> for Cause {
    fn from(error: &RuleError) -> Self {
        Self::Rule {
            file: error.file.clone(),
            line: error.line,
            column: error.column,
            reason: error.reason.clone(),
        }
    }
}

/// A sentence without what differs from item to item: words with digits become `#`, quoted parts `…`.
fn shape(sentence: &str) -> String {
    let mut unquoted = String::with_capacity(sentence.len());
    for (index, part) in sentence.split(['"', '\'', '`']).enumerate() {
        unquoted.push_str(if index % 2 == 0 { part } else { "…" });
    }
    let words = unquoted.split_whitespace().map(|word| {
        if word.chars().any(|letter| letter.is_ascii_digit()) {
            "#"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "quarantine_tests.rs"]
mod tests;
