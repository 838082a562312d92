//! How the engine runs a connection's rules.

use std::sync::Arc;
use twinline_core::rules::Rules;
use twinline_rules::describe::{FieldInfo, NativeKind, SideDescription, StatusInfo};
use twinline_store::host::RuleVersion;
use twinline_trackers::Description;

/// Turns a stored rule version into rules that run. The binary knows the format; the engine does not.
pub trait RulesFactory: Send + Sync {
    /// Builds the rules of one stored version.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the version, naming file and place.
    fn compile(&self, version: &RuleVersion) -> Result<Compiled, String>;
}

/// Rules that run.
#[derive(Clone)]
pub struct Compiled {
    /// The rules.
    pub rules: SharedRules,
    /// Whether running them may block (scripts in worker processes): then they run off the async threads.
    pub blocking: bool,
}

/// Rules as jobs share them.
pub type SharedRules = Arc<dyn Rules + Send + Sync>;

impl Compiled {
    /// Runs a piece of policy that calls the rules, where it blocks nobody. A panic in it goes on in the caller, which
    /// is a job, whose boundary catches it.
    pub(crate) async fn run<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(&dyn Rules) -> T + Send + 'static,
    {
        let rules = Arc::clone(&self.rules);
        if !self.blocking {
            return work(rules.as_ref());
        }
        match tokio::task::spawn_blocking(move || work(rules.as_ref())).await {
            Ok(done) => done,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down, and this job with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// A connector's description in the form that rules keep with a version.
pub fn recorded(description: Description) -> SideDescription {
    let fields = description.fields.into_iter().map(|(id, field)| {
        let info = FieldInfo {
            // A kind that rules do not know is taken as it is.
            kind: NativeKind::from_name(&field.kind).unwrap_or(NativeKind::Json),
            name: field.name,
            required: field.required,
            writable: field.writable,
            options: field.options,
            max_chars: field.max_chars,
        };
        (id, info)
    });
    let statuses = description.statuses.into_iter().map(|status| StatusInfo {
        status: status.status,
        leads_to: status.leads_to,
        demands: status.demands,
        closed: status.closed,
    });
    SideDescription {
        fields: fields.collect(),
        statuses: statuses.collect(),
        users: description.users,
    }
}
