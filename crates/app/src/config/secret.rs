//! Secrets: by reference in the file; read, they are `twinline_trackers::http::Secret`.

use super::error::ConfigError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use twinline_trackers::http::Secret;

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretRef {
    /// In a file, surrounding white space left off. Relative to the configuration file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
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
        let secret = Secret::new(text);
        if secret.is_empty() {
            return Err(ConfigError::secret(what, "it is empty".to_owned()));
        }
        Ok(secret)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the configuration is the one place that reads the environment"
)]
fn read_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
