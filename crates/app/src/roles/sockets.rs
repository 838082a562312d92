//! Listening sockets that outlive the process that serves them.
//!
//! `twinline up` holds the edge's sockets and hands them to each edge that it starts, by systemd's protocol
//! (sd_listen_fds(3)): `LISTEN_FDS` says how many there are, from descriptor 3 on. While no edge runs, callers wait in the
//! kernel's queue; nobody is refused. systemd itself can hand them to `up` or to `edge` in the same way: the first is
//! `edge.listen`, the second, if there is one, `edge.health`.

use crate::config::Config;
use anyhow::{Context, Result};
use command_fds::{CommandFdExt as _, FdMapping};
use listenfd::ListenFd;
use std::net::{SocketAddr, TcpListener};
use tokio::net::TcpSocket;
use tokio::process::Command;

/// As many callers may wait while no edge runs; the kernel caps it at `net.core.somaxconn`.
const WAITING_MAX: u32 = 4096;
/// The first descriptor of systemd's protocol.
const FIRST: i32 = 3;

/// Sockets that were handed over to this process.
#[derive(Debug, Default)]
pub struct Handed {
    /// For `edge.listen`.
    pub public: Option<TcpListener>,
    /// For `edge.health`.
    pub private: Option<TcpListener>,
}

impl Handed {
    /// Takes what was handed over, if anything was.
    ///
    /// # Errors
    /// What was handed over is no listening TCP socket.
    pub fn take() -> Result<Self> {
        let mut all = ListenFd::from_env();
        let mut take = |at| {
            let listener = all.take_tcp_listener(at);
            listener.with_context(|| format!("taking over the listening socket {at}"))
        };
        Ok(Self {
            public: take(0)?,
            private: take(1)?,
        })
    }
}

/// Both sockets of an edge.
#[derive(Debug)]
pub struct Sockets {
    public: TcpListener,
    private: TcpListener,
}

impl Sockets {
    /// What was handed over, and for what was not a socket of its own.
    ///
    /// # Errors
    /// An address that cannot be bound.
    pub fn open(handed: Handed, config: &Config) -> Result<Self> {
        let or_bound = |handed: Option<TcpListener>, at: SocketAddr, key: &str| match handed {
            Some(listener) => Ok(listener),
            None => bind(at).with_context(|| format!("cannot listen on {at} ({key})")),
        };
        Ok(Self {
            public: or_bound(handed.public, config.edge.listen, "edge.listen")?,
            private: or_bound(
                handed.private,
                config.edge_private(),
                "edge.health, or edge in [machines]",
            )?,
        })
    }

    /// Hands both to a process that is about to start.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn hand_to(&self, command: &mut Command) -> Result<()> {
        let mappings = [&self.public, &self.private].into_iter().zip(FIRST..);
        let mappings = mappings.map(|(listener, child_fd)| {
            let parent_fd = listener.try_clone()?.into();
            Ok(FdMapping {
                parent_fd,
                child_fd,
            })
        });
        let mappings = mappings.collect::<std::io::Result<Vec<_>>>();
        let mappings = mappings.context("doubling a listening socket")?;
        // Without LISTEN_PID the sockets are for whoever gets the variable: the child alone, whose id is not known yet.
        command.env_remove("LISTEN_PID").env("LISTEN_FDS", "2");
        command
            .fd_mappings(mappings)
            .context("handing over the listening sockets")?;
        Ok(())
    }

    /// For a process that is to get none: what was handed to this one is not its own.
    pub fn keep_from(command: &mut Command) {
        command.env_remove("LISTEN_PID").env_remove("LISTEN_FDS");
    }
}

fn bind(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match at {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A predecessor's connections may still be in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(WAITING_MAX)?.into_std()
}
