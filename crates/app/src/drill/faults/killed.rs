use super::{Fault, until};
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::machines::ROLES;
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "killed",
    mode: Some(15),
    about: "hosts and edges are killed in turn (SIGKILL)",
    notice: Notice::Nothing,
    ends_processes: true,
    settle_max: Duration::from_secs(300),
    recover_max: Duration::from_secs(60),
    ..Spec::USUAL
};

/// Each role of each machine in turn is killed, and its supervisor starts another.
#[derive(Default)]
pub(in crate::drill) struct Killed {
    kills: usize,
}

/// Between two kills at least.
const PACE_MIN: Duration = Duration::from_millis(2500);
/// So many kills at most: a supervisor waits longer each time.
const KILLS_MAX: u32 = 24;

#[async_trait(?Send)]
impl Fault for Killed {
    async fn make(&mut self, _: &Stage) -> Result<String> {
        Ok("hosts and edges are killed in turn".to_owned())
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        let pace = (until.saturating_duration_since(Instant::now()) / KILLS_MAX).max(PACE_MIN);
        let machines = &stage.machines.all;
        while Instant::now() < until {
            let machine = &machines[self.kills / ROLES.len() % machines.len()];
            machine.kill_once(ROLES[self.kills % ROLES.len()]).await?;
            self.kills += 1;
            sleep_until((Instant::now() + pace).min(until)).await;
        }
        Ok(())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        for machine in &stage.machines.all {
            for role in ROLES {
                until("another process of a role", async || {
                    Ok(machine.is_alive(role))
                })
                .await?;
            }
        }
        Ok(format!("{} kills; every role runs again", self.kills))
    }
}
