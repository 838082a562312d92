//! `[machines]` and `[ownership]`: a fleet, of which this machine is one.

use super::error::ConfigError;
use super::model::Config;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use twinline_core::ownership::LeaseTerms;
use url::Url;

/// A key that changes needs one beside it; a change that is taken back in its middle, two.
const KEYS_ACCEPTED_MAX: usize = 3;

/// What runs on a machine, and where the others reach it: on a network that is the fleet's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its edge's private listener, in place of `edge.health`.
    #[serde(default)]
    pub edge: Option<SocketAddr>,
    /// Its host's API, in place of `host.listen`.
    #[serde(default)]
    pub host: Option<SocketAddr>,
    /// Its watch's private listener, in place of `watch.health`.
    #[serde(default)]
    pub watch: Option<SocketAddr>,
}

/// Who owns which nodes, in etcd.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// etcd's client addresses.
    pub etcd: Vec<Url>,
    /// So long a host is waited for that is not heard of, in milliseconds.
    #[serde(default = "default_lease")]
    pub lease_ms: u32,
    /// Every attempt at a tracker ends within this, in milliseconds.
    #[serde(default = "default_attempt")]
    pub attempt_ms: u32,
}

const fn default_lease() -> u32 {
    15_000
}

const fn default_attempt() -> u32 {
    8000
}

impl Ownership {
    /// What a lease promises.
    ///
    /// # Errors
    /// An attempt does not fit into the lease.
    pub fn terms(&self) -> Result<LeaseTerms, String> {
        let ms = |count: u32| Duration::from_millis(count.into());
        LeaseTerms::new(ms(self.lease_ms), ms(self.attempt_ms)).map_err(|error| error.to_string())
    }
}

/// A fleet's sections come together.
pub(super) fn check(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let refuse = |key: &str, reason: String| Err(ConfigError::key(path, key, reason));
    let Some(ownership) = &config.ownership else {
        if config.machines.is_empty() {
            return Ok(());
        }
        let reason = "there are several machines: write [ownership] with the etcd that says which of them has which nodes";
        return refuse("machines", reason.to_owned());
    };
    let Some(this) = config.machines.get(&config.instance.machine) else {
        let names: Vec<&str> = config.machines.keys().map(String::as_str).collect();
        let reason = format!(
            "'{}' is none of [machines]{}: write this machine's name, or add it there",
            config.instance.machine,
            if names.is_empty() {
                String::new()
            } else {
                format!(" ({})", names.join(", "))
            }
        );
        return refuse("instance.machine", reason);
    };
    if this.edge.is_none() && this.host.is_none() && this.watch.is_none() {
        let key = format!("machines.{}", config.instance.machine);
        return refuse(
            &key,
            "runs nothing: write edge, host or watch, with the address for each".to_owned(),
        );
    }
    if config.central.is_none() {
        return refuse(
            "ownership",
            "needs [central]: the database from which a group's next owner goes on".to_owned(),
        );
    }
    if config.instance.fleet_key.is_none() {
        return refuse(
            "instance.fleet_key",
            "is missing: the secret by which the fleet's machines know each other, { file = \"PATH\" }"
                .to_owned(),
        );
    }
    if config.instance.fleet_keys_accepted.len() > KEYS_ACCEPTED_MAX {
        return refuse(
            "instance.fleet_keys_accepted",
            format!("has more than {KEYS_ACCEPTED_MAX} keys: take those away that no machine uses"),
        );
    }
    if ownership.etcd.is_empty() {
        return refuse(
            "ownership.etcd",
            "is empty: write at least one address such as \"http://10.0.0.11:2379\"".to_owned(),
        );
    }
    let is_web = |at: &&Url| !matches!(at.scheme(), "http" | "https") || at.host().is_none();
    if let Some(at) = ownership.etcd.iter().find(is_web) {
        return refuse(
            "ownership.etcd",
            format!("'{at}' is not an http or https address"),
        );
    }
    match ownership.terms() {
        Ok(_) => Ok(()),
        Err(reason) => refuse("ownership", reason),
    }
}
