//! A small file system of its own, which a drill can fill or freeze: root alone may make one.

use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Unfrozen and unmounted when dropped.
pub(super) struct SmallDisk {
    at: PathBuf,
    is_frozen: AtomicBool,
}

/// What fills it.
const BALLAST: &str = "ballast";

impl SmallDisk {
    /// Makes the folder and mounts a file system in memory of so many MiB on it.
    pub(super) fn in_memory(at: PathBuf, mib: u32) -> Result<Self> {
        let size = format!("size={mib}m");
        Self::mount(at, &["-t", "tmpfs", "-o", &size, "tmpfs"])
    }

    /// The same with one in a file beside it, which can be frozen.
    pub(super) fn in_file(at: PathBuf, mib: u32) -> Result<Self> {
        let image = at.with_extension("image");
        let file = File::create(&image).context("making the image of a small disk")?;
        file.set_len(u64::from(mib) << 20)
            .context("making the image of a small disk")?;
        let image = image.to_str().context("an odd path")?;
        run("mkfs.ext4", &["-q", image])?;
        Self::mount(at, &["-o", "loop", image])
    }

    fn mount(at: PathBuf, what: &[&str]) -> Result<Self> {
        fs::create_dir_all(&at).context("making the folder of a small disk")?;
        run(
            "mount",
            &[what, &[at.to_str().context("an odd path")?]].concat(),
        )?;
        Ok(Self {
            at,
            is_frozen: AtomicBool::new(false),
        })
    }

    /// Whoever writes there waits from now on.
    pub(super) fn freeze(&self) -> Result<()> {
        let at = self.at.to_str().context("an odd path")?;
        self.is_frozen.store(true, Ordering::SeqCst);
        run("fsfreeze", &["--freeze", at])
    }

    /// Whoever waits goes on.
    pub(super) fn unfreeze(&self) -> Result<()> {
        let at = self.at.to_str().context("an odd path")?;
        run("fsfreeze", &["--unfreeze", at])?;
        self.is_frozen.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// As [`Self::unfreeze`], where it is frozen: nothing on it could be ended else.
    pub(super) fn end_freeze(&self) {
        if self.is_frozen.load(Ordering::SeqCst)
            && let Err(error) = self.unfreeze()
        {
            tracing::warn!(%error, "a small disk stays frozen");
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.at
    }

    /// Fills it to the last byte.
    pub(super) fn fill(&self) -> Result<()> {
        let path = self.at.join(BALLAST);
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(path)
            .context("making the ballast")?;
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![0; size];
            loop {
                match ballast.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("filling a small disk"),
                }
            }
        }
        Ok(())
    }

    /// Makes room again.
    pub(super) fn empty(&self) -> Result<()> {
        fs::remove_file(self.at.join(BALLAST)).context("removing the ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.end_freeze();
        // A process that ends just now may still have a file open there.
        let unmounted = run("umount", &["--lazy", &self.at.to_string_lossy()]);
        if let Err(error) = unmounted {
            tracing::warn!(%error, "a small disk could not be unmounted");
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let done = Command::new(program).args(arguments).output();
    let done = done.with_context(|| format!("starting {program}"))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.success(), "{program}: {}", said.trim());
    Ok(())
}
