//! Environments of Python: popular clients that drive the simulators, and programs that read the status page.

use super::debian;
use crate::{run, testdata};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Packages in an environment of their own. Pinned: one that changes its ways must not change the suite's verdict.
struct Environment {
    /// Its folder under `target/testdata`.
    folder: &'static str,
    /// `NAME==VERSION` each.
    packages: &'static [&'static str],
}

const CLIENTS: Environment = Environment {
    folder: "python",
    packages: &[
        "PyGithub==2.8.1",
        "jira==3.10.5",
        "azure-devops==7.1.0b4",
        "zenpy==2.0.57",
        "pysnc==1.2.1",
        "python-redmine==2.5.0",
    ],
};

const READERS: Environment = Environment {
    folder: "readers",
    packages: &[
        "statuspage-prometheus-exporter==2.6.0",
        "feedparser==6.0.14",
        LXML,
    ],
};

/// It judges by a grammar, and the archive of its source has that of Atom in it (RFC 4287, appendix B, in RELAX NG).
const LXML: &str = "lxml==5.4.0";
const LXML_ARCHIVE: &str = "lxml-5.4.0.tar.gz";
const GRAMMAR: &str = "lxml-5.4.0/doc/s5/ep2008/atom.rng";

/// Fails unless every package is there in its version.
const PROBE: &str = "import sys\nfrom importlib.metadata import version\n\
                     for pin in sys.argv[1:]:\n    name, pinned = pin.split('==')\n    assert version(name) == pinned";

impl Environment {
    fn interpreter(&self) -> PathBuf {
        testdata().join(self.folder).join("bin/python")
    }

    fn is_missing(&self) -> bool {
        let mut probe = Command::new(self.interpreter());
        run::quietly(probe.args(["-I", "-c", PROBE]).args(self.packages)).is_err()
    }

    fn pip(&self, command: &str) -> Command {
        let mut pip = Command::new(self.interpreter());
        let quiet = ["--quiet", "--disable-pip-version-check"];
        pip.args(["-m", "pip", command]).args(quiet);
        pip
    }

    fn install(&self) -> Result<()> {
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]);
        run::quietly(make.arg(testdata().join(self.folder)))?;
        run::quietly(self.pip("install").args(self.packages)).map(drop)
    }
}

/// The interpreter of the clients' environment.
pub fn interpreter() -> PathBuf {
    CLIENTS.interpreter()
}

pub(crate) fn is_missing() -> bool {
    CLIENTS.is_missing()
}

/// Whether Python cannot make an environment with pip in it: Debian ships that apart.
pub(super) fn venv_is_missing() -> bool {
    let mut probe = Command::new("python3");
    (is_missing() || readers_are_missing())
        && run::quietly(probe.args(["-c", "import ensurepip, venv"])).is_err()
}

pub(super) fn install_venv() -> Result<()> {
    debian::install(&["python3", "python3-venv"], &[])
}

pub(super) fn install() -> Result<()> {
    CLIENTS.install()
}

fn grammar() -> PathBuf {
    testdata().join(READERS.folder).join("atom.rng")
}

pub(super) fn readers_are_missing() -> bool {
    !grammar().is_file() || READERS.is_missing()
}

/// The environment, and the one file out of lxml's source, which is not built.
pub(super) fn install_readers() -> Result<()> {
    READERS.install()?;
    let folder = testdata().join(READERS.folder);
    let mut download = READERS.pip("download");
    download.args(["--no-deps", "--no-binary", "lxml", LXML, "--dest"]);
    run::quietly(download.arg(&folder))?;
    let archive = folder.join(LXML_ARCHIVE);
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--gzip", "--strip-components=4", "--file"]);
    unpack.arg(&archive).arg("--directory").arg(&folder);
    run::quietly(unpack.arg(GRAMMAR))?;
    fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))
}
