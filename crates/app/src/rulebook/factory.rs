//! Stored versions ready to run.

use super::stored::{from_sources, sentences};
use std::sync::Arc;
use twinline_engine::{Compiled, RulesFactory};
use twinline_rules::script::ScriptRunner;
use twinline_store::host::RuleVersion;

/// Makes stored versions ready to run, their scripts in worker processes.
#[derive(Clone, Debug)]
pub struct Factory {
    runner: Arc<dyn ScriptRunner>,
}

impl Factory {
    /// A factory whose scripts this runner runs.
    pub const fn new(runner: Arc<dyn ScriptRunner>) -> Self {
        Self { runner }
    }
}

impl RulesFactory for Factory {
    fn compile(&self, version: &RuleVersion) -> Result<Compiled, String> {
        let snapshot = from_sources(&version.sources)?;
        let compiled = snapshot
            .compile(version.version, Arc::clone(&self.runner))
            .map_err(|findings| sentences(&findings))?;
        let sides = &compiled.rules().sides;
        let scripted = [&sides.left, &sides.right]
            .iter()
            .any(|side| side.script.is_some() || side.when.is_some());
        Ok(Compiled {
            rules: Arc::new(compiled),
            // A call waits for its worker process.
            blocking: scripted,
        })
    }
}
