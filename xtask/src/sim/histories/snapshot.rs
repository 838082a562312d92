//! The published snapshots: where they are, and what is in one.

use crate::{root, run, testdata};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ARCHIVE: &str = "shared/histories/quicwg-multipath.tar.xz";

/// A repository's issues at one time.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Snapshot {
    pub(super) timestamp: String,
    pub(super) issues: Vec<Issue>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) number: u64,
    pub(super) title: String,
    /// `OPEN` or `CLOSED`.
    state: String,
    pub(super) author: String,
    pub(super) assignees: BTreeSet<String>,
    pub(super) labels: BTreeSet<String>,
    pub(super) body: String,
    pub(super) comments: Vec<Comment>,
}

/// Comments have no id there: issue, author and creation time identify one.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) author: String,
    pub(super) body: String,
    #[serde(rename = "createdAt")]
    created: String,
}

/// What identifies a comment within its issue: author and creation time.
pub(super) type CommentName = (String, String);

impl Comment {
    pub(super) fn name(&self) -> CommentName {
        (self.author.clone(), self.created.clone())
    }
}

impl Issue {
    pub(super) fn done(&self) -> bool {
        self.state == "CLOSED"
    }

    /// As GitHub keeps it.
    pub(super) fn title(&self) -> &str {
        self.title.trim()
    }
}

/// A field that history changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Title,
    Body,
    Status,
    Assignees,
}

/// The fields that change from the first to the last snapshot, by issue.
pub(super) fn moving(snapshots: &[Snapshot]) -> BTreeMap<u64, BTreeSet<Field>> {
    let mut all: BTreeMap<u64, BTreeSet<Field>> = BTreeMap::new();
    let mut known: BTreeMap<u64, &Issue> = BTreeMap::new();
    for issue in snapshots.iter().flat_map(|snapshot| &snapshot.issues) {
        let fields = all.entry(issue.number).or_default();
        if let Some(old) = known.insert(issue.number, issue) {
            let changes = [
                (Field::Title, old.title() != issue.title()),
                (Field::Body, old.body != issue.body),
                (Field::Status, old.done() != issue.done()),
                (Field::Assignees, old.assignees != issue.assignees),
            ];
            fields.extend(
                changes
                    .iter()
                    .filter(|change| change.1)
                    .map(|change| change.0),
            );
        }
    }
    all
}

/// Everybody who is named in the snapshots.
pub(super) fn people(snapshots: &[Snapshot]) -> BTreeSet<String> {
    let issues = snapshots.iter().flat_map(|snapshot| &snapshot.issues);
    issues
        .flat_map(|issue| {
            let authors = issue.comments.iter().map(|comment| &comment.author);
            authors
                .chain([&issue.author])
                .chain(&issue.assignees)
                .cloned()
        })
        .collect()
}

/// The archive beside the workspace, or beside a checkout of it that lies deeper.
pub(super) fn archive() -> Option<PathBuf> {
    let mut places = root()
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(ARCHIVE));
    places.find(|place| place.is_file())
}

/// The snapshots' files, oldest first; unpacks the archive if that has not been done.
pub(super) fn files(archive: &Path) -> Result<Vec<PathBuf>> {
    let folder = testdata().join("histories");
    if !folder.is_dir() {
        fs::create_dir_all(testdata()).context("making target/testdata")?;
        // Beside its place, so that what is at its place is complete.
        let scratch = tempfile::tempdir_in(testdata()).context("making a scratch folder")?;
        run::quietly(
            Command::new("tar")
                .arg("-xJf")
                .arg(archive)
                .arg("-C")
                .arg(scratch.path()),
        )?;
        let moved = fs::rename(scratch.path(), &folder);
        ensure!(
            moved.is_ok() || folder.is_dir(),
            "keeping the snapshots failed: {moved:?}"
        );
    }
    let found = walkdir::WalkDir::new(&folder).sort_by_file_name();
    let mut files = Vec::new();
    for entry in found {
        let path = entry
            .context("reading target/testdata/histories")?
            .into_path();
        if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{} holds no snapshot", archive.display());
    Ok(files)
}

/// Reads one.
pub(super) fn read(file: &Path) -> Result<Snapshot> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))
}
