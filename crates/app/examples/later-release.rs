//! The same program as a release that comes after this one, to be run beside it: what an upgrade does, and a way back that
//! is tried, can be tested before there is such a release. It is never installed.
//!
//! Which release it is stands in a JSON document beside the binary, under its name with `.release.json`.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use twinline::release::Release;
use twinline_store::{Formats, Further};

/// What the document says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    version: String,
    /// Further steps of a host's file, in SQL.
    #[serde(default)]
    host: Vec<String>,
    /// Whether replicated rows mean something else after them.
    #[serde(default)]
    changes_rows: bool,
    /// Further steps of the central schema, in SQL.
    #[serde(default)]
    central: Vec<String>,
}

fn main() -> ExitCode {
    let program = std::env::current_exe().expect("a program has a file");
    let Later {
        version,
        host,
        changes_rows,
        central,
    } = read(&beside(&program));
    let further = Further {
        host,
        changes_rows,
        central,
    };
    twinline::main(Release {
        version: version.leak(),
        formats: Formats::CURRENT.followed_by(further),
    })
}

/// The document of a program. A process whose file was replaced meanwhile runs on as what it was.
fn beside(program: &Path) -> PathBuf {
    let name = program.to_string_lossy();
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
    PathBuf::from(format!("{name}.release.json"))
}

fn read(file: &Path) -> Later {
    let text = std::fs::read(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
