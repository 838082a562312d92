//! The simulated trackers: a GitHub and a Jira for each connection, each a server of its own.

use super::book::Book;
use crate::handles::SystemClock;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, Dump, DumpItem, Faults, Faulty, Simulator, Watched};

/// What signs the simulators' webhooks.
pub(super) const HOOK_SECRET: &str = "a-secret-of-the-drill";
/// The token of the simulated GitHubs.
pub(super) const GITHUB_TOKEN: &str = "github-token";

/// Which kind of tracker a node is: the even ones are the left sides of the connections, the odd ones the right sides.
pub(super) const fn is_github(node: usize) -> bool {
    node.is_multiple_of(2)
}

/// A node's name in the configuration.
pub(super) fn name(node: usize) -> String {
    let kind = if is_github(node) { "github" } else { "jira" };
    format!("{kind}-{:02}", node / 2 + 1)
}

/// The repository or project that a node works on.
pub(super) fn container(node: usize) -> String {
    let connection = node / 2 + 1;
    if is_github(node) {
        format!("acme/app{connection:02}")
    } else {
        format!("P{connection:02}")
    }
}

pub(super) struct Trackers {
    nodes: Vec<SimServer>,
}

impl Trackers {
    pub(super) async fn start(connections: usize, book: &Arc<Book>) -> Result<Self> {
        let mut nodes = Vec::new();
        for node in 0..connections * 2 {
            let simulator: Box<dyn Simulator> = if is_github(node) {
                Box::new(Github::new(GithubConfig {
                    repositories: vec![container(node)],
                    limits: Limits::none(),
                    ..GithubConfig::default()
                }))
            } else {
                let mut site = jira_cloud::demo_site();
                site.projects.truncate(1);
                site.projects[0].key = container(node);
                let mut jira = JiraCloud::new(site);
                jira.set_issue_write_limits(false);
                Box::new(jira)
            };
            let watched = Watched::new(simulator, node, Arc::clone(book));
            let faulty = Faulty::new(Box::new(watched), Faults::default(), 1);
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = SimServer::start(faulty, Arc::new(SystemClock), any).await;
            nodes.push(server.context("starting a simulator")?);
        }
        Ok(Self { nodes })
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(SimServer::url).collect()
    }

    pub(super) const fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Does what a person does in a tracker.
    pub(super) fn act(&self, node: usize, command: Command) -> Result<Done> {
        let done = self.nodes[node].with(|tracker, now| tracker.command(now, command));
        done.with_context(|| format!("{} refused an act", name(node)))
    }

    fn dump(&self, node: usize) -> Dump {
        self.nodes[node].with(|tracker, now| tracker.dump(now))
    }

    /// The items of a node by the number in their titles; those that are there more than once.
    pub(super) fn items(&self, node: usize) -> (BTreeMap<usize, DumpItem>, Vec<usize>) {
        let (mut items, mut doubled) = (BTreeMap::new(), Vec::new());
        for item in self.dump(node).items.into_iter().filter(|one| !one.deleted) {
            let number = item
                .title
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']')?.0.parse().ok());
            let Some(number) = number else { continue };
            if items.insert(number, item).is_some() {
                doubled.push(number);
            }
        }
        (items, doubled)
    }

    /// Has all of them send their webhooks there.
    pub(super) fn hook(&self, to: SocketAddr) -> Result<()> {
        for node in 0..self.nodes.len() {
            let command = Command::Webhook {
                url: format!("http://{to}/hooks/{}", name(node)),
                secret: Some(HOOK_SECRET.to_owned()),
            };
            self.act(node, command)?;
        }
        Ok(())
    }

    pub(super) async fn stop(self) {
        futures_util::future::join_all(self.nodes.into_iter().map(SimServer::shutdown)).await;
    }
}
