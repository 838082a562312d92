//! The fleet under measurement: PostgreSQL, etcd, the trackers, and a folder for each machine.

use super::document;
use crate::bench::stack::{Folder, Stack};
use crate::bench::trackers::{HOOK_SECRET, containers, start_with};
use crate::served::SystemClock;
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use twinline::fleet::Definitions;
use twinline_core::handles::Clock as _;
use twinline_core::names::NodeName;
use twinline_sim::Sees;
use twinline_sim::etcd::Etcd;
use twinline_sim::jira_cloud;
use twinline_sim::ports::free_port;
use twinline_sim::postgres::Postgres;
use twinline_sim::serve::SimServer;
use twinline_store::GroupId;
use twinline_store::central::{CentralAddress, CentralClient, CentralSettings, NodePlace};

/// All groups work within this.
const WORKS_MAX: Duration = Duration::from_secs(300);
/// Connections that 32 machines may have, each role with its pools.
const CONNECTIONS: (&str, &str) = ("max_connections", "700");

/// Nobody is told what the trackers are asked.
struct Unwatched;

impl Sees for Unwatched {
    fn asked(&self) {}

    fn written(&self, _: usize, _: &[u8]) {}
}

/// How great a fleet is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) hosts: u32,
    /// Half of them GitHub, half Jira, two to a group.
    pub(super) nodes: u32,
    pub(super) lease_ms: u32,
    pub(super) attempt_ms: u32,
}

pub(super) struct Fleet {
    database: Arc<Postgres>,
    etcd: Etcd,
    sides: Arc<[SimServer; 2]>,
    machines: Vec<Folder>,
    pairs: usize,
}

impl Fleet {
    /// Starts what the machines need, and writes their folders. The groups are published already: `apply` would make one
    /// after the other, and wait for each.
    pub(super) async fn new(size: &Size) -> Result<Self> {
        let database = spawn_blocking(|| Postgres::start(&[CONNECTIONS])).await;
        let database = database.context("starting PostgreSQL")??;
        let etcd = spawn_blocking(|| Etcd::start(1)).await;
        let etcd = etcd.context("starting etcd")??;
        let pairs = size.nodes as usize / 2;
        let sides = Arc::new(start_with(pairs, &Arc::new(Unwatched)).await?);
        let mut addresses = String::new();
        for machine in 1..=size.hosts {
            let (edge, host) = (free_port()?, free_port()?);
            writeln!(
                addresses,
                "m{machine} = {{ edge = \"127.0.0.1:{edge}\", host = \"127.0.0.1:{host}\" }}"
            )?;
        }
        let etcd_at = serde_json::to_string(&etcd.endpoints()).context("etcd's addresses")?;
        let shared = format!(
            "\n[machines]\n{addresses}\n[central]\nurl = {{ file = \"central.url\" }}\n\n[ownership]\netcd = {etcd_at}\n\
             lease_ms = {}\nattempt_ms = {}\n{}",
            size.lease_ms,
            size.attempt_ms,
            nodes(pairs, &sides)?
        );
        let mut machines = Vec::new();
        for machine in 1..=size.hosts {
            let folder = Folder::new()?;
            folder.write("github.token", "github-token")?;
            folder.write("jira.token", jira_cloud::API_TOKEN)?;
            folder.write("hook.secret", HOOK_SECRET)?;
            folder.write("fleet.key", "the key of this fleet, as long as it must be")?;
            folder.write("central.url", &database.url())?;
            let own = format!(
                "format = 1\n\n[instance]\nname = \"bench\"\nmachine = \"m{machine}\"\nfleet_key = {{ file = \"fleet.key\" }}\n\n\
                 [edge]\nlisten = \"127.0.0.1:0\"\n\n[log]\nlevel = \"warn\"\n"
            );
            folder.write("twinline.toml", &(own + &shared))?;
            machines.push(folder);
        }
        for pair in 0..pairs {
            machines[0].write(&format!("rules/c{pair}.toml"), &rules(pair))?;
        }
        publish(&database, pairs).await?;
        Ok(Self {
            database: Arc::new(database),
            etcd,
            sides,
            machines,
            pairs,
        })
    }

    /// What it stands on.
    pub(super) fn ground(&self) -> (Arc<Postgres>, Vec<String>) {
        (Arc::clone(&self.database), self.etcd.endpoints())
    }

    /// What the machines have in their hosts' folders, in bytes.
    pub(super) fn host_files_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for machine in &self.machines {
            let folder = machine.path().join("twinline-data/host");
            for file in std::fs::read_dir(folder).context("listing a host's folder")? {
                bytes += file
                    .and_then(|file| file.metadata())
                    .map_or(0, |it| it.len());
            }
        }
        Ok(bytes)
    }

    pub(super) const fn pairs(&self) -> usize {
        self.pairs
    }

    pub(super) fn trackers(&self) -> Arc<[SimServer; 2]> {
        Arc::clone(&self.sides)
    }

    /// Starts all machines, and waits until every group works somewhere.
    pub(super) async fn up(&self) -> Result<Vec<Stack<'_>>> {
        let stacks = try_join_all(self.machines.iter().map(Folder::up)).await?;
        let deadline = Instant::now() + WORKS_MAX;
        loop {
            let view = self.ask(&["fleet", "status"]).await?;
            let groups = view["groups"].as_array().context("no groups")?;
            let works = groups.iter().filter(|group| group["here"]["works"] == true);
            let works = works.count();
            if works == self.pairs {
                return Ok(stacks);
            }
            if Instant::now() > deadline {
                anyhow::bail!(
                    "{works} of {} groups work: {}",
                    self.pairs,
                    view["troubles"]
                );
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Publishes the rules of every connection.
    pub(super) async fn publish(&self) -> Result<()> {
        self.machines[0].apply().await
    }

    /// Restarts all machines, so many at once, each when those before it have been well for so many seconds; what became of
    /// each.
    pub(super) async fn restart(&self, parallel: u32, settle: u64) -> Result<Value> {
        let (parallel, settle) = (parallel.to_string(), settle.to_string());
        let asked = [
            "fleet",
            "restart",
            "--parallel",
            &parallel,
            "--settle",
            &settle,
        ];
        let restarted = self.ask(&asked).await?;
        Ok(restarted["machines"].clone())
    }

    /// Loses a machine; how long it takes until all its groups work elsewhere.
    pub(super) async fn lose(&self, machine: usize, stack: Stack<'_>) -> Result<Duration> {
        let name = format!("m{}", machine + 1);
        stack.lose().await?;
        let began = Instant::now();
        while began.elapsed() < WORKS_MAX {
            let view = self.ask(&["fleet", "status"]).await?;
            let groups = view["groups"].as_array().context("no groups")?;
            let elsewhere = |group: &&Value| {
                group["machine"] != name.as_str() && group["here"]["works"] == true
            };
            if groups.iter().filter(elsewhere).count() == self.pairs {
                return Ok(began.elapsed());
            }
            sleep(Duration::from_millis(250)).await;
        }
        anyhow::bail!("not all groups of {name} work elsewhere after {WORKS_MAX:?}")
    }

    async fn ask(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.machines[0].run(arguments).await?;
        document(&output, &arguments.join(" "))
    }
}

/// The nodes, which all stand in the file of every machine. Webhooks tell of every change: nothing is swept.
fn nodes(pairs: usize, sides: &[SimServer; 2]) -> Result<String> {
    let mut text = String::new();
    let all = "allow_private = [\"127.0.0.0/8\"]\nsettle_s = 2\nsweep_s = { period = 86400 }\n";
    for pair in 0..pairs {
        write!(
            text,
            "\n[nodes.g{pair}]\ntracker = \"github\"\nurl = \"{}\"\nauth = {{ token = {{ file = \"github.token\" }} }}\n\
             webhook = {{ secrets = [{{ file = \"hook.secret\" }}] }}\n{all}\
             \n[nodes.j{pair}]\ntracker = \"jira-cloud\"\nurl = \"{}\"\n\
             auth = {{ email = \"twinline@acme.example\", token = {{ file = \"jira.token\" }} }}\n{all}",
            sides[0].url(),
            sides[1].url()
        )?;
    }
    Ok(text)
}

/// A connection's rules: each has a repository and a project of its own, as nodes of different people have.
fn rules(pair: usize) -> String {
    let [repository, project] = containers(pair);
    format!(
        "format = 1\nname = \"c{pair}\"\n\n[left]\nnode = \"g{pair}\"\nscope = {{ repo = \"{repository}\" }}\n\
         trigger = \"is:issue\"\n\n[right]\nnode = \"j{pair}\"\nscope = {{ project = \"{project}\", type = \"Task\" }}\n\n\
         [policy]\nmax_writes_per_10min = 1000000\n\n[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n"
    )
}

async fn publish(database: &Postgres, pairs: usize) -> Result<()> {
    let address = CentralAddress::parse(&database.url(), None).context("the database's address")?;
    let central = CentralClient::start(address, CentralSettings::default(), Arc::new(SystemClock));
    let mut definitions = Definitions::default();
    for pair in 0..pairs {
        let nodes = (
            NodeName::new(format!("g{pair}")),
            NodeName::new(format!("j{pair}")),
        );
        let name = format!("c{pair}");
        definitions = definitions.with(&name.as_str().into(), nodes, &GroupId::new(&name))?;
    }
    let places: Vec<NodePlace> = (definitions.places.iter())
        .map(|(node, group)| NodePlace {
            node: node.clone(),
            workspace: "default".to_owned(),
            group: group.clone(),
        })
        .collect();
    let deadline = Instant::now() + WORKS_MAX;
    loop {
        let now = SystemClock.now();
        let published = central
            .publish(0, &definitions.text(), &places, "bench", now)
            .await;
        match published {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("publishing the groups");
            }
            // The schema is made by whoever comes first.
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}
