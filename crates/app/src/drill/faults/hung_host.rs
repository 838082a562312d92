use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::record::noticed;
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "hung-host",
    mode: Some(16),
    about: "a host hangs (SIGSTOP) for longer than its lease, and goes on then, before its supervisor ends it",
    notice: Notice::Moved,
    watched: true,
    hurried: true,
    lease_ms: 4500,
    attempt_ms: 1500,
    // The lease, etcd's own second, the time of an attempt with its margin, and the state from the database.
    detect_max: Duration::from_secs(15),
    ..Spec::USUAL
};

/// A host stands still with its lease in its hands, and goes on when others have its groups.
#[derive(Default)]
pub(in crate::drill) struct HungHost {
    process: Option<u32>,
    hangs: Option<Instant>,
}

/// The machine whose host hangs.
const MACHINE: usize = 0;
/// It hangs no longer than this when others have its groups by then.
const HANGS_FOR: Duration = Duration::from_secs(12);
/// And in no case longer, however long the drill: a supervisor that finds a host silent for 20 s ends it, and it is to
/// come back. Whoever is to be called is called by then.
const HANGS_MAX: Duration = Duration::from_secs(19);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(100);

#[async_trait(?Send)]
impl Fault for HungHost {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let machine = &stage.machines.all[MACHINE];
        let process = machine.process("host")?;
        self.hangs = Some(Instant::now());
        stage.machines.freeze(process)?;
        self.process = Some(process);
        Ok(format!("SIGSTOP to the host of {}", machine.name))
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        let hangs = self.hangs.unwrap_or(until);
        sleep_until(until.min(hangs + HANGS_FOR)).await;
        let last = hangs + HANGS_MAX;
        let moved = || noticed(SPEC.notice, &stage.looks.all(), hangs, last).is_some();
        while !moved() && Instant::now() < last {
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let name = &stage.machines.all[MACHINE].name;
        let elements = [format!("host:{name}"), format!("machine:{name}")];
        let elements = elements.each_ref().map(String::as_str);
        let hangs = self.hangs.unwrap_or_else(Instant::now);
        let called = stage
            .watched()?
            .calls_for(&elements, (hangs, hangs + HANGS_MAX))
            .await;
        let sentence = || format!("nobody was called for the host of {name} while it hung");
        Ok((!called).then(sentence).into_iter().collect())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        if let Some(process) = self.process {
            stage.machines.thaw(process);
        }
        Ok("SIGCONT".to_owned())
    }

    async fn after(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let machine = &stage.machines.all[MACHINE];
        let is_back = machine.is_alive("host") && machine.process("host").ok() == self.process;
        let name = &machine.name;
        let sentence = || {
            format!(
                "the host of {name} did not come back: another took its place, and this run proves nothing"
            )
        };
        Ok((!is_back).then(sentence).into_iter().collect())
    }
}
