use super::{Fault, until};
use crate::drill::catalogue::{Answering, Notice, Spec};
use crate::drill::machines::ROLES;
use crate::drill::record::Death;
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "killed",
    mode: Some(15),
    about: "hosts and edges are killed in turn (SIGKILL)",
    notice: Notice::Nothing,
    ends_processes: true,
    // Half of what a sender waits: the other half is for what has waited meanwhile.
    answering: Answering::InTime {
        mended_max: Duration::from_secs(5),
    },
    settle_max: Duration::from_secs(300),
    recover_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// Each role of each machine in turn is killed, and its supervisor starts another.
#[derive(Default)]
pub(in crate::drill) struct Killed {
    deaths: Vec<(Death, u32)>,
}

/// Between two kills at least.
const PACE_MIN: Duration = Duration::from_millis(2500);
/// So many kills at most.
const KILLS_MAX: u32 = 24;
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(20);

impl Killed {
    /// Notes who has taken the place of the killed since.
    fn look(&mut self, stage: &Stage) {
        let now = Instant::now();
        let open = self
            .deaths
            .iter_mut()
            .filter(|(death, _)| death.mended.is_none());
        for (death, process) in open {
            let machine = &stage.machines.all[death.machine];
            let is_another = machine.process(death.role).is_ok_and(|now| now != *process);
            if is_another && machine.is_alive(death.role) {
                death.mended = Some(now);
            }
        }
    }

    /// Kills a role's process; where it has none at the moment, the next one.
    async fn kill(&mut self, stage: &Stage, machine: usize, role: &'static str) -> Result<()> {
        let of = &stage.machines.all[machine];
        until("a process of a role", async || {
            self.look(stage);
            Ok(of.is_alive(role))
        })
        .await?;
        let process = of.process(role)?;
        let at = Instant::now();
        of.kill(role).await?;
        let death = Death {
            machine,
            role,
            at,
            gone: Instant::now(),
            mended: None,
        };
        self.deaths.push((death, process));
        Ok(())
    }
}

#[async_trait(?Send)]
impl Fault for Killed {
    async fn make(&mut self, _: &Stage) -> Result<String> {
        Ok("hosts and edges are killed in turn".to_owned())
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        let pace = (until.saturating_duration_since(Instant::now()) / KILLS_MAX).max(PACE_MIN);
        let machines = stage.machines.all.len();
        while Instant::now() < until {
            let turn = self.deaths.len();
            let machine = turn / ROLES.len() % machines;
            self.kill(stage, machine, ROLES[turn % ROLES.len()]).await?;
            let next = (Instant::now() + pace).min(until);
            while Instant::now() < next {
                self.look(stage);
                sleep(LOOK).await;
            }
        }
        Ok(())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        until("another process of each role", async || {
            self.look(stage);
            Ok(self.deaths.iter().all(|(death, _)| death.mended.is_some()))
        })
        .await?;
        Ok(format!(
            "{} kills; every role runs again",
            self.deaths.len()
        ))
    }

    fn deaths(&mut self) -> Vec<Death> {
        let deaths = std::mem::take(&mut self.deaths).into_iter();
        deaths.map(|(death, _)| death).collect()
    }
}
