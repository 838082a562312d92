//! The demonstration's two trackers, and a folder with the configuration and the rules between them.

use super::map::{COMMENTS, FIELDS, STATUS};
use crate::handles::SystemClock;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::ports::free_port;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done, Dump, FaultCounts, Faults, Faulty, Forced, Simulator, Write};

/// What signs the simulators' webhooks.
const HOOK_SECRET: &str = "a-secret-of-the-demonstration";
const GITHUB_TOKEN: &str = "github-token";

/// The two connections: repository, project, type of item.
pub(super) const CONNECTIONS: [(&str, &str, &str); 2] =
    [("acme/app", "APP", "Task"), ("acme/archive", "SUP", "Task")];

/// The titles that the demonstration starts with.
const TITLES: [&str; 8] = [
    "Export times out for reports over 10,000 rows",
    "Let people sign in with a passkey",
    "Search forgets the chosen filter after a reload",
    "Document how to rotate the signing key",
    "Dark mode: low contrast in the table header",
    "Show who changed a setting, and when",
    "Import contacts from a CSV file",
    "Names with an apostrophe break the e-mail template",
];

/// One of the two trackers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    GitHub,
    Jira,
}

impl Place {
    pub(super) const BOTH: [Self; 2] = [Self::GitHub, Self::Jira];

    /// How the path of a request ends that creates an item there.
    const fn create_path(self) -> &'static str {
        match self {
            Self::GitHub => "/issues",
            Self::Jira => "/issue",
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::GitHub => Self::Jira,
            Self::Jira => Self::GitHub,
        }
    }
}

/// Both trackers' states.
pub(super) type Both = BTreeMap<Place, Dump>;

/// Where people act, and where it is seen what became of it.
pub(super) trait Trackers {
    /// Does something as a person would.
    fn act(&self, place: Place, command: Command) -> Result<Done>;
    /// A tracker's whole state.
    fn dump(&self, place: Place) -> Dump;
}

impl Trackers for World {
    fn act(&self, place: Place, command: Command) -> Result<Done> {
        let shown = format!("{command:?}");
        let done = self
            .server(place)
            .with(|tracker, now| tracker.command(now, command));
        done.with_context(|| format!("the simulator refused {shown}"))
    }

    fn dump(&self, place: Place) -> Dump {
        self.server(place).with(|tracker, now| tracker.dump(now))
    }
}

/// Everything that the demonstration runs on. The folder goes when it is dropped.
pub(super) struct World {
    github: SimServer,
    jira: SimServer,
    folder: TempDir,
    /// Where webhooks arrive: known before the edge starts, the same after each of its crashes.
    edge: SocketAddr,
}

impl World {
    /// Starts the trackers, seeds them and writes the configuration.
    pub(super) async fn start() -> Result<Self> {
        let config = GithubConfig {
            limits: Limits::none(),
            ..GithubConfig::default()
        };
        let mut jira = JiraCloud::new(jira_cloud::demo_site());
        jira.set_issue_write_limits(false);
        let world = Self {
            github: serve(Box::new(Github::new(config)), 1).await?,
            jira: serve(Box::new(jira), 2).await?,
            folder: tempfile::Builder::new()
                .prefix("twinline-demo-")
                .tempdir()
                .context("making a folder")?,
            edge: free_address()?,
        };
        world.seed()?;
        world.write_files()?;
        Ok(world)
    }

    /// One tracker's server.
    pub(super) const fn server(&self, place: Place) -> &SimServer {
        match place {
            Place::GitHub => &self.github,
            Place::Jira => &self.jira,
        }
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("twinline.toml")
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("twinline-data")
    }

    /// Both trackers' states.
    pub(super) fn dumps(&self) -> Both {
        let places = Place::BOTH.into_iter();
        places.map(|place| (place, self.dump(place))).collect()
    }

    /// From now on every request that changes something is noted.
    pub(super) fn note_writes(&self) {
        for place in Place::BOTH {
            self.server(place).with(|tracker, _| tracker.note_writes());
        }
    }

    /// What was noted, and the faults that were made so far, of each tracker.
    pub(super) fn noted(&self) -> BTreeMap<Place, (Vec<Write>, FaultCounts)> {
        let noted = |place: Place| {
            self.server(place).with(|tracker, _| {
                let writes = tracker.writes().to_vec();
                (place, (writes, tracker.counts()))
            })
        };
        Place::BOTH.into_iter().map(noted).collect()
    }

    /// Makes each kind of fault happen once at each tracker, whatever is drawn besides.
    pub(super) fn force_faults(&self) {
        for place in Place::BOTH {
            let forced = [
                Forced::LoseWebhook,
                Forced::DoubleWebhook,
                Forced::ReorderWebhook,
                Forced::Throttle,
                Forced::ServerError,
                Forced::LatePost(place.create_path()),
            ];
            self.server(place)
                .with(|tracker, _| forced.into_iter().for_each(|fault| tracker.force(fault)));
        }
    }

    /// Replaces the faults of both.
    pub(super) fn set_faults(&self, faults: &Faults) {
        for place in Place::BOTH {
            self.server(place)
                .with(|tracker, _| tracker.set_faults(faults.clone()));
        }
    }

    /// Jira's administrator sets up its webhook; GitHub's is registered by the host.
    pub(super) fn hook_jira(&self) -> Result<()> {
        let url = format!("http://{}/hooks/jira", self.edge);
        let secret = Some(HOOK_SECRET.to_owned());
        self.act(Place::Jira, Command::Webhook { url, secret })
            .map(drop)
    }

    /// Stops both servers.
    pub(super) async fn stop(self) {
        self.github.shutdown().await;
        self.jira.shutdown().await;
    }

    fn seed(&self) -> Result<()> {
        for (number, title) in TITLES.iter().enumerate() {
            let (repository, project, _) = CONNECTIONS[number % 2];
            let (place, container) = if number % 4 < 2 {
                (Place::GitHub, repository)
            } else {
                (Place::Jira, project)
            };
            self.act(place, super::script::create(number, container, title))?;
        }
        // A workflow is learnt from issues that are in its statuses.
        for (number, steps) in [
            (100, &["In Progress"][..]),
            (101, &["In Progress", "In Review"]),
        ] {
            let made = self.act(
                Place::Jira,
                super::script::create(number, "APP", "A task that is under way"),
            )?;
            let Done::Item(key) = made else { continue };
            for status in steps {
                self.act(Place::Jira, Command::edit(&key, "ben", "status", *status))?;
            }
        }
        Ok(())
    }

    fn write_files(&self) -> Result<()> {
        let root = self.folder.path();
        let write = |name: &str, text: &str| {
            fs::write(root.join(name), text)
                .with_context(|| format!("writing {name} of the demonstration"))
        };
        fs::create_dir(root.join("rules")).context("making the rules folder")?;
        write("github.token", GITHUB_TOKEN)?;
        write("jira.token", jira_cloud::API_TOKEN)?;
        write("hook.secret", HOOK_SECRET)?;
        write("twinline.toml", &self.configuration())?;
        for (repository, project, kind) in CONNECTIONS {
            let name = project.to_lowercase();
            write(
                &format!("rules/{name}.toml"),
                &rules(&name, repository, project, kind),
            )?;
        }
        Ok(())
    }

    fn configuration(&self) -> String {
        let sweep = "sweep_s = { period = 2, overlap = 10, resweep = 20, audit = 60 }";
        format!(
            r#"format = 1

[instance]
public_url = "http://{edge}"

[edge]
listen = "{edge}"
health = "127.0.0.1:0"
node_max_per_s = 2000

[host]
listen = "127.0.0.1:0"

[watch]
enabled = false

[log]
# The demonstration is Jira's administrator: nobody must be told to register its webhook.
level = "warn,twinline::roles::host::subscribe=error"

[nodes.github]
tracker = "github"
url = "{}"
auth = {{ token = {{ file = "github.token" }} }}
webhook = {{ secrets = [{{ file = "hook.secret" }}] }}
allow_private = ["127.0.0.0/8"]
settle_s = 2
{sweep}

[nodes.jira]
tracker = "jira-cloud"
url = "{}"
auth = {{ email = "twinline@acme.example", token = {{ file = "jira.token" }} }}
webhook = {{ secrets = [{{ file = "hook.secret" }}] }}
allow_private = ["127.0.0.0/8"]
settle_s = 2
{sweep}
"#,
            self.github.url(),
            self.jira.url(),
            edge = self.edge,
        )
    }
}

/// An address that is free now.
fn free_address() -> Result<SocketAddr> {
    let port = free_port().context("looking for a free port")?;
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

async fn serve(simulator: Box<dyn Simulator>, seed: u64) -> Result<SimServer> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let faulty = Faulty::new(simulator, Faults::default(), seed);
    SimServer::start(faulty, Arc::new(SystemClock), any)
        .await
        .context("starting a simulator")
}

fn rules(name: &str, repository: &str, project: &str, kind: &str) -> String {
    let resolution = if project == "APP" {
        r#", right_set = { resolution = "Done" }"#
    } else {
        ""
    };
    format!(
        r#"format = 1
name = "{name}"

[left]
node = "github"
scope = {{ repo = "{repository}" }}
trigger = "is:issue"

[right]
node = "jira"
scope = {{ project = "{project}", type = "{kind}" }}
trigger = 'project = {project} AND issuetype = {kind}'

[policy]
conflict = "left"
first = "filled"
unmapped = "hold"

{FIELDS}{STATUS}{COMMENTS}[values.status]
open = {{ left = ["open"], right = ["To Do", "In Progress", "In Review"] }}
done = {{ left = ["closed:completed", "closed:not_planned"], right = ["Done"]{resolution} }}
"#
    )
}
