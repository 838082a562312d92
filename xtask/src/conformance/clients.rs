//! Popular client libraries against the simulators: what they read of an answer, our connectors may not.

use super::secured::Secured;
use crate::served::SystemClock;
use crate::{provision::python, run};
use anyhow::{Context, Result, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::redmine::{self, Redmine};
use twinline_sim::serve::SimServer;
use twinline_sim::servicenow::{self, ServiceNow};
use twinline_sim::zendesk::{self, Zendesk};
use twinline_sim::{Faults, Faulty, Simulator};

/// A Python program that uses a client library and asserts what it sees.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    /// PyGithub against a simulated GitHub.
    PyGithub,
    /// The `jira` package against a simulated Jira Cloud.
    Jira,
    /// The `azure-devops` package against a simulated Azure DevOps.
    AzureDevOps,
    /// The `python-redmine` package against a simulated Redmine.
    PythonRedmine,
    /// The `zenpy` package against a simulated Zendesk.
    Zenpy,
    /// ServiceNow's PySNC against a simulated ServiceNow. It insists on an encrypted connection.
    PySnc,
}

impl Client {
    /// Every client.
    pub const ALL: [Self; 6] = [
        Self::PyGithub,
        Self::Jira,
        Self::AzureDevOps,
        Self::PythonRedmine,
        Self::PySnc,
        Self::Zenpy,
    ];

    fn simulator(self) -> Box<dyn Simulator> {
        match self {
            Self::PyGithub => Box::new(Github::new(GithubConfig::default())),
            Self::Jira => Box::new(JiraCloud::new(jira_cloud::demo_site())),
            Self::AzureDevOps => Box::new(AzureDevOps::new(azure_devops::demo_organization())),
            Self::PythonRedmine => Box::new(Redmine::new(redmine::demo_site())),
            Self::Zenpy => Box::new(Zendesk::new(zendesk::demo_site())),
            Self::PySnc => Box::new(ServiceNow::new(servicenow::demo_site())),
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::PyGithub => &["github-token", "acme/app", "http://127.0.0.1:9/hooks/gh"],
            Self::Jira => &["twinline@acme.example", jira_cloud::API_TOKEN, "APP"],
            Self::AzureDevOps => &[azure_devops::PAT, "Support"],
            Self::PythonRedmine => &[redmine::API_KEY, "app"],
            Self::Zenpy => &["twinline@acme.example", zendesk::API_TOKEN, "Support"],
            Self::PySnc => &["twinline", servicenow::PASSWORD],
        }
    }

    /// Serves the simulator of the tracker that the client is for on loopback, and lets the client judge it; what it
    /// printed.
    pub async fn judge(self) -> Result<String> {
        let tracker = Faulty::new(self.simulator(), Faults::default(), 1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = SimServer::start(tracker, Arc::new(SystemClock), address)
            .await
            .context("serving a simulator on loopback")?;
        let secured = match self.insists_on_tls() {
            true => Some(Secured::before(server.addr).await?),
            false => None,
        };
        let url = secured.as_ref().map_or_else(|| server.url(), Secured::url);
        let trusted = secured.as_ref().map(Secured::certificate);
        let driven =
            tokio::task::spawn_blocking(move || self.drive(&url, trusted.as_deref())).await;
        drop(secured);
        server.shutdown().await;
        let printed = driven.context("a client's thread")??;
        ensure!(
            printed.starts_with("driven: "),
            "{self:?} printed {printed}"
        );
        Ok(printed)
    }

    /// Whether the client takes no address without encryption.
    const fn insists_on_tls(self) -> bool {
        matches!(self, Self::PySnc)
    }

    const fn program(self) -> &'static str {
        match self {
            Self::PyGithub => include_str!("clients/github_client.py"),
            Self::Jira => include_str!("clients/jira_client.py"),
            Self::AzureDevOps => include_str!("clients/azure_client.py"),
            Self::PythonRedmine => include_str!("clients/redmine_client.py"),
            Self::Zenpy => include_str!("clients/zendesk_client.py"),
            Self::PySnc => include_str!("clients/servicenow_client.py"),
        }
    }

    /// Runs the program against the simulator at `url`, whose certificate is that of the file `trusted`; what it printed, or an
    /// error with its traceback.
    fn drive(self, url: &str, trusted: Option<&Path>) -> Result<String> {
        let mut command = Command::new(python::interpreter());
        command.args(["-I", "-c", self.program(), url]);
        command.args(self.arguments());
        // No proxy of the machine's stands between a client and loopback.
        command.env("NO_PROXY", "127.0.0.1,localhost");
        if let Some(certificate) = trusted {
            command.env("REQUESTS_CA_BUNDLE", certificate);
        }
        // The `azure-devops` package keeps what it has learned of a server; another one may listen there next time.
        let kept = tempfile::tempdir().context("making a folder for a client's files")?;
        command.env("AZURE_DEVOPS_CACHE_DIR", kept.path());
        run::quietly(&mut command).with_context(|| format!("driving {url} by {self:?}"))
    }

    /// Whether the environment is provisioned.
    pub fn is_installed() -> bool {
        !python::is_missing()
    }
}
