//! `seal`: what to write into the configuration in the place of a secret.

use super::node::ask::{Ask as _, Terminal, secret_from_stdin};
use crate::config::{self, Config, SealKey};
use crate::exit::{Coded, USAGE};
use crate::handles::SystemEntropy;
use crate::report::Report;
use anyhow::Result;
use serde_json::json;
use std::path::Path;

pub(super) fn run(file: &Path) -> Result<Report> {
    let config = config::load(file)?;
    let key = seal_key(file, &config)?;
    // It is asked for beside the answer, so that a program may read that.
    let mut person = Terminal::new(false);
    let secret = if person.can() {
        person.secret("The secret")?
    } else {
        secret_from_stdin()?
    };
    if secret.is_empty() {
        return Err(Coded::new(USAGE, "the secret is empty").into());
    }
    let sealed = key.seal(&secret, &SystemEntropy);
    let text = format!("{{ sealed = \"{sealed}\" }}");
    Report::done(&json!({ "sealed": sealed }), text)
}

/// The instance's key.
pub(super) fn seal_key(file: &Path, config: &Config) -> Result<SealKey> {
    let folder = file.parent().unwrap_or(Path::new(""));
    Ok(SealKey::read(config.instance.seal_key.as_ref(), folder)?)
}
