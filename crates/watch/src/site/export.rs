//! The page as files: for hosting elsewhere, and for the day on which this machine is gone.

use super::desk::Offered;
use super::document::{Scene, render};
use super::place::Place;
use super::shown::Shown;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What makes a folder known as an export of ours, which the next one may replace.
const MARK: &str = ".twinline-status";

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// So many files.
    pub files: usize,
    /// What was left out, and why, in a sentence each.
    pub left_out: Vec<String>,
}

/// Why nothing was written. The folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExportFailed {
    /// It is somebody else's.
    #[error(
        "'{}' is not empty and is no export of a status page: name a new folder, or empty it",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// It cannot be named so.
    #[error("'{}' does not name a folder in a folder", .0.display())]
    NoFolder(PathBuf),
    /// The disk said no.
    #[error("'{}' cannot be written", .path.display())]
    Disk {
        /// What was written or read.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A page cannot be made, which is our own fault.
    #[error("the page '{place}' cannot be made")]
    Page {
        /// Which.
        place: String,
        /// Why.
        source: askama::Error,
    },
}

/// Writes all pages, the API and the feeds into a folder, which then is the whole export or what it was before.
///
/// Links between the files are relative. Feeds and API name [`Shown::public_url`]: give the address at which the export
/// will be read. Without it there is no RSS feed, whose channel must have one.
///
/// # Errors
/// The folder holds something else than an export, or cannot be written.
pub fn export(shown: &Shown, dir: &Path) -> Result<Exported, ExportFailed> {
    let occupied = is_occupied(dir)?;
    let fresh = beside(dir, "new")?;
    let written = clear(&fresh).and_then(|()| fill(&fresh, shown));
    let written = written.and_then(|written| {
        put(&fresh, dir, occupied)?;
        Ok(written)
    });
    if written.is_err() {
        // What could not be put in its place; the error says more than a failure to clean up would.
        fs::remove_dir_all(&fresh).ok();
    }
    written
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ExportFailed {
    let path = path.to_owned();
    |source| ExportFailed::Disk { path, source }
}

/// Whether an export is there already.
fn is_occupied(dir: &Path) -> Result<bool, ExportFailed> {
    let mut entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(dir)(error)),
    };
    if entries.next().is_none() {
        return Ok(false);
    }
    if dir.join(MARK).is_file() {
        return Ok(true);
    }
    Err(ExportFailed::NotOurs(dir.to_owned()))
}

/// A hidden folder beside it, on the same disk, so that renaming moves it.
fn beside(dir: &Path, what: &str) -> Result<PathBuf, ExportFailed> {
    let name = dir.file_name();
    let name = name.ok_or_else(|| ExportFailed::NoFolder(dir.to_owned()))?;
    let name = format!(".{}.{what}", name.to_string_lossy());
    Ok(dir.with_file_name(name))
}

fn clear(dir: &Path) -> Result<(), ExportFailed> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(dir)(error)),
        _ => Ok(()),
    }
}

fn fill(dir: &Path, shown: &Shown) -> Result<Exported, ExportFailed> {
    let scene = Scene {
        shown,
        base: shown.public_url.as_ref(),
        stale: false,
        offered: Offered::default(),
        exported: true,
    };
    let mut written = Exported {
        files: 0,
        left_out: Vec::new(),
    };
    write(&dir.join(MARK), &format!("{}\n", shown.at))?;
    for place in Place::exported(shown) {
        let document = render(&place, &scene).map_err(|source| ExportFailed::Page {
            place: place.path(),
            source,
        })?;
        match document {
            Some(document) => {
                write(&dir.join(place.file()), &document.body)?;
                written.files += 1;
            }
            None => written.left_out.push(format!(
                "{} is left out: it must name the address of the page, which is not known",
                place.path()
            )),
        }
    }
    Ok(written)
}

fn write(path: &Path, text: &str) -> Result<(), ExportFailed> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    fs::write(path, text).map_err(failed(path))
}

/// Puts the new folder in the old one's place.
fn put(fresh: &Path, dir: &Path, occupied: bool) -> Result<(), ExportFailed> {
    if !occupied {
        // Takes the place of an empty one too.
        return fs::rename(fresh, dir).map_err(failed(dir));
    }
    // Both are there at any moment, where the disk can do that.
    match renameat_with(CWD, fresh, CWD, dir, RenameFlags::EXCHANGE) {
        Ok(()) => clear(fresh),
        Err(_) => {
            let old = beside(dir, "old")?;
            clear(&old)?;
            fs::rename(dir, &old).map_err(failed(dir))?;
            fs::rename(fresh, dir).map_err(failed(dir))?;
            clear(&old)
        }
    }
}
