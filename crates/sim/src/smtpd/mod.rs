//! A real mail server on loopback for tests and drills: aiosmtpd in a process of its own, ended when dropped.
//!
//! Letters that it took lie in a folder. What it does wrong is asked for by the recipient's name: `nobody` is refused for
//! good, `later` for now, `hangs` gets no answer, `closes` none on a closed connection; `spam`, `hangs-then` and
//! `closes-then` have the same after the letter's content. A server that hangs altogether is one that a signal stopped.

use crate::debian;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Debian's own interpreter, for which its packages are installed.
const PYTHON: &str = "/usr/bin/python3";
/// The server.
const SERVER: &str = include_str!("server.py");

/// What cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SmtpdStartError {
    /// The program is missing.
    #[error("aiosmtpd is not installed (Debian: apt-get install python3-aiosmtpd)")]
    NotInstalled,
    /// A folder or program could not be used.
    #[error("starting a mail server")]
    System(#[from] io::Error),
    /// It ended instead of serving.
    #[error("the mail server did not serve: {0}")]
    Mute(String),
}

/// How the server is spoken to.
#[derive(Clone, Debug, Default)]
pub struct SmtpdSettings {
    /// Whether and how it encrypts.
    pub encryption: Encryption,
    /// Its certificate and key (PEM), where it encrypts.
    pub certificate: String,
    /// User and password, where it wants them.
    pub login: Option<(String, String)>,
}

/// Whether and how a server encrypts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Not.
    #[default]
    None,
    /// By STARTTLS, without which it takes nothing.
    StartTls,
    /// From the first byte.
    FromTheStart,
}

/// A letter that the server took.
#[derive(Clone, Debug, Deserialize)]
pub struct Letter {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// How the client called itself.
    pub hello: String,
    /// Whether the conversation was encrypted.
    pub encrypted: bool,
    /// Whether the client had logged in.
    pub logged_in: bool,
    /// Headers and body.
    pub content: String,
}

/// A running server.
#[derive(Debug)]
pub struct Smtpd {
    port: u16,
    child: Child,
    folder: TempDir,
}

impl Smtpd {
    /// Whether this machine has the program.
    pub fn is_installed() -> bool {
        let probe = Command::new(PYTHON)
            .args(["-c", "import aiosmtpd"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    }

    /// Whether a test that needs it can run. Without it the test says that it is skipped and ends.
    ///
    /// # Panics
    /// When `TWINLINE_TESTDATA_REQUIRED=1` says that the program was installed, and it is missing.
    pub fn can_run() -> bool {
        debian::met(Self::is_installed(), "aiosmtpd")
    }

    /// Starts a server; answers when it serves.
    ///
    /// # Errors
    /// The program is missing, or it does not come up.
    pub fn start(settings: &SmtpdSettings) -> Result<Self, SmtpdStartError> {
        if !Path::new(PYTHON).is_file() {
            return Err(SmtpdStartError::NotInstalled);
        }
        let folder = TempDir::with_prefix("twinline-smtpd-")?;
        let letters = folder.path().join("letters");
        std::fs::create_dir(&letters)?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let program = folder.path().join("server.py");
        std::fs::write(&program, SERVER)?;
        let mut command = Command::new(PYTHON);
        command.arg("-I").arg(&program).arg(&letters);
        command.arg(match settings.encryption {
            Encryption::None => "none",
            Encryption::StartTls => "starttls",
            Encryption::FromTheStart => "start",
        });
        if settings.encryption == Encryption::None {
            command.arg("");
        } else {
            let certificate = folder.path().join("certificate.pem");
            std::fs::write(&certificate, &settings.certificate)?;
            command.arg(certificate);
        }
        let (user, password) = settings.login.clone().unwrap_or_default();
        command.args([user, password]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("it was asked for");
        let mut server = Self {
            port: 0,
            child,
            folder,
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse();
        server.port = port.map_err(|_| SmtpdStartError::Mute(server.log()))?;
        Ok(server)
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All letters so far, in the order in which they came.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn letters(&self) -> io::Result<Vec<Letter>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(self.folder.path().join("letters"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        let read = |path: &std::path::PathBuf| Ok(serde_json::from_slice(&std::fs::read(path)?)?);
        paths.iter().map(read).collect()
    }

    /// Sends the server a signal: stops it, lets it go on, kills it.
    ///
    /// # Panics
    /// When it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = Pid::from_raw(pid).expect("a process id is not zero");
        kill_process(pid, signal).expect("the server is there");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        // It may have been killed already.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
