//! HAProxy before the same backend, set up as a fair peer: two threads, connections kept on both sides, no log.

use super::super::process::reaches;
use crate::run;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A running HAProxy; ends when dropped.
pub(super) struct Haproxy {
    pub(super) at: SocketAddr,
    child: Child,
}

impl Haproxy {
    pub(super) async fn start(
        folder: &Path,
        backend: SocketAddr,
        connections: usize,
    ) -> Result<Self> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, run::free_port()?));
        let most = connections * 4;
        let text = format!(
            "global\n  nbthread 2\n  maxconn {most}\n\
             defaults\n  mode http\n  timeout connect 500ms\n  timeout client 60s\n  timeout server 60s\n  \
             option forwardfor\n  option http-keep-alive\n  http-reuse always\n\
             frontend front\n  bind {at}\n  unique-id-format %{{+X}}o%ci_%Ts_%rt\n  unique-id-header X-Request-Id\n  \
             default_backend back\n\
             backend back\n  server one {backend} maxconn {most}\n"
        );
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, text).context("writing HAProxy's configuration")?;
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
