//! What a fleet's roles are made of.

use crate::config::Config;
use crate::handles::{SystemClock, SystemEntropy};
use crate::instance::DataFolder;
use anyhow::{Context, Result, anyhow, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use twinline_engine::ownership::Etcd;
use twinline_store::central::{CentralClient, CentralSettings};
use twinline_trackers::http::{AddressGuard, ReqwestTransport, Secret, TransportLimits};

/// The API is open to whoever can guess the key, also through the public edges.
const KEY_MIN_CHARS: usize = 32;

/// A client of the central database.
///
/// # Errors
/// `[central]` is missing or cannot be used. A database that is away is no error.
pub fn central(file: &Path, config: &Config) -> Result<CentralClient> {
    client(file, config, false)
}

/// As [`central`], of one that only proves that commits succeed, whatever schema another version has made.
///
/// # Errors
/// As [`central`].
pub fn proof(file: &Path, config: &Config) -> Result<CentralClient> {
    client(file, config, true)
}

fn client(file: &Path, config: &Config, proves_only: bool) -> Result<CentralClient> {
    let central = config.central.as_ref().context("[central] is missing")?;
    let address = central.address(file.parent().unwrap_or(Path::new("")))?;
    let settings = CentralSettings {
        proves_only,
        ..central.settings(&config.instance.machine)
    };
    Ok(CentralClient::start(
        address,
        settings,
        Arc::new(SystemClock),
    ))
}

/// A client of the fleet's etcd.
///
/// # Errors
/// `[ownership]` is missing, or this machine's trust store cannot be read.
pub fn etcd(config: &Config) -> Result<Etcd> {
    let ownership = config
        .ownership
        .as_ref()
        .context("[ownership] is missing")?;
    let terms = ownership.terms().map_err(|reason| anyhow!(reason))?;
    // Addresses come from the configuration, never from a tenant.
    let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
    let transport = ReqwestTransport::new(
        AddressGuard::new(everywhere.to_vec()),
        TransportLimits::default(),
    )
    .context("preparing requests to etcd")?;
    let instance = &config.instance.name;
    Ok(Etcd::new(
        ownership.etcd.clone(),
        Arc::new(transport),
        instance,
        terms.renewal_period() / 2,
    ))
}

/// Where this machine's roles are, for people.
pub fn addresses(config: &Config) -> BTreeMap<String, String> {
    let this = config.machines.get(&config.instance.machine);
    let roles = this
        .into_iter()
        .flat_map(|this| [("edge", this.edge), ("host", this.host)]);
    roles
        .filter_map(|(role, at)| Some((role.to_owned(), at?.to_string())))
        .collect()
}

/// What processes and the command line show each other: on one machine the token of its data folder, in a fleet the key
/// that all machines have.
///
/// # Errors
/// The key cannot be read, or the token cannot be made.
pub fn token(file: &Path, config: &Config, folder: &DataFolder) -> Result<Secret> {
    match &config.instance.fleet_key {
        Some(key) if config.ownership.is_some() => {
            let key = key.read(file.parent().unwrap_or(Path::new("")), "instance.fleet_key")?;
            let length = key.expose().chars().count();
            ensure!(
                length >= KEY_MIN_CHARS,
                "instance.fleet_key has {length} characters, and needs {KEY_MIN_CHARS} random ones, such as 'openssl rand -hex \
                 32' gives: who guesses it can do anything to the fleet"
            );
            Ok(key)
        }
        _ => folder.token(&SystemEntropy),
    }
}
