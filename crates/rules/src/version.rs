//! Rule versions: what was published, so that it can be run again, compared and rolled back to.

#[cfg(test)]
mod tests;

use crate::compiled::CompiledRules;
use crate::describe::SideDescription;
use crate::finding::Finding;
use crate::parse::parse;
use crate::script::ScriptRunner;
use crate::source::{RuleSources, SourceFile};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use twinline_core::digest::Digest;
use twinline_core::names::{Side, Sides};

/// Longer texts are compared as wholes: the comparison takes memory by the product of their lines.
const DIFF_LINES_MAX: usize = 4000;

/// All that one published version is made of: every text, and the descriptions that pin its names to ids. Store it as
/// JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The map and the scripts.
    pub sources: RuleSources,
    /// Both sides as they were when the version was published.
    pub descriptions: Sides<SideDescription>,
}

impl Snapshot {
    /// What the version is known by: map, tables, scripts, and what the trackers' names and options stand for. Two
    /// snapshots with one digest mean the same rules. Not what a workflow was seen to allow: it is learnt bit by bit, and
    /// serves `check` only.
    pub fn digest(&self) -> Digest {
        let script = |side: Side| {
            let script = self.sources.scripts.get(side).as_ref();
            script.map_or("", |script| script.text.as_str())
        };
        Digest::of_parts(&[
            &self.sources.map.text,
            script(Side::Left),
            script(Side::Right),
            &self.described(Side::Left),
            &self.described(Side::Right),
        ])
    }

    /// What a side's names stand for, in one text.
    fn described(&self, side: Side) -> String {
        let mut description = self.descriptions.get(side).clone();
        for status in &mut description.statuses {
            status.leads_to = None;
            status.demands.clear();
        }
        description.statuses.sort_by(|a, b| a.status.cmp(&b.status));
        description.users.sort();
        serde_json::to_string(&description).expect("a description is JSON")
    }

    /// Makes the version ready to run.
    ///
    /// # Errors
    /// When the map is not one that this release can read.
    pub fn compile(
        &self,
        version: u32,
        runner: Arc<dyn ScriptRunner>,
    ) -> Result<CompiledRules, Vec<Finding>> {
        let rules = parse(&self.sources.map)?;
        let descriptions = self.descriptions.clone();
        Ok(CompiledRules::new(
            rules,
            &self.sources,
            descriptions,
            version,
            runner,
        ))
    }

    /// What changed from `older` to this version: for each file that differs, its name and the lines, removed ones after
    /// `-`, added ones after `+`, with three lines around each change; then a line for each side that its tracker
    /// describes otherwise. Empty: the same.
    pub fn diff(&self, older: &Self) -> String {
        let none = SourceFile::new("", "");
        let mut text = file_diff(&older.sources.map, &self.sources.map);
        for side in Side::BOTH {
            let old = older.sources.scripts.get(side).as_ref().unwrap_or(&none);
            let new = self.sources.scripts.get(side).as_ref().unwrap_or(&none);
            text.push_str(&file_diff(old, new));
        }
        for side in Side::BOTH {
            if self.described(side) != older.described(side) {
                let what = "its tracker's fields, options, statuses or people are others now";
                text.push_str(&format!("{side} side: {what}\n"));
            }
        }
        text
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

fn file_diff(old: &SourceFile, new: &SourceFile) -> String {
    if old.text == new.text {
        return String::new();
    }
    let edits = edits(&old.text, &new.text);
    let changes: Vec<usize> = (0..edits.len())
        .filter(|at| !matches!(edits[*at], Edit::Same(_)))
        .collect();
    let near = |at: usize| {
        let after = changes.partition_point(|change| *change + 3 < at);
        changes.get(after).is_some_and(|change| *change <= at + 3)
    };
    let name = if new.name.is_empty() {
        &old.name
    } else {
        &new.name
    };
    let mut text = format!("{name}\n");
    let mut skipped = false;
    for (at, edit) in edits.iter().enumerate() {
        let (mark, line) = match edit {
            Edit::Same(_) if !near(at) => {
                skipped = true;
                continue;
            }
            Edit::Same(line) => (' ', line),
            Edit::Removed(line) => ('-', line),
            Edit::Added(line) => ('+', line),
        };
        if std::mem::take(&mut skipped) {
            text.push_str("  …\n");
        }
        text.push(mark);
        text.push(' ');
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The shortest list of edits by lines (longest common subsequence).
fn edits<'a>(old: &'a str, new: &'a str) -> Vec<Edit<'a>> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    if old.len() > DIFF_LINES_MAX || new.len() > DIFF_LINES_MAX {
        let removed = old.into_iter().map(Edit::Removed);
        return removed.chain(new.into_iter().map(Edit::Added)).collect();
    }
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push(Edit::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            edits.push(Edit::Removed(old[i]));
            i += 1;
        } else {
            edits.push(Edit::Added(new[j]));
            j += 1;
        }
    }
    edits
}
