//! `fleet token` and `fleet certificate`: what a program shows that is none of ours and asks a fleet's machines.

use super::ask::config_of;
use crate::cli::CertificateArgs;
use crate::exit::{Coded, USAGE};
use crate::fleet::{Identity, Role};
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use crate::report::Report;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;
use twinline_edge::mutual;

/// Nobody but the files' owner reads a private key.
const OWN: u32 = 0o600;
const ALL: u32 = 0o644;

fn identity(file: &Path) -> Result<Identity> {
    let config = config_of(file)?;
    let folder = DataFolder::open(&config.data)?;
    Identity::new(file, &config, &folder, Role::Command)
}

/// What is shown to the API.
pub(super) fn token(file: &Path) -> Result<Report> {
    let identity = identity(file)?;
    let token = identity.token().expose();
    Report::done(&json!({ "token": token }), token)
}

/// Writes a certificate, its key, and what the machines' certificates are checked against.
pub(super) fn issue(file: &Path, args: &CertificateArgs) -> Result<Report> {
    check(&args.name)?;
    let identity = identity(file)?;
    let good_for = Duration::from_secs(u64::from(args.days) * 24 * 3600);
    let key = identity.keys()[0].expose().as_bytes();
    let issued = mutual::issue(key, &args.name, &SystemClock, good_for)
        .with_context(|| format!("a certificate for {}", args.name))?;
    let files = [
        (format!("{}.key", args.name), issued.key, OWN),
        (format!("{}.crt", args.name), issued.certificate, ALL),
        ("fleet-ca.crt".to_owned(), issued.authority, ALL),
    ];
    fs::create_dir_all(&args.out).with_context(|| format!("making {}", args.out.display()))?;
    let mut written = Vec::new();
    for (name, text, mode) in files {
        let path = args.out.join(name);
        replace(&path, &text, mode).with_context(|| format!("writing {}", path.display()))?;
        written.push(path.display().to_string());
    }
    let text = format!(
        "{}: good for {} days; issue it anew before they are over",
        written.join(", "),
        args.days
    );
    Report::done(&json!({ "files": written, "days": args.days }), text)
}

/// Who reads the file finds the old one or the new one.
fn replace(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// A name that is a file's too.
fn check(name: &str) -> Result<()> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.chars().all(is_plain) && !name.starts_with('.') && !name.is_empty() {
        return Ok(());
    }
    let sentence =
        format!("'{name}' is no name for a certificate: write letters, digits, '-' and '_'");
    Err(Coded::new(USAGE, sentence).into())
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
