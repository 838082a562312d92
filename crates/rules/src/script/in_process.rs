//! Running scripts in this process: for the simulation and the tests, where scripts are trusted.

use super::ScriptRunner;
use super::engine::Engine;
use super::wire::{Call, Failure, Limits, Program, Reply};
use std::cell::RefCell;

thread_local! {
    // QuickJS values stay on their thread, so each thread keeps its own programs.
    static ENGINE: RefCell<Engine> = RefCell::default();
}

/// Runs scripts on the calling thread. Deterministic: the step limit is the only one that can end a call, and some
/// built-ins of the interpreter ignore it, so it is no sandbox against a hostile script.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess {
    limits: Limits,
}

impl InProcess {
    /// With these limits; the wall time is not measured.
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl ScriptRunner for InProcess {
    fn run(&self, program: &Program, call: &Call) -> Result<Reply, Failure> {
        ENGINE.with_borrow_mut(|engine| {
            engine.load(program, &self.limits)?;
            let call = serde_json::to_string(call).expect("a call is JSON");
            let answer = engine.call(program.id(), &call, &self.limits);
            read_reply(&answer.map_err(|fault| fault.failure)?)
        })
    }
}

/// Reads an answer, which the prelude has written.
pub(crate) fn read_reply(json: &str) -> Result<Reply, Failure> {
    serde_json::from_str(json).map_err(|error| Failure {
        file: String::new(),
        line: None,
        column: None,
        reason: format!("the script's answer cannot be read: {error}"),
        rejected: false,
    })
}
