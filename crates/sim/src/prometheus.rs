//! A real Prometheus and a real Alertmanager on loopback for tests: each a process in a folder of its own, ended and removed when
//! dropped.

use crate::debian;
use crate::ports::free_port;
use crate::watchman::Watchman;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusStartError {
    /// A program is missing.
    #[error("{0} is not installed (Debian: apt-get install prometheus prometheus-alertmanager)")]
    NotInstalled(&'static str),
    /// A folder, port or program could not be used.
    #[error("starting a monitoring of one's own")]
    System(#[from] io::Error),
}

const PROMETHEUS: &str = "/usr/bin/prometheus";
const ALERTMANAGER: &str = "/usr/bin/prometheus-alertmanager";
const PROMTOOL: &str = "/usr/bin/promtool";

/// Ends the process and removes the folder when this process is killed before it can.
const ENDS: &str = "kill -KILL \"$(cat \"$2/pid\")\"; rm -rf \"$2\"";

/// A running server.
#[derive(Debug)]
pub struct Monitoring {
    port: u16,
    child: Child,
    watchman: Option<Watchman>,
    _folder: TempDir,
}

impl Monitoring {
    /// Whether this machine has both programs.
    pub fn is_installed() -> bool {
        [PROMETHEUS, ALERTMANAGER, PROMTOOL]
            .iter()
            .all(|program| Path::new(program).is_file())
    }

    /// Whether a test that needs them can run. Without them the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When `TWINLINE_TESTDATA_REQUIRED=1` says that they were installed, and one is missing.
    pub fn can_run() -> bool {
        debian::met(Self::is_installed(), "Prometheus with Alertmanager")
    }

    /// Starts a Prometheus on a configuration and the files that it names, each beside it. It serves a moment later.
    ///
    /// # Errors
    /// The program is missing, or a folder or port cannot be used.
    pub fn prometheus(
        configuration: &str,
        beside: &[(&str, &str)],
    ) -> Result<Self, PrometheusStartError> {
        Self::start(
            PROMETHEUS,
            "prometheus.yml",
            configuration,
            beside,
            |folder, at| {
                let data = folder.join("data");
                vec![
                    format!("--config.file={}", folder.join("prometheus.yml").display()),
                    format!("--storage.tsdb.path={}", data.display()),
                    format!("--web.listen-address={at}"),
                ]
            },
        )
    }

    /// Starts an Alertmanager, alone, on a configuration. It serves a moment later.
    ///
    /// # Errors
    /// As [`Self::prometheus`].
    pub fn alertmanager(configuration: &str) -> Result<Self, PrometheusStartError> {
        let name = "alertmanager.yml";
        Self::start(ALERTMANAGER, name, configuration, &[], |folder, at| {
            vec![
                format!("--config.file={}", folder.join(name).display()),
                format!("--storage.path={}", folder.join("data").display()),
                format!("--web.listen-address={at}"),
                // It talks to no other one.
                "--cluster.listen-address=".to_owned(),
            ]
        })
    }

    fn start(
        program: &'static str,
        name: &str,
        configuration: &str,
        beside: &[(&str, &str)],
        arguments: impl Fn(&Path, &str) -> Vec<String>,
    ) -> Result<Self, PrometheusStartError> {
        let program = PathBuf::from(
            Some(program)
                .filter(|it| Path::new(it).is_file())
                .ok_or(PrometheusStartError::NotInstalled(program))?,
        );
        let folder = TempDir::with_prefix("twinline-monitoring-")?;
        std::fs::write(folder.path().join(name), configuration)?;
        for (file, text) in beside {
            std::fs::write(folder.path().join(file), text)?;
        }
        let port = free_port()?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let child = Command::new(program)
            .args(arguments(folder.path(), &format!("127.0.0.1:{port}")))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        std::fs::write(folder.path().join("pid"), child.id().to_string())?;
        Ok(Self {
            port,
            child,
            watchman: Some(Watchman::of(folder.path(), ENDS)?),
            _folder: folder,
        })
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        drop(self.watchman.take());
        // It may have ended already.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Prometheus' own judge of configurations and rules, in a folder; what it says where it is not content.
///
/// # Errors
/// The program is missing, or not content.
pub fn promtool(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let judged = Command::new(PROMTOOL)
        .args(arguments)
        .current_dir(folder)
        .output()?;
    if judged.status.success() {
        return Ok(());
    }
    let said = [judged.stdout, judged.stderr].concat();
    Err(io::Error::other(
        String::from_utf8_lossy(&said).into_owned(),
    ))
}
