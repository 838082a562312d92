//! The review file of `link --match`: what was found, for a person with a spreadsheet.
//!
//! A line that says `yes` under `link` is a pair that `link --csv` links; every other line is there to be read. What is
//! ambiguous says `no`, and has no right key until a person writes one.

use super::matches::Found;
use crate::exit::{Coded, FAILED, USAGE};
use anyhow::{Context as _, Result};
use std::fs::Permissions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::Builder;
use twinline_core::matching::Matching;
use twinline_core::names::{Side, Sides};

/// The headings, by which `link --csv` knows such a file.
pub(super) const HEADINGS: [&str; 6] =
    ["link", "left", "right", "left_title", "right_title", "note"];
/// What links a line.
pub(super) const YES: &str = "yes";
/// What does not.
pub(super) const NO: &str = "no";

/// Candidates that one line names.
const NAMED_MAX: usize = 10;
/// By this spreadsheets know that the letters are UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What was found.
pub(super) struct Review<'a> {
    pub(super) found: &'a Sides<Found>,
    pub(super) matching: &'a Matching,
}

impl Review<'_> {
    /// The file: pairs, then what is ambiguous, then counts.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(BYTE_ORDER_MARK.to_vec());
        csv.write_record(HEADINGS)?;
        for pair in &self.matching.pairs {
            let (left, right) = (
                self.item(Side::Left, pair.left),
                self.item(Side::Right, pair.right),
            );
            csv.write_record([
                YES,
                left.0,
                right.0,
                &harmless(left.1),
                &harmless(right.1),
                // Not empty: spreadsheets leave out columns at the end that are.
                "match",
            ])?;
        }
        for group in &self.matching.ambiguous {
            for place in &group.left {
                let (key, title) = self.item(Side::Left, *place);
                let note = self.ambiguity(group);
                csv.write_record([NO, key, "", &harmless(title), "", &note])?;
            }
        }
        for line in counts(self.found, self.matching) {
            csv.write_record([NO, "", "", "", "", &line])?;
        }
        csv.into_inner().context("writing the review file")
    }

    fn item(&self, side: Side, place: usize) -> (&str, &str) {
        let item = &self.found.get(side).items[place];
        (&item.reference.key, &item.title)
    }

    fn ambiguity(&self, group: &Sides<Vec<usize>>) -> String {
        let named = |side: Side| {
            let places = group.get(side);
            let named = places.iter().take(NAMED_MAX);
            let keys: Vec<&str> = named.map(|place| self.item(side, *place).0).collect();
            let more = places.len().saturating_sub(NAMED_MAX);
            match more {
                0 => keys.join(", "),
                _ => format!("{} and {more} more", keys.join(", ")),
            }
        };
        let rivals = match group.left.len() {
            1 => String::new(),
            _ => format!(", and so do {}", named(Side::Left)),
        };
        format!(
            "AMBIGUOUS, not linked: matches {}{rivals}. To link it write the right key and '{YES}'",
            named(Side::Right)
        )
    }
}

/// A tracker's text in a cell of which no spreadsheet makes a formula.
fn harmless(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .collect();
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}

/// Whether a sign turns the direction of what follows, so that a cell would read as another text than it is.
const fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What stands behind the pairs, a line each.
pub(super) fn counts(found: &Sides<Found>, matching: &Matching) -> Vec<String> {
    let mut lines = Vec::new();
    let groups = matching.ambiguous.len();
    if groups > 0 {
        let of = |side: Side| -> usize {
            let groups = matching.ambiguous.iter();
            groups.map(|group| group.get(side).len()).sum()
        };
        lines.push(format!(
            "ambiguous: {} items on the left and {} on the right, in {groups} groups",
            of(Side::Left),
            of(Side::Right)
        ));
    }
    for side in Side::BOTH {
        let own = found.get(side);
        let unmatched = matching.unmatched.get(side).len();
        let mut line = format!(
            "{side}: {} items listed, {} in twins already, {unmatched} match nothing",
            own.listed, own.in_twins
        );
        let (empty, failed) = (own.empty(), own.failed());
        let mut among = Vec::new();
        if empty > 0 {
            among.push(format!("{empty} lack a field"));
        }
        if let Some((count, first)) = &failed {
            among.push(format!("on {count} a rule fails ({first})"));
        }
        if !among.is_empty() {
            line.push_str(&format!(" (of these {})", among.join(", ")));
        }
        if own.not_admitted > 0 {
            line.push_str(&format!(", {} not admitted by 'when'", own.not_admitted));
        }
        lines.push(line);
    }
    lines
}

/// Whether the file may be made: found out before trackers are asked for long.
pub(super) fn may_be_written(file: &Path, force: bool) -> Result<(), Coded> {
    if file.exists() && !force {
        return Err(taken(file));
    }
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(Coded::new(
            USAGE,
            format!("{}: the folder is not there", file.display()),
        )),
        _ => Ok(()),
    }
}

/// Whole or not at all: what stood there before is replaced in one step.
pub(super) fn write(file: &Path, force: bool, bytes: &[u8]) -> Result<(), Coded> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let fails = |error: &std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => taken(file),
        _ => Coded::new(
            FAILED,
            format!("{}: cannot be written: {error}", file.display()),
        ),
    };
    let new = Builder::new()
        .prefix(".pairs")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder.unwrap_or(Path::new(".")));
    let mut new = new.map_err(|error| fails(&error))?;
    let filled = new.write_all(bytes).and_then(|()| new.as_file().sync_all());
    filled.map_err(|error| fails(&error))?;
    let put = match force {
        true => new.persist(file),
        false => new.persist_noclobber(file),
    };
    put.map(drop).map_err(|failed| fails(&failed.error))
}

fn taken(file: &Path) -> Coded {
    let sentence = format!(
        "{} is there already: name another file, or add --force to write over it",
        file.display()
    );
    Coded::new(USAGE, sentence)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
