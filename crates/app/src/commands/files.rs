//! Files that commands write into a person's folder: made, never over another; or put in the place of one, whole.

use anyhow::{Context as _, Result};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::Path;

/// Mode of what only its owner may read.
pub(super) const PRIVATE: u32 = 0o600;
/// Mode of what its owner's group may read too.
const SHARED: u32 = 0o640;

/// Whose files those beside another are: its owner and group, so that whichever account reads that one reads these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owners {
    user: u32,
    group: u32,
    /// Whether the group is one that is let in on purpose: not that of everything we make.
    is_let_in: bool,
}

impl Owners {
    /// Those of a file, a link followed.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        let there = fs::metadata(file)?;
        let ours = rustix::process::getegid().as_raw();
        Ok(Self {
            user: there.uid(),
            group: there.gid(),
            is_let_in: there.mode() & 0o040 != 0 && there.gid() != ours,
        })
    }

    /// The mode of a secret that they read.
    pub(super) const fn secret(self) -> u32 {
        if self.is_let_in { SHARED } else { PRIVATE }
    }

    /// Gives them a file or folder. Only what differs is changed: who may not give files away can still make his own.
    fn give(self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        let user = Some(self.user).filter(|user| *user != now.uid());
        let group = Some(self.group).filter(|group| *group != now.gid());
        if user.is_some() || group.is_some() {
            fchown(file, user, group)?;
        }
        Ok(())
    }

    /// Whether the group can enter a folder.
    fn enters(self, folder: &fs::Metadata) -> bool {
        let mode = folder.mode();
        mode & 0o001 != 0 || (folder.gid() == self.group && mode & 0o010 != 0)
    }
}

/// Makes a file with a mode and its folder, on the disk when this returns. One that is there is an error.
pub(super) fn make(path: &Path, text: &str, mode: u32, owners: Option<Owners>) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder, mode, owners)?;
    // Nobody else reads it before it has its owners.
    let first = if mode == SHARED { PRIVATE } else { mode };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(first)
        .open(path)?;
    let filled = fill(&mut file, text, mode, owners).and_then(|()| sync_folder(folder));
    if filled.is_err() {
        // What is half there would be taken for whole.
        let _gone = fs::remove_file(path);
    }
    filled
}

fn fill(file: &mut File, text: &str, mode: u32, owners: Option<Owners>) -> io::Result<()> {
    if let Some(owners) = owners {
        owners.give(file)?;
    }
    if mode == SHARED {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Makes the folder of a file with such a mode, where it is not there.
fn make_folder(folder: &Path, mode: u32, owners: Option<Owners>) -> io::Result<()> {
    if let Ok(there) = fs::metadata(folder) {
        if owners.is_some_and(|owners| mode == SHARED && !owners.enters(&there)) {
            let sentence = format!(
                "the group that reads the configuration cannot enter {}: give it to that group, with mode 0750",
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, sentence));
        }
        return Ok(());
    }
    let entered = match mode {
        PRIVATE => 0o700,
        SHARED => 0o750,
        _ => 0o755,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(entered)
        .create(folder)?;
    if let Some(owners) = owners {
        let made = File::open(folder)?;
        owners.give(&made)?;
        made.set_permissions(Permissions::from_mode(entered))?;
    }
    sync_folder(folder_of(folder))
}

/// Puts a text in the place of a file, whole or not at all, on the disk when this returns. Owner, group and mode stay; of a
/// link the file that it leads to is replaced.
pub(super) fn replace(file: &Path, text: &str) -> Result<()> {
    let file = fs::canonicalize(file).with_context(|| format!("looking for {}", file.display()))?;
    let there = fs::metadata(&file).with_context(|| format!("looking at {}", file.display()))?;
    let owners = Owners::of(&file).with_context(|| format!("looking at {}", file.display()))?;
    let folder = folder_of(&file);
    let mut new = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("writing into {}", folder.display()))?;
    owners.give(new.as_file()).with_context(|| {
        format!(
            "{} belongs to user {} and group {}, and a new file cannot be given to them: run this as that user or as root",
            file.display(),
            owners.user,
            owners.group
        )
    })?;
    let filled = new
        .as_file()
        .set_permissions(there.permissions())
        .and_then(|()| new.write_all(text.as_bytes()))
        .and_then(|()| new.as_file().sync_all());
    filled.with_context(|| format!("writing beside {}", file.display()))?;
    new.persist(&file)
        .with_context(|| format!("replacing {}", file.display()))?;
    // It is replaced: whoever believed that it is not would take back what it names.
    if let Err(error) = sync_folder(folder) {
        let told = format!(
            "{}: it is not known whether this outlasts a power cut: {error}",
            file.display()
        );
        crate::report::aside(&told);
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
