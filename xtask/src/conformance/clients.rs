//! Popular client libraries against the simulators: what they read of an answer, our connectors may not.

use crate::{provision::python, run};
use anyhow::{Context, Result};
use std::process::Command;

/// A Python program that uses a client library and asserts what it sees.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    /// PyGithub against a simulated GitHub.
    PyGithub,
    /// The `jira` package against a simulated Jira Cloud.
    Jira,
}

impl Client {
    const fn program(self) -> &'static str {
        match self {
            Self::PyGithub => include_str!("clients/github_client.py"),
            Self::Jira => include_str!("clients/jira_client.py"),
        }
    }

    /// Runs the program against the simulator at `url`; what it printed, or an error with its traceback.
    pub fn drive(self, url: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(python::interpreter());
        command.args(["-I", "-c", self.program(), url]);
        command.args(arguments);
        // No proxy of the machine's stands between a client and loopback.
        command.env("NO_PROXY", "127.0.0.1");
        run::quietly(&mut command).with_context(|| format!("driving {url} by {self:?}"))
    }

    /// Whether the environment is provisioned.
    pub fn is_installed() -> bool {
        !python::is_missing()
    }
}
