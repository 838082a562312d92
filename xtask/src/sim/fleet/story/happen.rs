//! What happens to the machines and to what they stand on.

use super::{Fleet, tracker_faults};
use crate::sim::fleet::faults::{Event, What, Who};
use crate::sim::fleet::links::Ways;
use crate::sim::fleet::process::GROUP;
use crate::sim::place::Place;
use anyhow::Result;
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_store::GroupId;

impl Fleet {
    /// The machine that something happens to.
    fn which(&self, who: Who) -> usize {
        match who {
            Who::First => self.first.unwrap_or(0),
            Who::Host(at) => at,
            Who::Owner => {
                let owner = self.shared.etcd.owner(GROUP);
                let at = self.machines.iter().position(|machine| {
                    owner
                        .as_ref()
                        .is_some_and(|(name, _)| *name == machine.name)
                });
                at.or(self.first).unwrap_or(0)
            }
        }
    }

    /// Something happens, `at` so many milliseconds from the beginning.
    pub(super) fn happen(&mut self, event: Event, at: u64) -> Result<()> {
        if !matches!(event, Event::Act | Event::KilledAtWrite(..)) {
            self.trace.step(format_args!("{event:?}"));
        }
        let shared = &self.shared;
        match event {
            Event::KilledAtWrite(who, long) => {
                let writes = shared
                    .attempts
                    .are_on_the_way(&self.machines[self.which(who)].name);
                let killed = Event::Host(who, What::Killed { loses_disk: false }, long);
                let (wait, next) = if writes { (0, killed) } else { (20, event) };
                self.later(at + wait, next);
            }
            Event::Act => self.people.act_plainly(),
            Event::Create => self.people.create(),
            Event::Rewrite => self.people.rewrite(Place::Jira),
            Event::Begin => self.first = Some(self.which(Who::Owner)),
            Event::Host(who, What::Paused, long)
                if self.must_wait(&self.machines[self.which(who)].name) =>
            {
                self.later(at + 20, Event::Host(who, What::Paused, long));
            }
            Event::Host(who, what, long) => {
                let host = self.which(who);
                self.begins(host, what)?;
                self.later(at + long, Event::Ends(host, what));
            }
            Event::Ends(host, what) => self.ends(host, what)?,
            Event::Restart(who) => {
                let host = self.which(who);
                self.stop(host)?;
                self.start(host)?;
            }
            Event::Faulty => {
                for place in Place::homes(&self.world.places) {
                    let faults = tracker_faults(self.plan.blind);
                    shared.network.set_faults(place, faults);
                }
            }
            Event::SlowWrites(between) => self.all(|ways| ways.writes_arrive_after = between),
            Event::SlowReads(between) => self.all(|ways| ways.reads_arrive_after = between),
            Event::SlowDatabase(ms) => {
                let first = self.which(Who::First);
                for (at, machine) in self.machines.iter().enumerate() {
                    let ms = if at == first { 0 } else { ms };
                    let slow = |ways: &mut Ways| ways.database_way = Duration::from_millis(ms);
                    shared.links.change(&machine.name, slow);
                }
            }
            Event::CutAfter(commits) => {
                let first = &self.machines[self.which(Who::First)].name;
                let cut = |ways: &mut Ways| ways.commits_left = Some(commits);
                shared.links.change(first, cut);
            }
            Event::Quorum(is_there) => shared.etcd.set_quorum(is_there),
            Event::Remove => shared.etcd.remove(GROUP),
            Event::Database(mode) => shared.database.set_mode(mode),
            Event::Unanswered(share) => shared.database.set_unanswered(f64::from(share) / 100.0),
            Event::ForgetClaim => {
                let lost = shared.database.since_claim(&GroupId::new(GROUP));
                shared.database.fail_over(lost, BTreeSet::new());
            }
            Event::FailOver { lost, unnoticed } => {
                let first = self.machines[self.which(Who::First)].name.clone();
                let with_former = unnoticed.then_some(first).into_iter().collect();
                shared.database.fail_over(lost, with_former);
            }
        }
        Ok(())
    }

    /// Changes all hosts' ways.
    fn all(&self, change: impl Fn(&mut Ways)) {
        for machine in &self.machines {
            self.shared.links.change(&machine.name, &change);
        }
    }

    /// Whether a host is not to be paused yet. What is paused between its check and its send may write, as the spec says;
    /// and where etcd answers late, it is paused while an answer to its renewal is on the way.
    fn must_wait(&self, host: &str) -> bool {
        let is_late = !self.shared.links.of(host).etcd_answers_after.is_zero();
        self.shared.attempts.are_on_the_way(host) || (is_late && !self.shared.etcd.renews(host))
    }

    pub(super) fn later(&mut self, at: u64, event: Event) {
        let next = self.plan.events.keys().map(|(_, next)| next + 1).max();
        self.plan.events.insert((at, next.unwrap_or(0)), event);
    }

    fn begins(&mut self, host: usize, what: What) -> Result<()> {
        let machine = &mut self.machines[host];
        match what {
            What::Killed { loses_disk } => {
                machine.paused = false;
                machine.behind = Duration::ZERO;
                if let Some(process) = machine.process.take() {
                    process.kill();
                }
                if loses_disk && machine.folder.exists() {
                    std::fs::remove_dir_all(&machine.folder)?;
                    machine.saved = None;
                }
            }
            What::Paused => machine.paused = true,
            _ => self.is_so(host, what, true),
        }
        Ok(())
    }

    fn ends(&mut self, host: usize, what: What) -> Result<()> {
        match what {
            What::Killed { .. } => self.start(host)?,
            What::Paused => self.machines[host].paused = false,
            _ => self.is_so(host, what, false),
        }
        Ok(())
    }

    pub(super) fn is_so(&self, host: usize, what: What, is_so: bool) {
        let machine = &self.machines[host];
        self.shared.links.change(&machine.name, |ways| match what {
            What::EtcdCut => ways.etcd_cut = is_so,
            What::DatabaseCut => ways.database_cut = is_so,
            What::EdgeCut => ways.edge_cut = is_so,
            What::EtcdLate => ways.etcd_answers_after = Duration::from_secs(u64::from(is_so)),
            What::Draining | What::Killed { .. } | What::Paused => {}
        });
        if let (What::Draining, Some(process)) = (what, &machine.process) {
            process.drain(is_so);
        }
    }
}
