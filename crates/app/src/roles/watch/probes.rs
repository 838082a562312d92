//! The probes that are built in, for the machines that are configured.

mod machine;
mod nodes;

use super::announced::Announced;
use crate::config::watch::{Pace as Configured, Probes};
use crate::config::{Config, Machine};
use crate::fleet::Identity;
use crate::handles::SystemClock;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::incident::Population;
use twinline_core::watch::signal::Severity;
use twinline_store::central::CentralClient;
use twinline_watch::probe::{
    Accounts, Beat, CommitCanary, Disk, Fixed, Health, Look, Pace, Place, Probe, Supervisor,
    Target, Web,
};

/// What probes are made of.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) announced: &'a Announced,
    /// What earlier probes were told of nodes' changes.
    pub(super) accounts: &'a Accounts,
    pub(super) identity: &'a Identity,
    /// The supervisor of this machine, when it has one.
    pub(super) supervisor: Option<u32>,
    /// When it has last said that it works, where it does.
    pub(super) beat: Option<Beat>,
    /// The central database, when there is one.
    pub(super) central: Option<&'a CentralClient>,
}

/// All that runs.
pub(super) struct Built {
    pub(super) probes: Vec<Probe>,
    /// How many there are of each kind of element.
    pub(super) population: Population,
    /// By what other processes are asked.
    pub(super) web: Arc<Web>,
    /// The other machines' watches.
    pub(super) peers: Vec<(String, SocketAddr)>,
}

/// One machine, as watch reaches it.
struct Reached<'a> {
    name: &'a str,
    /// The edge's private listener.
    edge: Option<Arc<dyn Place>>,
    /// The host's health page.
    host: Option<Arc<dyn Place>>,
    /// The host's API.
    api: Option<Arc<dyn Place>>,
    watch: Option<SocketAddr>,
}

/// Builds all of them; nothing runs yet.
///
/// # Errors
/// The HTTP client cannot be made.
pub(super) fn build(parts: &Parts<'_>) -> Result<Built> {
    let (token, way) = (parts.identity.token().clone(), parts.identity.way().clone());
    let web = Web::new(token, way).context("preparing the probes' requests")?;
    let mut maker = Maker {
        parts,
        paces: &parts.config.watch.probes,
        web: Arc::new(web),
        built: Vec::new(),
        me: &parts.config.instance.machine,
    };
    let machines = machines(parts);
    for machine in &machines {
        maker.machine(machine)?;
    }
    maker.way(&machines)?;
    maker.central()?;
    maker.nodes(&machines)?;
    maker.own()?;
    let others = machines.iter().filter(|it| it.name != maker.me);
    let peers = others.filter_map(|it| Some((it.name.to_owned(), it.watch?)));
    let peers = peers.collect();
    let (probes, web) = (maker.built, maker.web);
    let population = population(&probes);
    Ok(Built {
        probes,
        population,
        web,
        peers,
    })
}

/// How many subjects there are of each kind, by however many probes each is looked at.
fn population(probes: &[Probe]) -> Population {
    let targets = probes.iter().flat_map(|probe| &probe.targets);
    let subjects: Elements = targets.map(|target| target.subject.clone()).collect();
    let mut population = Population::new();
    for subject in subjects {
        *population.entry(subject.kind).or_default() += 1;
    }
    population
}

fn machines<'a>(parts: &Parts<'a>) -> Vec<Reached<'a>> {
    let config = parts.config;
    if config.machines.is_empty() {
        let place = |role, listener, at| Some(parts.announced.place(role, listener, at));
        return vec![Reached {
            name: &config.instance.machine,
            edge: place("edge", "private", config.edge_private()),
            host: place("host", "health", config.host_api()),
            api: place("host", "api", config.host_api()),
            watch: None,
        }];
    }
    let fixed = |at: Option<SocketAddr>| at.map(|at| Arc::new(Fixed(at)) as Arc<dyn Place>);
    let reached = |(name, machine): (&'a String, &'a Machine)| Reached {
        name,
        edge: fixed(machine.edge),
        host: fixed(machine.host),
        api: fixed(machine.host),
        watch: machine.watch,
    };
    config.machines.iter().map(reached).collect()
}

fn element(kind: Kind, name: &str) -> Element {
    Element::new(kind, name)
}

fn target(subject: Element, implicates: impl IntoIterator<Item = Element>) -> Target {
    Target {
        subject,
        implicates: implicates.into_iter().collect(),
    }
}

struct Maker<'a> {
    parts: &'a Parts<'a>,
    paces: &'a Probes,
    web: Arc<Web>,
    built: Vec<Probe>,
    me: &'a str,
}

impl Maker<'_> {
    fn add(
        &mut self,
        name: &str,
        severity: Severity,
        pace: Configured,
        targets: Vec<Target>,
        touches: impl IntoIterator<Item = Element>,
        look: impl Look + 'static,
    ) -> Result<()> {
        let pace = Pace {
            period: Duration::from_millis(pace.period_ms),
            deadline: Duration::from_millis(pace.deadline_ms),
            open_after: pace.open_after,
            close_after: pace.close_after,
        };
        let touches = touches.into_iter().collect();
        let probe = Probe::new(name, severity, pace, targets, touches, Arc::new(look));
        let probe = probe.with_context(|| format!("watch.probes.{name}"))?;
        self.built.push(probe);
        Ok(())
    }

    fn health(&self, place: &Arc<dyn Place>, role: &'static str, subject: &Element) -> Health {
        Health {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            role,
            subject: subject.clone(),
        }
    }

    /// From this machine's public listener to a host, as a person's request goes. With TLS it has a name of its own, which
    /// is the edge's to serve: then its certificates are looked at, and this way is not.
    fn way(&mut self, machines: &[Reached<'_>]) -> Result<()> {
        let config = self.parts.config;
        let here = machines.iter().find(|it| it.name == self.me);
        if here.is_none_or(|it| it.edge.is_none()) || !config.edge.tls.is_empty() {
            return Ok(());
        }
        let subject = element(Kind::Way, self.me);
        let announced = self.parts.announced;
        let place = announced.place("edge", "webhooks", config.edge.listen);
        let look = self.health(&place, "host", &subject);
        let [edge, machine] = [Kind::Edge, Kind::Machine].map(|kind| element(kind, self.me));
        let hosts = machines.iter().filter(|it| it.host.is_some());
        let hosts: Vec<Element> = hosts.map(|it| element(Kind::Host, it.name)).collect();
        let why = [edge.clone(), machine.clone()].into_iter();
        let targets = vec![target(subject, why.chain(hosts.iter().cloned()))];
        let touches: Elements = [edge, machine].into_iter().chain(hosts).collect();
        let pace = self.paces.through_edge.pace();
        self.add(
            "through_edge",
            Severity::Warning,
            pace,
            targets,
            touches,
            look,
        )
    }

    fn central(&mut self) -> Result<()> {
        let Some(central) = self.parts.central else {
            return Ok(());
        };
        let subject = element(Kind::Database, "central");
        let pool = element(Kind::Pool, "central/probe");
        let canary = central.settings().canary;
        let look = CommitCanary {
            health: central.health(),
            clock: Arc::new(SystemClock),
            subject: subject.clone(),
            proof_max: canary.period * 2 + canary.deadline,
        };
        let pace = self.paces.commit_canary.pace();
        let targets = vec![target(subject, [pool.clone()])];
        self.add(
            "commit_canary",
            Severity::Critical,
            pace,
            targets,
            [pool],
            look,
        )
    }

    /// This machine's disk and supervisor.
    fn own(&mut self) -> Result<()> {
        let machine = element(Kind::Machine, self.me);
        let subject = element(Kind::Disk, self.me);
        let free = self.paces.disk.free_min_percent;
        let look = Disk::new(self.parts.config.data.clone(), subject.clone(), free);
        let targets = vec![target(subject, [machine.clone()])];
        let pace = self.paces.disk.pace();
        self.add(
            "disk",
            Severity::Critical,
            pace,
            targets,
            [machine.clone()],
            look,
        )?;
        let Some(pid) = self.parts.supervisor else {
            return Ok(());
        };
        let subject = element(Kind::Supervisor, self.me);
        let targets = vec![target(subject.clone(), [machine.clone()])];
        let pace = self.paces.peers.pace();
        let beat = self.parts.beat.clone();
        let look = Supervisor { pid, beat, subject };
        self.add("peers", Severity::Critical, pace, targets, [machine], look)
    }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
