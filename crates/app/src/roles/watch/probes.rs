//! The probes that are built in, for the machines that are configured.

use super::announced::Announced;
use crate::canary;
use crate::config::watch::{Pace as Configured, Probes};
use crate::config::{Config, Machine};
use crate::handles::SystemClock;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::incident::Population;
use twinline_core::watch::signal::Severity;
use twinline_store::central::CentralClient;
use twinline_trackers::http::Secret;
use twinline_watch::probe::{
    CanarySync, Certificates, CommitCanary, Disk, Fixed, Health, Inbox, Look, Pace, Place, Probe,
    ReplicaLag, Supervisor, Sweeps, Target, Web,
};

/// A node is never told of before so many of its own sweeps were missed.
const SWEEPS_MISSED: u32 = 3;

/// What probes are made of.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) announced: &'a Announced,
    pub(super) token: Secret,
    /// The supervisor of this machine, when it has one.
    pub(super) supervisor: Option<u32>,
    /// The central database, when there is one.
    pub(super) central: Option<&'a CentralClient>,
}

/// All that runs.
pub(super) struct Built {
    pub(super) probes: Vec<Probe>,
    /// How many there are of each kind of element.
    pub(super) population: Population,
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
    let web = Web::new(parts.token.clone()).context("preparing the probes' requests")?;
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
    maker.sweeps(&machines)?;
    maker.own()?;
    let probes = maker.built;
    let mut population = Population::new();
    for target in probes.iter().flat_map(|probe| &probe.targets) {
        *population.entry(target.subject.kind).or_default() += 1;
    }
    Ok(Built { probes, population })
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

    /// Edge, inbox, certificates, host, replica and watch of one machine.
    fn machine(&mut self, it: &Reached<'_>) -> Result<()> {
        let machine = element(Kind::Machine, it.name);
        let (edge, host) = (element(Kind::Edge, it.name), element(Kind::Host, it.name));
        if let Some(place) = &it.edge {
            let look = self.health(place, "edge", &edge);
            let targets = vec![target(edge.clone(), [machine.clone()])];
            let pace = self.paces.edge.pace();
            self.add(
                "edge",
                Severity::Critical,
                pace,
                targets,
                [machine.clone()],
                look,
            )?;
            self.inbox(it, place)?;
            self.certificates(it, place)?;
        }
        if let Some(place) = &it.host {
            let look = self.health(place, "host", &host);
            let targets = vec![target(host.clone(), [machine.clone()])];
            let pace = self.paces.host_direct.pace();
            self.add(
                "host_direct",
                Severity::Critical,
                pace,
                targets,
                [machine.clone()],
                look,
            )?;
        }
        self.canary(it)?;
        if let Some(place) = it
            .api
            .as_ref()
            .filter(|_| self.parts.config.central.is_some())
        {
            let name = format!("central/replicate/{}", it.name);
            let subject = element(Kind::Pool, &name);
            let look = ReplicaLag {
                web: Arc::clone(&self.web),
                place: Arc::clone(place),
                subject: subject.clone(),
                lag_max: Duration::from_secs(self.paces.replica_lag.lag_max_s),
            };
            let database = element(Kind::Database, "central");
            let why = [database, host.clone(), machine.clone()];
            let pace = self.paces.replica_lag.pace();
            let targets = vec![target(subject, why)];
            let touches = [host, machine.clone()];
            self.add(
                "replica_lag",
                Severity::Warning,
                pace,
                targets,
                touches,
                look,
            )?;
        }
        if let Some(at) = it.watch.filter(|_| it.name != self.me) {
            let subject = element(Kind::Watch, it.name);
            let place: Arc<dyn Place> = Arc::new(Fixed(at));
            let look = self.health(&place, "watch", &subject);
            let targets = vec![target(subject, [machine.clone()])];
            let pace = self.paces.peers.pace();
            self.add("peers", Severity::Critical, pace, targets, [machine], look)?;
        }
        Ok(())
    }

    /// A change on a machine's host, by the edge that the host leaves it at.
    fn canary(&mut self, it: &Reached<'_>) -> Result<()> {
        let config = self.parts.config;
        let edge = match canary::edge_of(config, it.name) {
            Some((edge, _)) => edge,
            None if config.machines.is_empty() => it.name,
            None => return Ok(()),
        };
        let Some(place) = &it.api else { return Ok(()) };
        let subject = element(Kind::CanarySync, it.name);
        let pace = self.paces.canary_sync.pace();
        let look = CanarySync {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            subject: subject.clone(),
            deadline: Duration::from_millis(pace.deadline_ms),
        };
        let touches = [
            element(Kind::Host, it.name),
            element(Kind::Machine, it.name),
            element(Kind::Edge, edge),
            element(Kind::Machine, edge),
        ];
        let targets = vec![target(subject, touches.clone())];
        self.add(
            "canary_sync",
            Severity::Critical,
            pace,
            targets,
            touches,
            look,
        )
    }

    fn inbox(&mut self, it: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let subject = element(Kind::Inbox, it.name);
        let look = Inbox {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            subject: subject.clone(),
            oldest_max: Duration::from_secs(self.paces.inbox.oldest_max_s),
        };
        let [edge, host, machine] =
            [Kind::Edge, Kind::Host, Kind::Machine].map(|kind| element(kind, it.name));
        let targets = vec![target(subject, [edge.clone(), host, machine.clone()])];
        let pace = self.paces.inbox.pace();
        self.add(
            "inbox",
            Severity::Warning,
            pace,
            targets,
            [edge, machine],
            look,
        )
    }

    fn certificates(&mut self, it: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let tls = self.parts.config.edge.tls.iter();
        let names: Vec<String> = tls.map(|tls| tls.name.clone()).collect();
        // All edges have the same files: one of them is enough.
        let known = self
            .built
            .iter()
            .any(|probe| &*probe.name == "certificates");
        if names.is_empty() || known {
            return Ok(());
        }
        let (edge, machine) = (
            element(Kind::Edge, it.name),
            element(Kind::Machine, it.name),
        );
        let targets = names.iter().map(|name| {
            let subject = Certificates::element(name);
            target(subject, [edge.clone(), machine.clone()])
        });
        let targets = targets.collect();
        let look = Certificates {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            names,
            clock: Arc::new(SystemClock),
            days_min: self.paces.certificates.days_min,
        };
        let pace = self.paces.certificates.pace();
        self.add(
            "certificates",
            Severity::Warning,
            pace,
            targets,
            [edge, machine],
            look,
        )
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

    /// By one host, which in a fleet knows of all.
    fn sweeps(&mut self, machines: &[Reached<'_>]) -> Result<()> {
        let config = self.parts.config;
        let own = machines
            .iter()
            .find(|it| it.name == self.me && it.api.is_some());
        let asked = own.or_else(|| machines.iter().find(|it| it.api.is_some()));
        let Some((asked, place)) = asked.and_then(|it| Some((it, it.api.as_ref()?))) else {
            return Ok(());
        };
        if config.nodes.is_empty() {
            return Ok(());
        }
        let [host, machine] = [Kind::Host, Kind::Machine].map(|kind| element(kind, asked.name));
        let targets = config.nodes.iter().map(|(name, node)| {
            let tracker = element(Kind::Tracker, &node.tracker);
            target(
                Sweeps::element(name),
                [host.clone(), machine.clone(), tracker],
            )
        });
        let targets = targets.collect();
        let least = Duration::from_secs(self.paces.sweep.behind_max_s);
        let behind = config.nodes.iter().map(|(name, node)| {
            let sweeps = Duration::from_secs(node.sweep_s.period.into()) * SWEEPS_MISSED;
            (name.clone(), least.max(sweeps))
        });
        let look = Sweeps {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            clock: Arc::new(SystemClock),
            behind_max: behind.collect::<BTreeMap<_, _>>(),
        };
        let pace = self.paces.sweep.pace();
        self.add(
            "sweep",
            Severity::Warning,
            pace,
            targets,
            [host, machine],
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
        let look = Supervisor { pid, subject };
        self.add("peers", Severity::Critical, pace, targets, [machine], look)
    }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
