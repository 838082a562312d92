use super::Fault;
use crate::drill::catalogue::{Notice, Spec};
use crate::drill::stage::Stage;
use anyhow::Result;
use async_trait::async_trait;
use std::time::Duration;

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "hung-host",
    mode: Some(16),
    about: "a host hangs (SIGSTOP) for longer than its lease, and goes on then",
    notice: Notice::Moved,
    ends_processes: true,
    lease_ms: 3000,
    attempt_ms: 1000,
    detect_max: Duration::from_secs(10),
    ..Spec::USUAL
};

/// A host stands still with its lease in its hands, and goes on when others have its groups.
#[derive(Default)]
pub(in crate::drill) struct HungHost {
    process: Option<u32>,
}

#[async_trait(?Send)]
impl Fault for HungHost {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let machine = &stage.machines.all[0];
        let process = machine.process("host")?;
        stage.machines.freeze(process)?;
        self.process = Some(process);
        Ok(format!("SIGSTOP to the host of {}", machine.name))
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        if let Some(process) = self.process {
            stage.machines.thaw(process);
        }
        Ok("SIGCONT, unless its supervisor has killed it meanwhile".to_owned())
    }
}
