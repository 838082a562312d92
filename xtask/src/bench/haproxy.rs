//! A HAProxy of Debian's package, running on a configuration of the caller's.

use super::process::reaches;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};
use twinline_sim::ports::free_port;

/// A running HAProxy; ends when dropped.
pub(super) struct Haproxy {
    pub(super) at: SocketAddr,
    child: Child,
}

impl Haproxy {
    /// Starts it with the configuration for the address that it is told to listen on, and waits until it does.
    pub(super) async fn start(
        folder: &Path,
        configuration: impl FnOnce(SocketAddr) -> String,
    ) -> Result<Self> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, configuration(at)).context("writing HAProxy's configuration")?;
        let child = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting HAProxy")?;
        reaches(at).await.context("HAProxy does not listen")?;
        Ok(Self { at, child })
    }

    pub(super) fn id(&self) -> Result<u32> {
        self.child.id().context("HAProxy has ended")
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("ending HAProxy")
    }
}
