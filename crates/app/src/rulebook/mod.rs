//! Rules between the rules folder, the trackers that they are about, and the store that publishes them.

mod describe;
mod factory;
mod folder;
mod stored;

pub use factory::Factory;
pub use folder::{Loaded, load, load_any};
pub use stored::{from_sources, to_sources};

use crate::config::{Config, Scripts};
use crate::nodes::Trackers;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use twinline_core::capability::Capabilities;
use twinline_core::names::{NodeName, Side, Sides};
use twinline_rules::check::{Surroundings, check};
use twinline_rules::describe::SideDescription;
use twinline_rules::finding::Finding;
use twinline_rules::model::RuleSet;
use twinline_rules::script::{Limits, ScriptRunner};
use twinline_rules::source::RuleSources;
use twinline_rules::worker::WorkerPool;
use twinline_trackers::registry;

/// What this process runs, whatever lies at its path by now: during an upgrade that is another version.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The script workers that a configuration asks for: processes of this same binary.
///
/// # Errors
/// The binary's own path cannot be found.
pub fn script_workers(config: &Config) -> Result<Arc<dyn ScriptRunner>> {
    let own = PathBuf::from(OWN_PROGRAM);
    let program = if own.exists() {
        own
    } else {
        std::env::current_exe().context("finding this program's own file")?
    };
    let Scripts {
        workers,
        time_ms,
        memory_mib,
    } = config.host.scripts;
    let limits = Limits {
        time_ms,
        memory_mib,
        ..Limits::default()
    };
    let command = vec![program.into_os_string(), "script-worker".into()];
    Ok(Arc::new(WorkerPool::new(command, workers as usize, limits)))
}

/// What rules are judged against.
#[derive(Clone)]
pub struct Rulebook {
    /// Every node's tracker by name.
    pub kinds: Arc<BTreeMap<NodeName, String>>,
    /// The connectors; empty: no tracker is asked.
    pub trackers: Trackers,
    /// Who runs scripts.
    pub runner: Arc<dyn ScriptRunner>,
}

/// What was found about one connection's rules.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is wrong or doubtful, in the order of the files.
    pub findings: Vec<Finding>,
    /// Each side as its tracker describes it; empty where it was not asked or did not answer.
    pub descriptions: Sides<SideDescription>,
    /// Why a tracker could not say what its scope offers, one sentence each.
    pub unasked: Vec<String>,
}

impl Judged {
    /// Whether the rules may be published.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(Finding::is_error)
    }
}

impl Rulebook {
    /// Checks one connection, against what its trackers say about its scopes.
    ///
    /// # Errors
    /// The check itself failed.
    pub async fn judge(&self, rules: &RuleSet, sources: &RuleSources) -> Result<Judged> {
        let (descriptions, unasked) = describe::sides(&self.trackers, rules).await;
        let capabilities = Sides::from_fn(|side| self.capabilities(rules, side));
        let nodes = Arc::clone(&self.kinds);
        let (rules, sources, runner) = (rules.clone(), sources.clone(), Arc::clone(&self.runner));
        let judge = move || {
            let around = Surroundings {
                descriptions: &descriptions,
                capabilities: &capabilities,
                nodes: Some(&nodes),
            };
            let findings = check(&rules, &sources, around, runner.as_ref());
            Judged {
                findings,
                descriptions,
                unasked,
            }
        };
        // Loading scripts waits for a worker process.
        tokio::task::spawn_blocking(judge)
            .await
            .context("the check ended early")
    }

    /// What a side's tracker can do: as its connector says, else as every node of such a tracker can. What a described one
    /// can do only its connector knows.
    fn capabilities(&self, rules: &RuleSet, side: Side) -> Option<Capabilities> {
        let node = &rules.sides.get(side).node.value;
        if let Some(connector) = self.trackers.get(node) {
            return Some(connector.capabilities().clone());
        }
        let tracker = self.kinds.get(node)?;
        match registry::described(tracker) {
            Ok(None) => registry::capabilities(tracker).ok(),
            _ => None,
        }
    }
}
