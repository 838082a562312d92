//! What a process of this installation shows the others, and by what it knows them.
//!
//! On one machine that is the token of its data folder, over loopback. In a fleet all is derived from the key that its machines
//! have: certificates for mutual TLS, and the token that its API wants. The key itself is never sent.

use super::parts::key;
use crate::config::Config;
use crate::handles::SystemEntropy;
use crate::instance::DataFolder;
use anyhow::{Context as _, Result};
use axum::extract::Request;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use twinline_edge::Door;
use twinline_edge::mutual::{self, Member, Mutual, server_name};
use twinline_trackers::http::{Secret, Way};

/// Who a process is, within its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `twinline edge`
    Edge,
    /// `twinline host`
    Host,
    /// `twinline watch`
    Watch,
    /// A command, which listens nowhere.
    Command,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Host => "host",
            Self::Watch => "watch",
            Self::Command => "command",
        }
    }
}

/// What is shown to an API: the first. What is taken: each.
#[derive(Clone)]
pub struct Tokens(Arc<[Secret]>);

impl Tokens {
    /// Whether a request shows one.
    pub(crate) fn shown_by(&self, request: &Request) -> bool {
        self.0.iter().any(|token| crate::api::shows(request, token))
    }

    /// The one that is shown.
    pub(crate) fn first(&self) -> &Secret {
        &self.0[0]
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Secret] {
        &self.0
    }
}

impl From<Secret> for Tokens {
    fn from(token: Secret) -> Self {
        Self([token].into())
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    /// What is signed with, the first, and believed, each. Never sent.
    keys: Arc<[Secret]>,
    tokens: Tokens,
    way: Way,
    mutual: Option<Mutual>,
    machine: String,
}

impl Identity {
    /// Of a process of this installation.
    ///
    /// # Errors
    /// A key cannot be read, or the token cannot be made.
    pub fn new(file: &Path, config: &Config, folder: &DataFolder, role: Role) -> Result<Self> {
        if config.ownership.is_none() {
            return Ok(Self::alone(folder.token(&SystemEntropy)?));
        }
        let base = file.parent().unwrap_or(Path::new(""));
        let first = config.instance.fleet_key.as_ref();
        let first = first.context("instance.fleet_key is missing")?;
        let mut keys = vec![key(first, base, "instance.fleet_key")?];
        for other in &config.instance.fleet_keys_accepted {
            keys.push(key(other, base, "instance.fleet_keys_accepted")?);
        }
        Self::of_fleet(keys, config, role)
    }

    /// Of a process whose installation's key cannot be read: it believes none of the fleet, and none believes it.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn keyless(config: &Config, folder: &DataFolder, role: Role) -> Result<Self> {
        let token = folder.token(&SystemEntropy)?;
        if config.ownership.is_none() {
            return Ok(Self::alone(token));
        }
        Self::of_fleet(vec![token], config, role)
    }

    /// Of an installation on one machine.
    pub fn alone(token: Secret) -> Self {
        Self {
            keys: [token.clone()].into(),
            tokens: token.into(),
            way: Way::plain(),
            mutual: None,
            machine: String::new(),
        }
    }

    /// Of somebody on a machine who asks only, and knows of no other process yet.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn of_key(key: Secret, machine: &str) -> Result<Self> {
        let member = Member::command(machine);
        Self::with_keys(vec![key], (machine, member), BTreeMap::new())
    }

    fn of_fleet(keys: Vec<Secret>, config: &Config, role: Role) -> Result<Self> {
        let machine = config.instance.machine.as_str();
        let member = match role {
            Role::Command => Member::command(machine),
            role => Member::role(role.word(), machine, listens(config, role)),
        };
        Self::with_keys(keys, (machine, member), expected(config))
    }

    /// With these keys: the first is used, each is believed.
    fn with_keys(
        keys: Vec<Secret>,
        (machine, member): (&str, Member),
        expected: BTreeMap<SocketAddr, String>,
    ) -> Result<Self> {
        let bytes: Vec<&[u8]> = keys.iter().map(|key| key.expose().as_bytes()).collect();
        let mutual = Mutual::new(&bytes, member).context("preparing to speak within the fleet")?;
        let tokens = bytes.iter().map(|key| Secret::new(mutual::token(key)));
        Ok(Self {
            tokens: Tokens(tokens.collect()),
            way: Way::within(mutual.client(), expected),
            mutual: Some(mutual),
            machine: machine.to_owned(),
            keys: keys.into(),
        })
    }

    /// What is shown to the API of this installation's processes.
    pub fn token(&self) -> &Secret {
        self.tokens.first()
    }

    /// What is taken by the API.
    pub const fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// What links and the like are signed with, first, and checked by.
    pub fn keys(&self) -> &[Secret] {
        &self.keys
    }

    /// How the others are reached.
    pub const fn way(&self) -> &Way {
        &self.way
    }

    /// How the others are known; `None` on one machine.
    pub const fn mutual(&self) -> Option<&Mutual> {
        self.mutual.as_ref()
    }

    /// Who is let in at a listener that the others reach.
    pub fn door(&self) -> Door {
        Door::of(self.mutual())
    }

    /// The same, knowing that a role of this machine listens there, as it has said in the data folder.
    #[must_use]
    pub fn knowing(&self, role: Role, at: SocketAddr) -> Self {
        let name = server_name(role.word(), &self.machine);
        Self {
            way: self.way.with(at, name),
            ..self.clone()
        }
    }
}

/// Where a role of this machine is reached.
fn listens(config: &Config, role: Role) -> Vec<IpAddr> {
    let this = config.machines.get(&config.instance.machine);
    let at = this.and_then(|this| match role {
        Role::Edge => this.edge,
        Role::Host => this.host,
        Role::Watch => this.watch,
        Role::Command => None,
    });
    at.iter().map(SocketAddr::ip).collect()
}

/// Who is expected at which address of a fleet.
fn expected(config: &Config) -> BTreeMap<SocketAddr, String> {
    let machines = config.machines.iter();
    let each = machines.flat_map(|(name, at)| {
        let roles = [
            (Role::Edge, at.edge),
            (Role::Host, at.host),
            (Role::Watch, at.watch),
        ];
        roles.map(|(role, at)| Some((at?, server_name(role.word(), name))))
    });
    each.flatten().collect()
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
