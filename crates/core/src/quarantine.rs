//! Errors by cause and by who can mend them. Equal causes group to one line with a count.

use crate::digest::Digest;
use crate::rules::RuleError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What a cause asks of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again by itself, at backfill priority.
    Time,
    /// Wait for a new rule version or a person's retry.
    Rule,
    /// Wait for a person's retry or a change of the item.
    Person,
}

impl Cause {
    /// Who can mend it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Retry { .. } => Remedy::Time,
            Self::Rule { .. } => Remedy::Rule,
            Self::Refused { .. } | Self::Unclear { .. } | Self::Gone { .. } => Remedy::Person,
        }
    }

    /// What equal causes share: numbers, keys and quoted values are left out of the sentence, so that the same refusal
    /// of two items is one line.
    pub fn group(&self) -> Digest {
        let (kind, place, sentence) = match self {
            Self::Retry { reason } => ("retry", String::new(), reason),
            Self::Rule { file, line, reason } => {
                ("rule", format!("{file}:{}", line.unwrap_or(0)), reason)
            }
            Self::Refused { sentence } => ("refused", String::new(), sentence),
            Self::Unclear { reason } => ("unclear", String::new(), reason),
            Self::Gone { evidence } => ("gone", String::new(), evidence),
        };
        Digest::of_parts(&[kind, &place, &shape(sentence)])
    }
}

impl From<&RuleError> for Cause {
    fn from(error: &RuleError) -> Self {
        Self::Rule {
            file: error.file.clone(),
            line: error.line,
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

/// One line of `twinline errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<T> {
    /// One of the causes, to show.
    pub cause: Cause,
    /// The twins held back by it.
    pub twins: Vec<T>,
}

/// Groups quarantined twins by cause, greatest group first, then by the cause's own order.
pub fn grouped<T>(quarantined: impl IntoIterator<Item = (T, Cause)>) -> Vec<Group<T>> {
    let mut groups = BTreeMap::<Digest, Group<T>>::new();
    for (twin, cause) in quarantined {
        let group = groups.entry(cause.group()).or_insert_with(|| Group {
            cause,
            twins: Vec::new(),
        });
        group.twins.push(twin);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|one, other| {
        let by_size = other.twins.len().cmp(&one.twins.len());
        by_size.then_with(|| one.cause.cmp(&other.cause))
    });
    groups
}

#[cfg(test)]
#[path = "quarantine_tests.rs"]
mod tests;
