//! Where the server's programs lie.

use std::path::{Path, PathBuf};

/// Debian keeps each major version in a folder of its own, off the path:
/// <https://www.debian.org/doc/manuals/debian-handbook/sect.databases.en.html>
const DEBIAN: &str = "/usr/lib/postgresql";
/// Where other systems and builds from source put them.
const OTHERS: &[&str] = &["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

/// The folder of the programs of one version.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The newest version that is installed.
    pub(crate) fn find() -> Option<Self> {
        let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        let mut found: Vec<(u32, PathBuf)> = versions
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .collect();
        found.sort();
        found
            .into_iter()
            .rev()
            .map(|(_, folder)| folder)
            .chain(OTHERS.iter().map(PathBuf::from))
            .find(|folder| is_whole(folder))
            .map(|folder| Self { folder })
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres", "psql"]
        .iter()
        .all(|program| folder.join(program).is_file())
}
