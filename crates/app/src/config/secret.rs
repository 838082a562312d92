//! Secrets: by reference in the file, zeroed in memory, never shown.

use super::error::ConfigError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretRef {
    /// In a file, surrounding white space left off. Relative to the configuration file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// A secret's text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text: only for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SecretRef {
    /// Reads the secret. `base` is the configuration file's folder; `what` names the key in an error.
    pub fn read(&self, base: &Path, what: &str) -> Result<Secret, ConfigError> {
        let text = match self {
            Self::File(path) => std::fs::read_to_string(base.join(path)).map_err(|error| {
                ConfigError::secret(
                    what,
                    format!(
                        "the file {} cannot be read: {error}",
                        base.join(path).display()
                    ),
                )
            })?,
            Self::Env(name) => read_environment(name).ok_or_else(|| {
                ConfigError::secret(what, format!("the environment variable {name} is not set"))
            })?,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(ConfigError::secret(what, "it is empty".to_owned()));
        }
        Ok(Secret::new(trimmed.to_owned()))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the configuration is the one place that reads the environment"
)]
fn read_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
