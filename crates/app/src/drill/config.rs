//! The configuration and the rules of a machine of the fleet under test.

use super::catalogue::Spec;
use super::incident::{WatchSetting, of_connection};
use super::trackers::{GITHUB_TOKEN, HOOK_SECRET, container, is_github, name};
use crate::demo::map::{COMMENTS, FIELDS};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use twinline_sim::jira_cloud;
use twinline_sim::ports::free_ports;

/// By what the machines and the command line know each other.
pub(super) const FLEET_KEY: &str = "the key of the drill's fleet, as long as it must be";

/// The file of `central.ca`.
const AUTHORITY: &str = "central-ca.pem";

/// Where the central database is.
pub(super) struct Database {
    /// `central.url`.
    pub(super) url: String,
    /// What its certificate is checked against, as PEM; `None`: it shows none.
    pub(super) authority: Option<String>,
}

/// What all machines of the fleet share.
pub(super) struct Setting {
    /// The central database.
    pub(super) database: Database,
    /// etcd's members.
    pub(super) etcd: Vec<String>,
    /// Where each node's tracker is.
    pub(super) trackers: Vec<String>,
    /// The lease, and the time of an attempt, in milliseconds.
    pub(super) lease_ms: u32,
    pub(super) attempt_ms: u32,
    /// The machines, and where their hosts answer.
    pub(super) hosts: Vec<(String, SocketAddr)>,
    /// Where their edges answer the hosts.
    edges: Vec<SocketAddr>,
    /// Their watches, where they have some.
    pub(super) watches: Option<WatchSetting>,
}

impl Setting {
    /// A fleet of so many machines, at addresses that were free a moment ago.
    pub(super) fn new(
        machines: usize,
        spec: &Spec,
        database: Database,
        etcd: Vec<String>,
        trackers: Vec<String>,
        watches: Option<WatchSetting>,
    ) -> Result<Self> {
        let mut free = free_addresses(machines * 2)?.into_iter();
        let edges = free.by_ref().take(machines).collect();
        let names = (1..=machines).map(|machine| format!("m{machine}"));
        Ok(Self {
            database,
            etcd,
            trackers,
            lease_ms: spec.lease_ms,
            attempt_ms: spec.attempt_ms,
            hosts: names.zip(free).collect(),
            edges,
            watches,
        })
    }
}

/// Addresses that are free now, each another one.
pub(super) fn free_addresses(count: usize) -> Result<Vec<SocketAddr>> {
    let ports = free_ports(count).context("looking for free ports")?;
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(ports.into_iter().map(address).collect())
}

/// Writes all files of a machine.
pub(super) fn write(folder: &Path, machine: &str, setting: &Setting) -> Result<()> {
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))
    };
    fs::create_dir_all(folder.join("rules")).context("making a machine's folder")?;
    write("central.url", &setting.database.url)?;
    if let Some(authority) = &setting.database.authority {
        write(AUTHORITY, authority)?;
    }
    write("fleet.key", FLEET_KEY)?;
    write("github.token", GITHUB_TOKEN)?;
    write("jira.token", jira_cloud::API_TOKEN)?;
    write("hook.secret", HOOK_SECRET)?;
    write("twinline.toml", &configuration(machine, setting)?)?;
    if let Some(watches) = &setting.watches {
        watches.write(folder)?;
    }
    for left in (0..setting.trackers.len()).step_by(2) {
        let connection = format!("c{:02}", left / 2 + 1);
        write(
            &format!("rules/{connection}.toml"),
            &rules(&connection, left),
        )?;
    }
    Ok(())
}

fn configuration(machine: &str, setting: &Setting) -> Result<String> {
    let etcd = serde_json::to_string(&setting.etcd).context("wording etcd's addresses")?;
    let authority = setting.database.authority.as_ref();
    let authority = authority.map_or_else(String::new, |_| format!("ca = \"{AUTHORITY}\"\n"));
    let mut text = format!(
        r#"format = 1

[instance]
name = "drill"
machine = "{machine}"
fleet_key = {{ file = "fleet.key" }}

[edge]
listen = "127.0.0.1:0"
health = "127.0.0.1:0"
node_max_per_s = 10000

[host]
listen = "127.0.0.1:0"

[log]
level = "warn"

[central]
url = {{ file = "central.url" }}
{authority}
[ownership]
etcd = {etcd}
lease_ms = {}
attempt_ms = {}

[machines]
"#,
        setting.lease_ms, setting.attempt_ms
    );
    let mut own = None;
    for (number, ((name, host), edge)) in setting.hosts.iter().zip(&setting.edges).enumerate() {
        let watch = setting.watches.as_ref().map(|all| all.at[number][0]);
        let watch = watch.map_or_else(String::new, |at| format!(", watch = \"{at}\""));
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "{name} = {{ edge = \"{edge}\", host = \"{host}\"{watch} }}"
        );
        own = own.or((name == machine).then_some(number));
    }
    if let Some((watches, own)) = setting.watches.as_ref().zip(own) {
        text.push_str(&watches.text(own));
    }
    for (node, url) in setting.trackers.iter().enumerate() {
        text.push_str(&node_text(node, url));
        if setting.watches.is_some() {
            let tenant = of_connection(node / 2).name;
            // Writing to a string does not fail.
            let _fine = writeln!(text, "workspace = \"{tenant}\"");
        }
    }
    Ok(text)
}

fn node_text(node: usize, url: &str) -> String {
    let (tracker, auth) = if is_github(node) {
        ("github", "token = { file = \"github.token\" }")
    } else {
        (
            "jira-cloud",
            "email = \"twinline@acme.example\", token = { file = \"jira.token\" }",
        )
    };
    format!(
        r#"
[nodes.{}]
tracker = "{tracker}"
url = "{url}"
auth = {{ {auth} }}
webhook = {{ secrets = [{{ file = "hook.secret" }}] }}
allow_private = ["127.0.0.0/8"]
settle_s = 2
sweep_s = {{ period = 5 }}
"#,
        name(node)
    )
}

fn rules(connection: &str, left: usize) -> String {
    let (repository, project) = (container(left), container(left + 1));
    format!(
        r#"format = 1
name = "{connection}"

[left]
node = "{}"
scope = {{ repo = "{repository}" }}
trigger = "is:issue"

[right]
node = "{}"
scope = {{ project = "{project}", type = "Task" }}
trigger = 'project = {project} AND issuetype = Task'

[policy]
conflict = "left"
first = "filled"
unmapped = "hold"
max_writes_per_10min = 1000000

{FIELDS}{COMMENTS}"#,
        name(left),
        name(left + 1)
    )
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
