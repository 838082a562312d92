//! The configuration that holds: the file's, or the last good one when an edit has broken it.

use crate::config::{self, Config, ConfigError};
use crate::handles::SystemEntropy;
use crate::instance::{DataFolder, replace};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use twinline_watch::snapshot;

/// A configuration that can be used.
pub(crate) struct Holding {
    pub(crate) config: Config,
    /// Its text.
    pub(crate) text: String,
    /// Why the file itself cannot be used, when it cannot.
    pub(crate) broken: Option<String>,
}

/// Where the last good configuration lies.
fn place(folder: &DataFolder) -> PathBuf {
    folder.watch_store().with_file_name("configuration.json")
}

/// Reads the file; without a usable one, what was kept of the last good one.
///
/// # Errors
/// The file cannot be used, and nothing was kept: the file's own fault.
pub(crate) fn load(file: &Path) -> Result<Holding> {
    let fault = match read(file) {
        Ok((config, text)) => {
            return Ok(Holding {
                config,
                text,
                broken: None,
            });
        }
        Err(fault) => fault,
    };
    match kept(file) {
        Ok((config, text)) => Ok(Holding {
            config,
            text,
            broken: Some(fault.to_string()),
        }),
        Err(error) => {
            // Before there is a log.
            crate::report::aside(&format!("there is no last good configuration: {error:#}"));
            Err(fault.into())
        }
    }
}

/// The file as it is.
///
/// # Errors
/// It cannot be used.
pub(super) fn read(file: &Path) -> Result<(Config, String), ConfigError> {
    let text = std::fs::read_to_string(file);
    match text {
        Ok(text) => config::parse(file, &text).map(|config| (config, text)),
        // The same sentence as everywhere.
        Err(_) => config::load(file).map(|config| (config, String::new())),
    }
}

/// Keeps a good configuration for when an edit breaks the file. A disk that does not take it is told of elsewhere.
fn keep(folder: &DataFolder, text: &str) -> Result<()> {
    let token = folder.token(&SystemEntropy)?;
    let sealed = snapshot::seal(token.expose().as_bytes(), text);
    let path = place(folder);
    if std::fs::read(&path).is_ok_and(|known| known == sealed) {
        return Ok(());
    }
    replace(&path, &sealed).with_context(|| format!("writing {}", path.display()))
}

/// As [`keep`]: what cannot be kept is said in the log.
pub(super) fn keep_or_tell(folder: &DataFolder, text: &str) {
    if let Err(error) = keep(folder, text) {
        let error = format!("{error:#}");
        tracing::error!(error, "the good configuration is not kept");
    }
}

fn kept(file: &Path) -> Result<(Config, String)> {
    let folder = DataFolder::at(&data_of(file));
    let token = folder.token(&SystemEntropy)?;
    let path = place(&folder);
    let stored = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let text = snapshot::open(token.expose().as_bytes(), &stored);
    let text = text.with_context(|| path.display().to_string())?;
    let config = config::parse(file, &text).with_context(|| path.display().to_string())?;
    Ok((config, text))
}

/// Where the data folder is, as far as a file says that cannot be read otherwise.
fn data_of(file: &Path) -> PathBuf {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| {
        let value = line.trim().strip_prefix("data")?.trim_start();
        let value = value.strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|sign| "\"'".contains(*sign))?;
        let (value, _) = value.get(1..)?.split_once(quote)?;
        Some(value.to_owned())
    });
    let folder = file.parent().unwrap_or(Path::new(""));
    folder.join(value.unwrap_or_else(|| "twinline-data".to_owned()))
}

#[cfg(test)]
#[path = "holding_tests.rs"]
mod tests;
