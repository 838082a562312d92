//! An address of this machine that can vanish, as a machine does that loses its power: root alone may make one.
//!
//! It lies on a pair of virtual cards. When it is taken away, what is sent there goes into the pair, and nobody answers or
//! refuses.

use anyhow::{Context, Result, ensure};
use std::net::Ipv4Addr;
use std::process::Command;

/// Removed when dropped.
pub(super) struct VanishingAddress {
    card: String,
    pub(super) address: Ipv4Addr,
}

/// A hardware address that no card has.
const NOBODY: &str = "02:00:00:00:00:01";

impl VanishingAddress {
    /// Makes it. Its name and address are this process's own.
    pub(super) fn make() -> Result<Self> {
        let own = std::process::id();
        let [_, _, high, low] = own.to_be_bytes();
        let made = Self {
            card: format!("tw{own}a"),
            address: Ipv4Addr::new(10, 213, high, low),
        };
        let peer = format!("tw{own}b");
        ip(&[
            "link", "add", &made.card, "type", "veth", "peer", "name", &peer,
        ])?;
        ip(&["link", "set", &peer, "up"])?;
        ip(&["link", "set", &made.card, "up"])?;
        ip(&["address", "add", &made.whole(), "dev", &made.card])?;
        Ok(made)
    }

    fn whole(&self) -> String {
        format!("{}/32", self.address)
    }

    /// From now on what is sent there is lost.
    pub(super) fn vanish(&self) -> Result<()> {
        let (whole, card) = (self.whole(), &self.card);
        ip(&["address", "del", &whole, "dev", card])?;
        ip(&["route", "add", &whole, "dev", card])?;
        let address = self.address.to_string();
        ip(&[
            "neigh",
            "replace",
            &address,
            "lladdr",
            NOBODY,
            "dev",
            card,
            "nud",
            "permanent",
        ])
    }

    /// It is there again.
    pub(super) fn come_back(&self) -> Result<()> {
        let (whole, card) = (self.whole(), &self.card);
        ip(&["route", "del", &whole, "dev", card])?;
        ip(&["address", "add", &whole, "dev", card])
    }
}

impl Drop for VanishingAddress {
    fn drop(&mut self) {
        if let Err(error) = ip(&["link", "del", &self.card]) {
            tracing::warn!(%error, "the virtual cards of the drill could not be removed");
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let done = Command::new("ip").args(arguments).output();
    let done = done.context("starting ip (Debian: apt-get install iproute2)")?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(
        done.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        said.trim()
    );
    Ok(())
}
