//! What is probed of each machine.

use super::{Maker, Reached, element, target};
use crate::canary;
use crate::handles::SystemClock;
use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::Kind;
use twinline_core::watch::signal::Severity;
use twinline_store::central::PoolName;
use twinline_watch::probe::{
    CanarySync, Certificates, Fixed, Inbox, Peer, Place, Pools, ReplicaLag,
};

impl Maker<'_> {
    /// Edge, inbox, certificates, host, replica and watch of one machine.
    pub(super) fn machine(&mut self, it: &Reached<'_>) -> Result<()> {
        if let Some(place) = &it.edge {
            self.role(
                (it, "edge", Kind::Edge),
                place,
                "edge",
                self.paces.edge.pace(),
            )?;
            self.inbox(it, place)?;
            self.certificates(it, place)?;
        }
        if let Some(place) = &it.host {
            let pace = self.paces.host_direct.pace();
            self.role((it, "host", Kind::Host), place, "host_direct", pace)?;
        }
        self.canary(it)?;
        let replicates = self.parts.config.central.is_some();
        if let Some(place) = it.api.as_ref().filter(|_| replicates) {
            self.replica(it, place)?;
            self.pools(it, place)?;
        }
        match it.watch.filter(|_| it.name != self.me) {
            Some(at) => self.peer(it, at),
            None => Ok(()),
        }
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

    /// A role's own health page.
    fn role(
        &mut self,
        (it, role, kind): (&Reached<'_>, &'static str, Kind),
        place: &Arc<dyn Place>,
        probe: &str,
        pace: crate::config::watch::Pace,
    ) -> Result<()> {
        let (subject, machine) = (element(kind, it.name), element(Kind::Machine, it.name));
        let look = self.health(place, role, &subject);
        let targets = vec![target(subject, [machine.clone()])];
        self.add(probe, Severity::Critical, pace, targets, [machine], look)
    }

    fn peer(&mut self, it: &Reached<'_>, at: SocketAddr) -> Result<()> {
        let place: Arc<dyn Place> = Arc::new(Fixed(at));
        let pace = self.paces.peers.pace();
        let [subject, machine] = [Kind::Watch, Kind::Machine].map(|kind| element(kind, it.name));
        let look = Peer {
            health: self.health(&place, "watch", &subject),
            machine: it.name.to_owned(),
            patience: Duration::from_millis(pace.deadline_ms) * 9 / 10,
        };
        let targets = vec![target(subject, [machine.clone()])];
        self.add("peers", Severity::Critical, pace, targets, [machine], look)
    }

    fn replica(&mut self, it: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let [host, machine] = [Kind::Host, Kind::Machine].map(|kind| element(kind, it.name));
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
        let touches = [host, machine];
        self.add(
            "replica_lag",
            Severity::Warning,
            pace,
            targets,
            touches,
            look,
        )
    }

    /// Each pool that a machine's host has of the central database.
    fn pools(&mut self, it: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let [host, machine] = [Kind::Host, Kind::Machine].map(|kind| element(kind, it.name));
        let database = element(Kind::Database, "central");
        let subjects = PoolName::ALL.map(|pool| {
            let name = format!("central/{}/{}", pool.as_str(), it.name);
            (pool, element(Kind::Pool, &name))
        });
        let targets = subjects.iter().map(|(_, subject)| {
            let why = [database.clone(), host.clone(), machine.clone()];
            target(subject.clone(), why)
        });
        let targets = targets.collect();
        let look = Pools {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            subjects: subjects.into(),
            proof_max: Duration::from_secs(self.paces.pools.proof_max_s),
        };
        let pace = self.paces.pools.pace();
        let touches = [host, machine];
        self.add("pools", Severity::Warning, pace, targets, touches, look)
    }

    fn inbox(&mut self, it: &Reached<'_>, place: &Arc<dyn Place>) -> Result<()> {
        let subject = element(Kind::Inbox, it.name);
        let look = Inbox {
            web: Arc::clone(&self.web),
            place: Arc::clone(place),
            subject: subject.clone(),
            oldest_max: Duration::from_secs(self.paces.inbox.oldest_max_s),
            depth_max: self.paces.inbox.depth_max,
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
}
