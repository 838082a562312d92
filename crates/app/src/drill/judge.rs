//! Whether both sides are as the edits say, by the simulators' own state, not by what Twinline says of itself.

use super::load::Wanted;
use super::trackers::{Trackers, name};
use twinline_sim::DumpItem;

/// What is not as it should be, a sentence each.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Items that are on both sides.
    pub(super) twins: usize,
    /// Edits and items that are missing on a side.
    pub(super) lost: Vec<String>,
    /// Items and comments that are there more than once.
    pub(super) duplicated: Vec<String>,
}

impl Verdict {
    pub(super) const fn is_in_step(&self) -> bool {
        self.lost.is_empty() && self.duplicated.is_empty()
    }
}

/// Looks at all trackers.
pub(super) fn judge(trackers: &Trackers, wanted: &[Wanted]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut sides = Vec::new();
    for node in 0..trackers.count() {
        let (items, doubled) = trackers.items(node);
        let tell = |number: usize| format!("{} has item [{number}] more than once", name(node));
        verdict.duplicated.extend(doubled.into_iter().map(tell));
        sides.push(items);
    }
    for (number, wanted) in wanted.iter().enumerate() {
        let mut there = 0;
        for node in [wanted.connection * 2, wanted.connection * 2 + 1] {
            match sides[node].get(&number) {
                None => verdict
                    .lost
                    .push(format!("item [{number}] is missing in {}", name(node))),
                Some(item) => {
                    there += 1;
                    compare(&name(node), item, wanted, &mut verdict);
                }
            }
        }
        verdict.twins += usize::from(there == 2);
    }
    verdict
}

fn compare(node: &str, item: &DumpItem, wanted: &Wanted, verdict: &mut Verdict) {
    let mut lost = |what: String| verdict.lost.push(format!("{node} {}: {what}", item.key));
    if wanted.title != item.title {
        lost(format!("the title is '{}'", item.title));
    }
    if let Some(mark) = wanted
        .body
        .as_ref()
        .filter(|mark| !item.body.contains(*mark))
    {
        lost(format!("the text lacks {mark}"));
    }
    for mark in &wanted.comments {
        let with = item.comments.iter();
        match with.filter(|comment| comment.body.contains(mark)).count() {
            0 => lost(format!("the comment {mark} is missing")),
            1 => {}
            more => verdict.duplicated.push(format!(
                "{node} {}: the comment {mark} is there {more} times",
                item.key
            )),
        }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
