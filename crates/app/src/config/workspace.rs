//! `[workspaces.NAME]`: who shares an installation with others.

use super::error::{ConfigError, alternative};
use super::model::Config;
use super::secret::SecretRef;
use serde::{Deserialize, Serialize};
use std::path::Path;
use twinline_core::watch::subscription::Address;

/// The workspace of a node that names none.
const DEFAULT: &str = "default";
/// The most workspaces: each is kept in memory.
const WORKSPACES_MAX: usize = 10_000;
/// The most administrators of one.
const ADMINS_MAX: usize = 20;

/// A workspace.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workspace {
    /// What its reports to the status page show as their bearer token; without it they are a visitor's.
    pub report_token: Option<SecretRef>,
    /// Who is told what the status page says, unless they say no: mail addresses, and webhooks.
    pub admins: Vec<Address>,
    /// What its tickets are known by, in the field that a queue names: organizations, mail domains, people.
    pub tickets: Vec<String>,
}

/// The workspace that a node belongs to when it names none.
pub(super) fn default() -> String {
    DEFAULT.to_owned()
}

pub(super) fn check(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let names: Vec<&str> = config.workspaces.keys().map(String::as_str).collect();
    if names.len() > WORKSPACES_MAX {
        let reason = format!("are {}; at most {WORKSPACES_MAX}", names.len());
        return Err(ConfigError::key(path, "workspaces", reason));
    }
    for (name, workspace) in &config.workspaces {
        let key = format!("workspaces.{name}");
        let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
            let reason = "a workspace's name is 1 to 64 of a-z, 0-9 and '-'";
            return Err(ConfigError::key(path, &key, reason));
        }
        if workspace.admins.len() > ADMINS_MAX {
            let reason = format!("are {}; at most {ADMINS_MAX}", workspace.admins.len());
            return Err(ConfigError::key(path, &format!("{key}.admins"), reason));
        }
    }
    for (node, known) in &config.nodes {
        let name = known.workspace.as_str();
        if name != DEFAULT && !config.workspaces.contains_key(name) {
            let key = format!("nodes.{node}.workspace");
            let reason = format!(
                "'{name}' is no workspace: {}",
                if names.is_empty() {
                    format!("write [workspaces.{name}]")
                } else {
                    alternative(name, "workspace", &names)
                }
            );
            return Err(ConfigError::key(path, &key, reason));
        }
    }
    Ok(())
}
