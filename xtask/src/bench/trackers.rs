//! The simulated GitHub and Jira of a benchmark, served without limits and without latency, and watched.

use crate::served::SystemClock;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::site::Project;
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, Dump, Faults, Faulty, Sees, Simulator, Watched};

/// What signs the simulators' webhooks.
pub(super) const HOOK_SECRET: &str = "a-secret-of-the-benchmark";
/// Where the twins lie, left and right.
pub(super) const CONTAINERS: [&str; 2] = ["acme/app", "APP"];
/// The nodes' names, left and right.
pub(super) const NODES: [&str; 2] = ["github", "jira"];

/// Starts both, left and right.
pub(super) async fn start(sees: &Arc<impl Sees>) -> Result<[SimServer; 2]> {
    start_with(0, sees).await
}

/// A repository and a project of a pair of nodes alone.
pub(super) fn containers(pair: usize) -> [String; 2] {
    [format!("acme/p{pair}"), format!("P{pair}")]
}

/// Starts both with a repository and a project for each pair of nodes besides.
pub(super) async fn start_with(pairs: usize, sees: &Arc<impl Sees>) -> Result<[SimServer; 2]> {
    let mut config = GithubConfig {
        limits: Limits::none(),
        ..GithubConfig::default()
    };
    let mut site = jira_cloud::demo_site();
    let like = site.projects.first().context("a project")?.clone();
    for (pair, id) in (0..pairs).zip(20_000_u64..) {
        let [repository, key] = containers(pair);
        config.repositories.push(repository);
        site.projects.push(Project {
            id: id.to_string(),
            name: format!("Project {pair}"),
            key,
            ..like.clone()
        });
    }
    let github = Github::new(config);
    let mut jira = JiraCloud::new(site);
    jira.set_issue_write_limits(false);
    Ok([
        serve(Box::new(github), 0, sees).await?,
        serve(Box::new(jira), 1, sees).await?,
    ])
}

async fn serve(
    simulator: Box<dyn Simulator>,
    side: usize,
    sees: &Arc<impl Sees>,
) -> Result<SimServer> {
    let watched = Watched::new(simulator, side, Arc::clone(sees));
    let faulty = Faulty::new(Box::new(watched), Faults::default(), 1);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    SimServer::start(faulty, Arc::new(SystemClock), any)
        .await
        .context("starting a simulator")
}

/// Does what a person does in a tracker.
pub(super) fn act(tracker: &SimServer, command: Command) -> Result<Done> {
    let done = tracker.with(|tracker, now| tracker.command(now, command));
    done.context("the simulator refused an act")
}

/// All that a tracker holds.
pub(super) fn dump(tracker: &SimServer) -> Dump {
    tracker.with(|tracker, now| tracker.dump(now))
}

/// Has both trackers send their webhooks to an address.
pub(super) fn hook(sides: &[SimServer; 2], to: &str) -> Result<()> {
    for (side, node) in sides.iter().zip(NODES) {
        let command = Command::Webhook {
            url: format!("http://{to}/hooks/{node}"),
            secret: Some(HOOK_SECRET.to_owned()),
        };
        act(side, command)?;
    }
    Ok(())
}

/// Makes an item on one side, with its number in its title.
pub(super) fn create(sides: &[SimServer; 2], side: usize, item: usize) -> Result<()> {
    let command = Command::Create {
        container: Some(CONTAINERS[side].to_owned()),
        by: "ana".to_owned(),
        title: format!("[{item}] as it was made"),
        body: "What happens, and what should happen instead.\n\nIt was seen twice.".to_owned(),
        labels: vec!["bug".to_owned()],
        assignees: Vec::new(),
    };
    act(&sides[side], command).map(drop)
}

/// The items that are there, by the number in their titles: key and title.
pub(super) fn numbered(dump: Dump) -> BTreeMap<usize, (String, String)> {
    let items = dump.items.into_iter().filter(|item| !item.deleted);
    let numbered = items.filter_map(|item| {
        let number = item.title.strip_prefix('[')?.split_once(']')?.0;
        Some((number.parse().ok()?, (item.key, item.title)))
    });
    numbered.collect()
}

/// The number that stands behind a mark.
pub(super) fn number_after(mark: &[u8], text: &[u8]) -> Option<u64> {
    let at = text.windows(mark.len()).position(|part| part == mark)?;
    let digits = text[at + mark.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    digits.fold(None, |number: Option<u64>, digit| {
        number
            .unwrap_or(0)
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))
    })
}
