//! `fleet restart`: machine after machine, each when all is well.

use super::Fleet;
use super::ask::{Look, until};
use super::health::{groups_of, not_back, role, unfit};
use crate::cli::{RestartArgs, RestartRole};
use crate::commands::deeds::counted;
use crate::commands::{progress, segment};
use crate::exit::{Coded, FAILED};
use crate::fleet::view::FleetView;
use crate::report::{Report, aside};
use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What was done to one machine.
#[derive(Debug, Serialize)]
struct Done {
    machine: String,
    roles: Vec<&'static str>,
    /// The groups that it had, all of which work again.
    groups: usize,
    seconds: f64,
}

/// A restart under way.
struct Rolling<'a> {
    fleet: &'a Fleet,
    roles: Vec<RestartRole>,
    within: Duration,
    settle: Duration,
    line: ProgressBar,
    /// Machines that begin anew at the moment.
    under_way: Mutex<BTreeSet<String>>,
}

pub(super) async fn run(file: &Path, args: &RestartArgs) -> Result<Report> {
    let fleet = Fleet::open(file)?;
    let begun = Instant::now();
    let view = fleet.view().await?;
    if let Some(why) = unfit(&view, &BTreeSet::new()) {
        let sentence = format!(
            "nothing was restarted, since not all is well: {why}; 'twinline fleet status' shows more"
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    let rolling = Rolling {
        fleet: &fleet,
        // As 'up' ends them: who asks another begins anew before that one.
        roles: args.role.map_or_else(
            || vec![RestartRole::Host, RestartRole::Edge],
            |role| vec![role],
        ),
        within: Duration::from_secs(args.within_s),
        settle: Duration::from_secs(args.settle_s),
        line: progress::line("restarting"),
        under_way: Mutex::default(),
    };
    let has = |machine: &&crate::fleet::view::MachineView| {
        rolling
            .roles
            .iter()
            .any(|which| role(machine, *which).is_some())
    };
    let names: Vec<String> = (view.machines.iter().filter(has))
        .map(|machine| machine.machine.clone())
        .collect();
    let each = stream::iter(names).map(|name| rolling.machine(name));
    let done: Result<Vec<Done>> = each
        .buffer_unordered(args.parallel as usize)
        .try_collect()
        .await;
    rolling.line.finish_and_clear();
    let done = done?;
    let seconds = begun.elapsed().as_secs_f64();
    let text = format!(
        "{} restarted in {seconds:.1} s",
        counted(done.len() as u64, "machine was", "machines were")
    );
    Report::done(&json!({ "machines": done, "seconds": seconds }), text)
}

impl Rolling<'_> {
    /// Restarts a machine's roles as soon as the others are well, and waits until it is back and has stayed so.
    async fn machine(&self, name: String) -> Result<Done> {
        let begun = Instant::now();
        let stopped = |what: &str| format!("the restart has stopped at {name}: {what}");
        let what = stopped("not all was well");
        let (within, line) = (self.within, &self.line);
        let before = until((within, line), &what, async || {
            let view = self.fleet.view().await?;
            let mut under_way = self.under_way();
            Ok(match unfit(&view, &under_way) {
                Some(why) => Look::NotYet(format!("{name} waits: {why}")),
                None => {
                    under_way.insert(name.clone());
                    Look::There(view)
                }
            })
        });
        let before = before.await?;
        let groups = groups_of(&before, &name);
        let mut back = Vec::new();
        for which in &self.roles {
            let Some(found) = before
                .machine(&name)
                .and_then(|machine| role(machine, *which))
            else {
                continue;
            };
            let started_at = found.started_at.with_context(|| {
                stopped(&format!(
                    "its {} does not say when it began: restart it by hand",
                    which.name()
                ))
            })?;
            let path = format!("/v1/fleet/machines/{}/restart", segment(&name));
            let body = json!({ "role": which.name(), "started_at": started_at });
            let asked: Result<Json> = self.fleet.post(&path, &body).await;
            asked.with_context(|| stopped("it was not asked"))?;
            let what = stopped(&format!(
                "its {} was asked to begin anew and was not back",
                which.name()
            ));
            let is_back = until((within, line), &what, async || {
                let view = self.fleet.view_but(Some(&name)).await?;
                let why = not_back(&view, (&name, *which), started_at, &groups);
                Ok(why.map_or_else(|| Look::There(began(&view, &name, *which)), Look::NotYet))
            });
            back.push((*which, is_back.await?));
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.stays(&name, &back, &groups).await?;
        self.under_way().remove(&name);
        let roles: Vec<&str> = back.iter().map(|(which, _)| which.name()).collect();
        let said = format!(
            "{name}: {} back after {seconds:.1} s, {}",
            roles.join(" and "),
            counted(groups.len() as u64, "group works", "groups work")
        );
        line.suspend(|| aside(&said));
        Ok(Done {
            machine: name,
            roles,
            groups: groups.len(),
            seconds,
        })
    }

    /// Waits until a machine has been well for a while. What begins and ends again, a bad version for instance, is begun on
    /// no further machine; and what a beginning costs is over before the next one begins.
    async fn stays(
        &self,
        name: &str,
        back: &[(RestartRole, Option<i64>)],
        groups: &BTreeSet<String>,
    ) -> Result<()> {
        let seconds = self.settle.as_secs();
        self.line.set_message(format!(
            "{name} is back, and has to stay so for {seconds} s"
        ));
        sleep(self.settle).await;
        let what = format!("the restart has stopped at {name}: it was back, and is not well");
        let view = until((self.within, &self.line), &what, async || {
            let view = self.fleet.view_but(Some(name)).await?;
            // None of them began before that.
            let fault = |(which, _): &(RestartRole, _)| not_back(&view, (name, *which), 0, groups);
            let why = back.iter().find_map(fault);
            Ok(why.map_or(Look::There(view), Look::NotYet))
        });
        let view = view.await?;
        let anew = back
            .iter()
            .find(|(which, at)| began(&view, name, *which) != *at);
        if let Some((which, _)) = anew {
            let role = which.name();
            let sentence = format!(
                "the restart has stopped at {name}: its {role} was back, and began anew by itself within {seconds} s; its log \
                 says why"
            );
            return Err(Coded::new(FAILED, sentence).into());
        }
        Ok(())
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.under_way
            .lock()
            .expect("no code panics with this lock")
    }
}

/// When a machine's role began.
fn began(view: &FleetView, machine: &str, which: RestartRole) -> Option<i64> {
    view.machine(machine)
        .and_then(|machine| role(machine, which))
        .and_then(|role| role.started_at)
}
