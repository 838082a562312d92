//! Whether both sides are as the edits say, by the simulators' own state.

use super::script::{Script, Wanted, find, tag_of};
use super::world::{Both, Place};
use std::collections::{BTreeMap, BTreeSet};
use twinline_sim::{Dump, DumpItem};

/// What is not as it should be.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Items that are on both sides.
    pub(super) twins: usize,
    /// Edits that are missing on a side, each with a sentence.
    pub(super) lost: Vec<String>,
    /// Items and comments that are there more than once on a side.
    pub(super) duplicated: Vec<String>,
    /// The items that lack something, by their keys.
    pub(super) items: BTreeSet<String>,
}

impl Verdict {
    /// Whether both sides are in step.
    pub(super) fn converged(&self) -> bool {
        self.lost.is_empty() && self.duplicated.is_empty()
    }
}

/// Looks at both sides.
pub(super) fn judge(both: &Both, script: &Script) -> Verdict {
    let mut verdict = Verdict::default();
    for (tag, wanted) in &script.wanted {
        let mut sides = 0;
        for (place, dump) in both {
            match find(dump, tag) {
                None => verdict.lost.push(format!("{tag} is missing at {place:?}")),
                Some(item) => {
                    sides += 1;
                    compare(*place, item, wanted, &mut verdict);
                }
            }
        }
        verdict.twins += usize::from(sides == 2);
    }
    for (place, dump) in both {
        doubled(*place, dump, &mut verdict);
    }
    verdict
}

fn compare(place: Place, item: &DumpItem, wanted: &Wanted, verdict: &mut Verdict) {
    let mut lost = |what: String| {
        verdict.items.insert(item.key.clone());
        verdict.lost.push(format!("{place:?} {}: {what}", item.key));
    };
    if wanted
        .title
        .as_ref()
        .is_some_and(|title| *title != item.title)
    {
        lost(format!("the title is '{}'", item.title));
    }
    if let Some(word) = wanted
        .body
        .as_ref()
        .filter(|word| !item.body.contains(*word))
    {
        lost(format!("the text lacks {word}"));
    }
    for label in wanted
        .labels
        .iter()
        .filter(|label| !item.labels.contains(label))
    {
        lost(format!("the label {label} is missing"));
    }
    let closed = matches!(item.status.as_str(), "closed:completed" | "Done");
    if wanted.closed != closed {
        lost(format!("the status is '{}'", item.status));
    }
    for word in &wanted.comments {
        match item
            .comments
            .iter()
            .filter(|comment| comment.body.contains(word))
            .count()
        {
            0 => lost(format!("the comment {word} is missing")),
            1 => {}
            more => verdict.duplicated.push(format!(
                "{place:?} {}: the comment {word} is there {more} times",
                item.key
            )),
        }
    }
}

fn doubled(place: Place, dump: &Dump, verdict: &mut Verdict) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for item in dump.items.iter().filter(|item| !item.deleted) {
        if let Some(tag) = tag_of(&item.title) {
            *seen.entry(tag).or_default() += 1;
        }
    }
    for (tag, times) in seen.into_iter().filter(|(_, times)| *times > 1) {
        verdict
            .duplicated
            .push(format!("{place:?} has {tag} {times} times"));
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
