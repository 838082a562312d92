//! `up --fleet`: what would run on each machine of a fleet. Runs nothing.

use super::ask::config_of;
use crate::config::{Config, Machine, SecretRef};
use crate::instance::DataFolder;
use crate::report::Report;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The units of `deploy/systemd` that start a role, the sockets first.
const EDGE_UNITS: [&str; 2] = ["twinline-edge.socket", "twinline-edge.service"];
const HOST_UNITS: [&str; 1] = ["twinline-host.service"];
const WATCH_UNITS: [&str; 1] = ["twinline-watch.service"];

/// A fleet as it is configured.
#[derive(Debug, Serialize)]
struct Outline {
    instance: String,
    /// The machine that this file is for.
    machine: String,
    machines: Vec<OnMachine>,
    needs: Needs,
}

#[derive(Debug, Serialize)]
struct OnMachine {
    machine: String,
    roles: Vec<OnRole>,
}

#[derive(Debug, Serialize)]
struct OnRole {
    role: &'static str,
    command: String,
    /// Units of `deploy/systemd` that start it, instead of `twinline up`.
    units: Vec<&'static str>,
    listens: Vec<Listens>,
    /// What it writes, in the data folder.
    files: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Listens {
    at: SocketAddr,
    #[serde(rename = "for")]
    whom: &'static str,
}

/// What must be there before.
#[derive(Debug, Serialize)]
struct Needs {
    /// `host:port` of the central database's servers.
    postgresql: Vec<String>,
    etcd: Vec<String>,
    /// Where the secrets lie on every machine.
    secrets: Vec<String>,
    /// How many nodes stand in the file, which every machine needs the credentials of.
    nodes: usize,
}

pub(in crate::commands) fn outline(file: &Path) -> Result<Report> {
    let config = config_of(file)?;
    let found = read(file, &config)?;
    let text = text(&found, file);
    Report::done(&found, text)
}

fn read(file: &Path, config: &Config) -> Result<Outline> {
    let folder = DataFolder::at(&config.data);
    let central = config.central.as_ref().context("[central] is missing")?;
    let address = central.address(file.parent().unwrap_or(Path::new("")))?;
    let ownership = config
        .ownership
        .as_ref()
        .context("[ownership] is missing")?;
    let mut secrets = vec![told("central.url", &central.url)];
    secrets.extend(
        config
            .instance
            .fleet_key
            .iter()
            .map(|key| told("instance.fleet_key", key)),
    );
    let accepted = config.instance.fleet_keys_accepted.iter();
    secrets.extend(accepted.map(|key| told("instance.fleet_keys_accepted", key)));
    let machines = config.machines.iter().map(|(name, at)| OnMachine {
        machine: name.clone(),
        roles: roles(file, config, &folder, *at),
    });
    Ok(Outline {
        instance: config.instance.name.clone(),
        machine: config.instance.machine.clone(),
        machines: machines.collect(),
        needs: Needs {
            postgresql: address.servers(),
            etcd: ownership.etcd.iter().map(ToString::to_string).collect(),
            secrets,
            nodes: config.nodes.len(),
        },
    })
}

fn roles(file: &Path, config: &Config, folder: &DataFolder, at: Machine) -> Vec<OnRole> {
    let command = |role: &str| format!("twinline {role} --config {}", file.display());
    let edge = at.edge.map(|private| OnRole {
        role: "edge",
        command: command("edge"),
        units: EDGE_UNITS.to_vec(),
        listens: vec![
            Listens {
                at: config.edge.listen,
                whom: "webhooks, and requests that are passed on to hosts",
            },
            Listens {
                at: private,
                whom: "the fleet's hosts, health and metrics",
            },
        ],
        files: vec![
            folder.inbox(),
            folder.directory(),
            folder.definitions("edge"),
        ],
    });
    let host = at.host.map(|api| OnRole {
        role: "host",
        command: command("host"),
        units: HOST_UNITS.to_vec(),
        listens: vec![Listens {
            at: api,
            whom: "the command line, the API, the other machines",
        }],
        files: vec![
            folder.groups().join("GROUP.db"),
            folder.definitions("host"),
            folder.lease(),
            folder.seen(),
            folder.draining(),
            folder.deeds(),
        ],
    });
    let watch = at.watch.filter(|_| config.watch.enabled);
    let watch = watch.map(|private| OnRole {
        role: "watch",
        command: command("watch"),
        units: WATCH_UNITS.to_vec(),
        listens: vec![
            Listens {
                at: config.watch.listen,
                whom: "the status page",
            },
            Listens {
                at: private,
                whom: "the other watches, the command line, health and metrics",
            },
        ],
        files: vec![folder.watch_store()],
    });
    edge.into_iter().chain(host).chain(watch).collect()
}

fn told(key: &str, secret: &SecretRef) -> String {
    match secret {
        SecretRef::File(path) => format!("{key}: the file {}", path.display()),
        SecretRef::Env(name) => format!("{key}: the environment variable {name}"),
        SecretRef::Sealed(_) => format!("{key}: sealed in the configuration"),
    }
}

fn text(found: &Outline, file: &Path) -> String {
    let mut text = format!(
        "The fleet '{}' as {} has it; nothing was started.\n",
        found.instance,
        file.display()
    );
    for machine in &found.machines {
        let here = if machine.machine == found.machine {
            " (this one)"
        } else {
            ""
        };
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "\n{}{here}: twinline up --config {}",
            machine.machine,
            file.display()
        );
        for role in &machine.roles {
            let _fine = writeln!(
                text,
                "  {}, or by systemd: {}",
                role.role,
                role.units.join(", ")
            );
            for listens in &role.listens {
                let _fine = writeln!(text, "    listens on {} for {}", listens.at, listens.whom);
            }
            for written in &role.files {
                let _fine = writeln!(text, "    writes {}", written.display());
            }
        }
    }
    let needs = &found.needs;
    let _fine = writeln!(
        text,
        "\nBefore that:\n  PostgreSQL at {}\n  etcd at {}",
        needs.postgresql.join(", "),
        needs.etcd.join(", ")
    );
    for secret in &needs.secrets {
        let _fine = writeln!(text, "  {secret}");
    }
    let _fine = writeln!(
        text,
        "  this file on every machine, with instance.machine of its own, and the secrets of all {} nodes",
        needs.nodes
    );
    text
}
